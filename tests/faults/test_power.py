"""After a power cut at any moment, all committed rows are left, with their pictures."""

from __future__ import annotations

import functools
import hashlib
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.faults.disk import Disk, Note, record_pictures, recording_sqlite
from tests.faults.server import FaultServer
from tests.faults.shop import contents, healthy_shop, run_crawl
from tests.faults.tier import tier

pytestmark = pytest.mark.slow


def note_commits(disk: Disk, folder: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record the rows of the database after each commit."""

    class Noting(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            result = super().execute(sql, *values)
            if sql == "commit":
                disk.record.append(Note(contents(folder, address)))
            return result

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Noting))


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_power_cut_at_any_moment_loses_at_most_one_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_by_one: bool
) -> None:
    cuts, seed = tier(short=20, long=500)
    chance = random.Random(seed)
    disk = Disk()
    folder = tmp_path / "crawl"
    folder.mkdir()
    with (
        FaultServer(healthy_shop(products=400)).running() as server,
        recording_sqlite(disk),
        monkeypatch.context() as patch,
    ):
        record_pictures(disk, patch, one_by_one)
        note_commits(disk, folder, server.address, patch)
        assert run_crawl(folder, server.address, patch, "--allow-private") == 0
    moments = [moment for moment, entry in enumerate(disk.record) if isinstance(entry, Note)]
    assert len(moments) > 30
    for number in range(cuts):
        cut = chance.randrange(moments[0], len(disk.record))
        place = tmp_path / f"cut{number}"
        for path, content in disk.after_a_cut(cut, chance).items():
            file = place / Path(path).relative_to(folder)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        left = contents(place, server.address)
        last = max(moment for moment in moments if moment <= cut)
        following = min((moment for moment in moments if moment > cut), default=last)
        assert left in [disk.record[moment].what for moment in (last, following)]  # type: ignore[union-attr]
        with sqlite3.connect(place / "crawl.db") as db:
            assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
            for file, sha256 in db.execute("select file, sha256 from image where file not null"):
                data = (place / "images" / file).read_bytes()
                assert hashlib.sha256(data).hexdigest() == sha256
        db.close()
