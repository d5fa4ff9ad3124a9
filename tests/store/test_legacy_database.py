"""Databases of the earlier system: copied with their experiments, or rejected."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from product_classifier.errors import StoreError
from product_classifier.store.database import open_database
from product_classifier.store.legacy_database import (
    copy_legacy_database,
    insist_on_legacy_copy,
    legacy_pictures,
)
from tests.store.test_database import EARLIER_SYSTEM


def test_a_file_of_the_earlier_system_becomes_a_database_of_its_own(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "crawl.db"
    with sqlite3.connect(old) as db:
        db.executescript(EARLIER_SYSTEM)
        db.execute("insert into category (id, parent, leaf) values ('x', 'y', 0), ('y', 'x', 1)")
        db.execute("insert into product (id, category_id, name) values (9, 'nowhere', 'lost')")
    db.close()
    before = old.read_bytes()
    told = [(entry.item, entry.reason) for entry in copy_legacy_database(old, new)]
    assert told == [
        ("old.db x", "it is below itself: a cycle"),
        ("old.db y", "it is below itself: a cycle"),
        ("old.db 9", "its category nowhere does not exist"),
        ("old.db 472", "its category lost-category does not exist"),
    ]
    assert old.read_bytes() == before
    with open_database(new) as db:
        insist_on_legacy_copy(db, str(old))
        assert db.execute("select count(*) from product where id in ('9', '471')").fetchall()
        assert len(db.execute("select * from skipped").fetchall()) == 4
        copy = legacy_pictures(db, tmp_path / "images")
        name = "7ab8" + "0" * 28
        assert copy(f"http://img/xim/7a/b8/{name}.jpg") == tmp_path / f"images/7a/{name}.jpg"
        assert copy(f"http://img/pim/{name}_xlarge.jpg") is not None
        assert copy(f"http://img/sim/{name}_xlarge/red-belt.jpg") is None
    with pytest.raises(StoreError, match=r"crawl\.db exists already; pass another --db-path"):
        copy_legacy_database(old, new)


def test_a_file_that_is_not_of_the_earlier_system_is_rejected(tmp_path: Path) -> None:
    with open_database(tmp_path / "today.db", create=True):
        pass
    with pytest.raises(StoreError, match=r"if it is a crawl\.db, pass it as"):
        copy_legacy_database(tmp_path / "today.db", tmp_path / "crawl.db")
    (tmp_path / "cut.db").write_bytes((tmp_path / "today.db").read_bytes()[:5_000])
    with pytest.raises(StoreError, match=r"cut\.db is damaged"):
        copy_legacy_database(tmp_path / "cut.db", tmp_path / "crawl.db")
    assert not (tmp_path / "crawl.db").exists()
