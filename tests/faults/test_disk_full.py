"""The disk fills up at any moment: the crawl says so, and goes on when there is room."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest

from product_classifier.errors import StoreError
from product_classifier.store import images
from tests.faults.disk import Disk, recording_sqlite
from tests.faults.server import FaultServer
from tests.faults.shop import contents, healthy_shop, run_crawl
from tests.faults.tier import tier

pytestmark = pytest.mark.slow
WHOLE = 12_000_000  # bytes that this crawl writes, journals included


def test_a_full_disk_is_said_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, seed = tier(short=5, long=50)
    chance = random.Random(seed)
    write_whole = images.write_whole
    with FaultServer(healthy_shop(products=200)).running() as server:
        whole = tmp_path / "whole"
        whole.mkdir()
        assert run_crawl(whole, server.address, monkeypatch, "--allow-private") == 0
        for number in range(sizes):
            folder = tmp_path / f"full{number}"
            folder.mkdir()
            left = chance.randrange(WHOLE)

            def room(size: int) -> bool:
                nonlocal left
                left -= size
                return left >= 0

            def write(path: Path, data: bytes) -> None:
                if not room(len(data)):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                write_whole(path, data)

            with recording_sqlite(Disk(), room), monkeypatch.context() as patch:
                patch.setattr(images, "write_whole", write)
                with pytest.raises(StoreError, match=r"the disk is full|No space left on device"):
                    run_crawl(folder, server.address, patch, "--allow-private")
            assert run_crawl(folder, server.address, monkeypatch, "--allow-private") == 0
            assert contents(folder, server.address) == contents(whole, server.address)
