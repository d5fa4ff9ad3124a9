"""Databases of the earlier system, converted to a crawl.db, so that no crawl has to be repeated."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from product_classifier.errors import StoreError
from product_classifier.printable import storable
from product_classifier.records import Category, Entry, Product, Skipped
from product_classifier.store.bookmarks import bookmark, put_bookmark
from product_classifier.store.database import connected, open_database, transaction
from product_classifier.store.products import put_skipped
from product_classifier.store.schema import OLD_TABLES
from product_classifier.store.validation import insist_on_tree

ADOPTED = "adopted?file="
HASHED = re.compile(r"[0-9a-f]{32}(_[a-z]+)?\.[a-z]+$")
TREE = """
with recursive tree (id, parent, leaf, path) as (
  select id, parent, coalesce(leaf, 0), '' from category
    where parent is null or parent not in (select id from category)
  union
  select c.id, c.parent, coalesce(c.leaf, 0), ltrim(tree.path || '/' || c.id, '/')
    from category c join tree on c.parent = tree.id)
select cast(id as text), cast(parent as text), leaf = 1, cast(path as text)
  from tree where path <> '' and id is not null order by path
"""
PRODUCTS = """
select cast(id as text), cast(coalesce(name, '') as text),
  cast(coalesce(description, '') as text),
  (select cast(id as text) from category where id = category_id),
  cast(nullif(image, '') as text) from product where id is not null order by rowid
"""
CYCLES = """
with recursive tree (id) as (
  select id from category where parent is null or parent not in (select id from category)
  union select category.id from category join tree on category.parent = tree.id)
select id from category where id not in (select id from tree) order by id
"""
UNKNOWN = """
select id, category_id from product
where category_id is not null and category_id not in (select id from category) order by id
"""


def copy_legacy_database(source: Path, target: Path) -> list[Skipped]:
    """Copy a database of the earlier system, migrate the copy, and return the skipped entries.

    Raises StoreError if the source is not such a database or is damaged, or if the target exists.
    """
    if target.exists():
        raise StoreError(f"{target} exists already; pass another --db-path")
    try:
        with connected(source, "ro") as old:
            skipped = list(_skipped(old, source))
            with contextlib.closing(sqlite3.connect(target)) as copy:
                old.backup(copy)
        with open_database(target, create=True) as db, transaction(db):
            _mend(db)
            put_skipped(db, skipped)
            put_bookmark(db, _query(str(source)), 0, finished=True)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return skipped


def read_legacy_entries(source: Path) -> Iterator[Entry]:
    """Yield the entries of a database of the earlier system. Raises StoreError."""
    with connected(source, "ro") as old:
        skipped = list(_skipped(old, source))
        for category, parent, leaf, path in old.execute(TREE):
            yield Category(id=category, name=category, parent=parent, path=path, leaf=bool(leaf))
        for identity, name, description, category, image in old.execute(PRODUCTS):
            categories = (category,) if category else ()
            yield Product(
                id=identity, name=name, description=description, categories=categories, image=image
            )
        yield from skipped


def insist_on_legacy_copy(db: sqlite3.Connection, source: str) -> None:
    """Raise StoreError unless a database was created as a copy of this earlier one."""
    if not bookmark(db, _query(source)).finished:
        [(_, _, path)] = db.execute("pragma database_list").fetchall()
        raise StoreError(f"{path} exists already; pass another --db-path for {source}")


def legacy_pictures(db: sqlite3.Connection, folder: Path | None) -> Callable[[str], Path | None]:
    """Return a function from a picture's URL to its path in the earlier system; None if unknown.

    The path is images/7a/7ab8….jpg, by the last part of the URL. Only names that are hashes are
    unique; a file with another name may belong to any product.
    """
    adopted = db.execute("select 1 from bookmark where instr(query, ?) = 1", (ADOPTED,))
    if folder is None or not adopted.fetchall():
        return lambda address: None

    def copy(address: str) -> Path | None:
        name = address.rpartition("/")[2]
        return folder / name[:2] / name if HASHED.match(name) else None

    return copy


def _mend(db: sqlite3.Connection) -> None:
    """Replace NULs in texts, since SQLite's JSON functions ignore the text after them."""
    db.create_function("storable", 1, storable, deterministic=True)
    for column in ("image", "name", "description"):
        change = f"{column} = storable({column}) where instr({column}, char(0))"
        db.execute(f"update product set {change}")  # noqa: S608


def _query(source: str) -> str:
    return f"{ADOPTED}{Path(source).name}"


def _skipped(old: sqlite3.Connection, source: Path) -> Iterable[Skipped]:
    """Yield categories below themselves and products of unknown categories."""
    own = "select name from sqlite_master where type = 'table' and rootpage > 0"  # no views
    tables = {name for (name,) in old.execute(own)}
    [(version,)] = old.execute("pragma user_version")
    if version or not tables >= {"schema_version", *OLD_TABLES}:
        raise StoreError(
            f"{source} is not a database of the earlier system; if it is a crawl.db, pass it as "
            "--db-path"
        )
    insist_on_tree(old)
    for (category,) in old.execute(CYCLES):
        yield Skipped("category", f"{source.name} {category}", "it is below itself: a cycle")
    for product, category in old.execute(UNKNOWN):
        reason = f"its category {category} does not exist"
        yield Skipped("category", f"{source.name} {product}", reason)
