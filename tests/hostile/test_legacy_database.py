"""Hostile legacy databases: views, triggers, odd types, cycles, damage."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path

import pytest

from product_classifier.store.database import open_database
from product_classifier.store.legacy_database import copy_legacy_database, read_legacy_entries
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, changed_bytes
from tests.store.test_database import EARLIER_SYSTEM

pytestmark = pytest.mark.slow
ENDLESS = "with recursive n (k) as (select 1 union all select k + 1 from n) select k from n"
VALUES = (
    *("null", "''", "'a'", "0", "-1", "9223372036854775807", "1e400", "0.5", "x'ff'", "x''"),
    *("cast(x'ff61' as text)", "zeroblob(1000000)", "hex(zeroblob(200000))", "'a/b/c'"),
    *(
        "'" + text.encode(errors="replace").decode().replace("\0", "").replace("'", "''") + "'"
        for text in TEXTS
    ),
)
COLUMNS = {
    "category": ("id", "parent", "leaf"),
    "product": ("id", "category_id", "image", "name", "description"),
    "experiment": ("id", "name", "date"),
    "predicted_category": ("experiment_id", "product_id", "category_id", "score"),
}
STATEMENTS = (
    "create trigger t after insert on category begin delete from product; end",
    "create trigger t before update on product begin select load_extension('/tmp/x.so'); end",
    "create view v as select * from category join v using (id)",
    "create index i on product (upper(name))",
    "create index i on product (abs(-9223372036854775808 + id))",
    "create table extra as select * from product",
    "drop table category; create view category as "
    f"select k as id, null as parent, 1 as leaf from ({ENDLESS})",
    "drop table product; create view product as select readfile('/etc/passwd') as id",
    "drop table product; create table product (id integer primary key, category_id text)",
    "drop table product; create virtual table product using fts5 (id, category_id, image, name)",
    "alter table product add column more generated always as (randomblob(1000000000)) virtual",
    "alter table category add column more generated always as (id || id) virtual",
    "update category set parent = id",
    "update category set parent = (select max(id) from category)",
    "insert into category (id, parent) with recursive n (k) as (select 0 union all select k + 1 "
    "from n where k < 3000) select 'c' || (k + 1), 'c' || k from n",
    "pragma user_version = 7",
    "pragma user_version = 99",
    "pragma application_id = 1",
    "pragma journal_mode = wal",
    "pragma writable_schema = on; update sqlite_master set rootpage = 2",
    "pragma writable_schema = on; "
    "update sqlite_master set sql = 'create table x (' where name = 'product'",
    "pragma writable_schema = on; update sqlite_master "
    "set sql = 'create table category (id as (1), parent, leaf)' where name = 'category'",
)


def plain_database(folder: Path) -> None:
    with sqlite3.connect(folder / "old.db") as db:
        db.executescript(EARLIER_SYSTEM)
    db.close()
    read(folder / "old.db")


def hostile_database(chance: random.Random, folder: Path) -> Path:
    path = folder / "old.db"
    db = sqlite3.connect(path, isolation_level=None)
    if chance.random() < 0.2:
        db.execute(f"pragma page_size = {chance.choice([512, 65536])}")
        db.execute(f"pragma encoding = 'UTF-16{chance.choice(['le', 'be'])}'")
    db.executescript(EARLIER_SYSTEM)
    for _ in range(chance.choice([0, 1, 4])):
        table = chance.choice(list(COLUMNS))
        column, value = chance.choice(COLUMNS[table]), chance.choice(VALUES)
        some = chance.choice(["", " where rowid = 1"])
        _try(db, f"update or ignore {table} set {column} = {value}{some}")
    for _ in range(chance.choice([0, 0, 1, 2])):
        _try(db, chance.choice(STATEMENTS))
    db.close()
    if chance.random() < 0.3:
        path.write_bytes(changed_bytes(chance, path.read_bytes()))
    return path


def _try(db: sqlite3.Connection, script: str) -> None:
    with contextlib.suppress(sqlite3.Error):  # some do not go together
        db.executescript(script)


def read(path: Path) -> None:
    """Preview a file and adopt it; both must say the same."""
    try:
        for _ in read_legacy_entries(path):
            pass
    finally:
        target = path.with_name("crawl.db")
        target.unlink(missing_ok=True)
        copy_legacy_database(path, target)
        with open_database(target) as db:
            db.execute("select count(*) from product").fetchall()


def test_legacy_databases_are_adopted_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_database, read=read, warm_up=plain_database), tmp_path
    )
    assert outcomes[READ]
    assert outcomes[REFUSED]
