"""The schema of crawl.db: checked against schema.sql, and migrated from older formats.

A database file may come from an attacker, and SQLite executes parts of its schema. Tables and views
have to be those of schema.sql, with its constraints. Triggers, and unique, partial or computed
indexes of others, would run on stored rows and are rejected. Users may add tables, views and plain
indexes.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
from collections.abc import Callable, Set
from pathlib import Path

from product_classifier.errors import StoreError

SCHEMA = Path(__file__).parents[2] / "schema.sql"
Parts = set[tuple[str, str]]
LATEST = 7

OLD_TABLES = ("category", "product", "experiment", "predicted_category")
TABLES = {*OLD_TABLES, "product_category", "image", "bookmark", "skipped"}

FROM_0 = """
with recursive tree (id, parent, leaf, path) as (
  select id, parent, coalesce(leaf, 0), '' from old_category
    where parent is null or parent not in (select id from old_category)
  union
  select c.id, c.parent, coalesce(c.leaf, 0), ltrim(tree.path || '/' || c.id, '/')
    from old_category c join tree on c.parent = tree.id)
insert into category (id, parent, leaf, path, name) select id, parent, leaf, path, id from tree;
insert into product (id, category_id, image, name, description, date)
  select cast(id as text), (select id from category c where c.id = category_id),
    nullif(image, ''), coalesce(name, ''), coalesce(description, ''), '1970-01-01T00:00:00Z'
  from old_product;
insert into product_category (product_id, category_id)
  select id, category_id from product where category_id is not null;
insert into experiment (id, name, date)
  select id, coalesce(name, ''), coalesce(date, '') from old_experiment;
insert or ignore into predicted_category (experiment_id, product_id, category_id, score)
  select experiment_id, cast(product_id as text), category_id, coalesce(score, 0)
  from old_predicted_category
  where experiment_id in (select id from experiment)
    and cast(product_id as text) in (select id from product)
    and category_id in (select id from category);
update category set product_count =
  (select count(*) from product_category where category_id = category.id);
"""

CHANGES = {  # version → SQL to the next version; new tables come from schema.sql
    1: """
alter table bookmark add column total integer;
alter table experiment add column seal text;
""",
    2: "update experiment set seal = null;",  # version 3 computes checksums in another way
    3: "",
    4: "",
    5: "",
    6: "",
}
NEW = {  # version → tables and views that the next version adds
    2: ("table predicted_path", "table certificate"),
    3: (
        *("table decision", "view latest_decision", "view ambiguous", "view moved"),
        *("view true_category", "view corrected_product", "table audit"),
        *("table label_search", "table suspicion", "table neighbour"),
    ),
    4: ("table outside",),
    5: ("table product_image",),
    6: ("table translated_category", "table image_mark", "table given_part"),
}


def insist_on_schema(db: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError if a table or view of schema.sql is missing or different.

    The order of columns does not matter: migrations have added columns at the end of tables.
    """
    for table, column in sorted(_expected(_columns) - _columns(db)):
        raise StoreError(f"{path} lacks {table}.{column}: it is damaged; restore it from a copy")
    for view, _ in sorted(_expected(_views) - _views(db)):
        raise StoreError(
            f"{path} has a different view {view}: it is damaged; restore it from a copy"
        )
    for table, _ in sorted(_expected(_definitions) - _definitions(db)):
        raise StoreError(
            f"{path} defines {table} otherwise than schema.sql: it was changed by hand; restore it "
            "from a copy"
        )
    for index, table in sorted(_foreign_indexes(db)):
        raise StoreError(
            f"{path} has a foreign index {index} on {table}; remove it with "
            f"sqlite3 {path} 'drop index \"{index}\"', if it is yours"
        )


def insist_on_no_triggers(db: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError if a database has triggers: they would run on stored rows."""
    query = "select name, tbl_name from sqlite_master where type = 'trigger' order by name"
    for trigger, table in db.execute(query).fetchall():
        raise StoreError(
            f"{path} has a trigger {trigger} on {table}, which would run on stored rows; remove "
            f"it with sqlite3 {path} 'drop trigger \"{trigger}\"', if it is yours"
        )


@functools.cache
def _expected(read: Callable[[sqlite3.Connection], Parts]) -> Parts:
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA.read_text(encoding="utf-8"))
        return read(db)


def _columns(db: sqlite3.Connection) -> Parts:
    query = """select schema.name, columns.name
      from sqlite_master schema join pragma_table_info(schema.name) columns
      where schema.type = 'table'"""
    return set(db.execute(query).fetchall())


def _views(db: sqlite3.Connection) -> Parts:
    """Return names and definitions of views, which no check of SQLite covers.

    A definition includes its comments: those of the views in schema.sql must stay as they are.
    """
    return set(db.execute("select name, sql from sqlite_master where type = 'view'").fetchall())


def _definitions(db: sqlite3.Connection) -> Parts:
    """Return names and normalized definitions of tables; virtual tables are left out."""
    query = """select name, sql from sqlite_master
      where type = 'table' and rootpage > 0 and name not like 'sqlite\\_%' escape '\\'"""
    return {(name, _plain(sql)) for name, sql in db.execute(query)}


def _plain(sql: str) -> str:
    """Return a table's definition without comments and extra spaces, its columns sorted."""
    text = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()
    head, _, body = text.partition("(")
    body, _, tail = body.rpartition(")")
    parts = re.split(r",(?![^()]*\))", body)  # not inside parentheses, which are never nested
    return f"{head.strip()}({', '.join(sorted(part.strip() for part in parts))}){tail.strip()}"


def _foreign_indexes(db: sqlite3.Connection) -> Parts:
    """Return the indexes on tables of schema.sql that are neither part of it nor plain."""
    expected = _expected(_indexes)
    tables = {table for table, _ in _expected(_columns)}
    return {(name, table) for name, table in _indexes(db) - expected if table in tables}


def _indexes(db: sqlite3.Connection) -> Parts:
    """Return the created indexes that are unique, partial or computed; schema.sql has none."""
    query = """select schema.name, schema.tbl_name from sqlite_master schema
      join pragma_index_list(schema.tbl_name) listed on listed.name = schema.name
      where schema.type = 'index' and schema.sql is not null
        and (listed."unique" or listed.partial or exists (
          select 1 from pragma_index_info(schema.name) where cid = -2))"""  # of an expression
    return set(db.execute(query).fetchall())


def migration(path: Path, version: int, tables: Set[str], schema: str) -> str:
    """Return the SQL that migrates an old database. Raises StoreError for any other database."""
    if version in CHANGES and tables >= TABLES:
        versions = range(version, LATEST)
        changes = [CHANGES[old] for old in versions]
        new = [_creation(schema, name) for old in versions for name in NEW.get(old, ())]
        return "\n".join([*changes, *new, f"pragma user_version = {LATEST};"])
    if version == 0 and tables >= {"schema_version", *OLD_TABLES}:
        aside = [f"alter table {name} rename to old_{name};" for name in OLD_TABLES]
        drop = [f"drop table old_{name};" for name in OLD_TABLES] + ["drop table schema_version;"]
        return "\n".join([*aside, schema, FROM_0, *drop])
    raise StoreError(f"{path} is a database of another program; pass another --db-path")


def _creation(schema: str, name: str) -> str:
    """Return the paragraph of schema.sql that creates a table or view."""
    start = f"create {name} "
    return next(part for part in schema.split("\n\n") if part.startswith(start))
