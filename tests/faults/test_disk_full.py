"""A full disk is an error at any moment, and the crawl continues when there is space again."""

from __future__ import annotations

import errno
import math
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from product_classifier.errors import StoreError
from product_classifier.store.files import write_named
from tests.faults.disk import Disk, recording_sqlite
from tests.faults.server import FaultServer
from tests.faults.shop import contents, healthy_shop, run_crawl
from tests.faults.tier import tier

pytestmark = pytest.mark.slow


class Room:
    """The free space of a disk, and the number of bytes written to it."""

    def __init__(self, left: float = math.inf) -> None:
        self.left = left
        self.written = 0

    def take(self, size: int) -> bool:
        """Use some bytes, and return whether they were free."""
        self.written += size
        return self.written <= self.left


@contextmanager
def on_a_disk_with(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def write(path: str, data: bytes) -> None:
        if not room.take(len(data)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_named(path, data)

    with recording_sqlite(Disk(), room.take), monkeypatch.context() as patch:
        patch.setattr("product_classifier.store.image_folder.write_named", write)
        yield


def test_a_full_disk_is_an_error_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, seed = tier(short=5, long=50)
    chance = random.Random(seed)
    with FaultServer(healthy_shop(products=200)).running() as server:
        whole, enough = tmp_path / "whole", Room()
        whole.mkdir()
        with on_a_disk_with(enough, monkeypatch):
            assert run_crawl(whole, server.address, monkeypatch, "--allow-private") == 0
        for number in range(sizes):
            folder, room = (
                tmp_path / f"full{number}",
                Room(chance.randrange(enough.written * 9 // 10)),
            )
            folder.mkdir()
            with (
                on_a_disk_with(room, monkeypatch),
                pytest.raises(StoreError, match=r"the disk is full|No space left on device"),
            ):
                run_crawl(folder, server.address, monkeypatch, "--allow-private")
            assert run_crawl(folder, server.address, monkeypatch, "--allow-private") == 0
            assert contents(folder, server.address) == contents(whole, server.address)
