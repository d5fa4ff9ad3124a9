"""Is a file a crawl.db, and nothing but that? Its schema is text that SQLite would run.

Tables and views have to be those of schema.sql, with its constraints. Triggers, and indexes that
compute or forbid something, are of others and would run on what is stored: they are refused.
People may have tables, views and plain indexes of their own.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from product_classifier.errors import StoreError

SCHEMA = Path(__file__).parents[2] / "schema.sql"
Parts = set[tuple[str, str]]


def insist_on_schema(db: sqlite3.Connection, path: Path) -> None:
    """Compare what is there with schema.sql. Raises StoreError where something is missing or else.

    Whatever was added since format 1 stands at the end of its table, so order does not count.
    """
    for table, column in sorted(_expected(_columns) - _columns(db)):
        raise StoreError(f"{path} lacks {table}.{column}: it is damaged; restore it from a copy")
    for view, _ in sorted(_expected(_views) - _views(db)):
        raise StoreError(f"{path} has another view {view}: it is damaged; restore it from a copy")
    for table, _ in sorted(_expected(_definitions) - _definitions(db)):
        raise StoreError(
            f"{path} defines {table} otherwise than schema.sql: it was changed by hand; restore it "
            "from a copy"
        )
    for index, table in sorted(_foreign_indexes(db)):
        raise StoreError(
            f"{path} has an index {index} on {table} that is not ours; remove it with "
            f"sqlite3 {path} 'drop index \"{index}\"', if it is yours"
        )


def insist_on_no_triggers(db: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for a database with triggers: they would run on what is stored."""
    found = "select name, tbl_name from sqlite_master where type = 'trigger' order by name"
    for trigger, table in db.execute(found).fetchall():
        raise StoreError(
            f"{path} has a trigger {trigger} on {table}, which would run on what is stored; remove "
            f"it with sqlite3 {path} 'drop trigger \"{trigger}\"', if it is yours"
        )


@functools.cache
def _expected(read: Callable[[sqlite3.Connection], Parts]) -> Parts:
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA.read_text())
        return read(db)


def _columns(db: sqlite3.Connection) -> Parts:
    query = """select schema.name, columns.name
      from sqlite_master schema join pragma_table_info(schema.name) columns
      where schema.type = 'table'"""
    return set(db.execute(query).fetchall())


def _views(db: sqlite3.Connection) -> Parts:
    """Read the texts of views, which no check of SQLite's looks at."""
    return set(db.execute("select name, sql from sqlite_master where type = 'view'").fetchall())


def _definitions(db: sqlite3.Connection) -> Parts:
    """Read how real tables are defined, in an order of our own."""
    query = """select name, sql from sqlite_master
      where type = 'table' and rootpage > 0 and name not like 'sqlite\\_%' escape '\\'"""
    return {(name, _plain(sql)) for name, sql in db.execute(query)}


def _plain(sql: str) -> str:
    """Write a table's definition without comments, spaces that do not matter, and order."""
    text = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()
    head, _, body = text.partition("(")
    body, _, tail = body.rpartition(")")
    parts = re.split(r",(?![^()]*\))", body)  # not inside of parentheses, which are never nested
    return f"{head.strip()}({', '.join(sorted(part.strip() for part in parts))}){tail.strip()}"


def _foreign_indexes(db: sqlite3.Connection) -> Parts:
    """Find indexes on our tables that are not of schema.sql and not plain ones."""
    ours = _expected(_indexes)
    tables = {table for table, _ in _expected(_columns)}
    return {(name, table) for name, table in _indexes(db) - ours if table in tables}


def _indexes(db: sqlite3.Connection) -> Parts:
    """List indexes that were made by hand and are unique, partial or computed; ours are plain."""
    query = """select schema.name, schema.tbl_name from sqlite_master schema
      join pragma_index_list(schema.tbl_name) listed on listed.name = schema.name
      where schema.type = 'index' and schema.sql is not null
        and (listed."unique" or listed.partial or exists (
          select 1 from pragma_index_info(schema.name) where cid = -2))"""  # of an expression
    return set(db.execute(query).fetchall())
