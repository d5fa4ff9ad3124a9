"""Are the values in crawl.db what schema.sql says? SQLite itself keeps any value in any column."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from collections.abc import Mapping
from typing import Any

from product_classifier.store.schema import SCHEMA
from product_classifier.store.soundness import damaged

DEEPEST = 100  # levels of categories; imports take fewer
LONGEST = 100_000  # characters of a category's names and path; imports take fewer
SPARSE = 300_000  # numbers of rows that categories may have beyond ten times their count
TYPES = {"text": "'text'", "integer": "'integer'", "real": "'real', 'integer'"}
SHARE, PIXELS, COUNT = (0, 1), (0, 10**9), (0, 2**53)
BETWEEN = {  # where the schema says nothing; cosines may miss 1 by a rounding
    **{("image", column): PIXELS for column in ("width", "height")},
    **{("bookmark", column): COUNT for column in ("next_offset", "total")},
    ("category", "product_count"): COUNT,
    ("experiment", "seconds"): COUNT,
    ("predicted_category", "score"): SHARE,
    ("predicted_path", "height"): (0, DEEPEST),
    **{("predicted_path", column): SHARE for column in ("score", "uncalibrated")},
    ("certificate", "height"): (0, DEEPEST),
    **{("certificate", column): SHARE for column in ("target", "confidence")},
    ("certificate", "threshold"): (0, 2),
    **{("certificate", column): COUNT for column in ("accepted", "wrong", "total")},
    ("label_search", "noise"): SHARE,
    **{("suspicion", column): SHARE for column in ("suspicion", "score", "given")},
    ("neighbour", "similarity"): (-1.01, 1.01),
    ("outside", "score"): (-0.01, 1.01),
}


def insist_on_values(db: sqlite3.Connection) -> None:
    """Look at all values, which takes half a second for a million products.

    Raises StoreError for the first that is of another type or beyond its range, for a picture's
    file that would lie outside of the images folder, and for categories that are no tree.
    """
    for table, query in _queries().items():
        for (column,) in db.execute(query):
            raise damaged(db, f"{table}.{column} holds a value that it cannot have")
    insist_on_tree(db)


def insist_on_tree(db: sqlite3.Connection) -> None:
    """Raise StoreError for categories that nest too deep or whose rows have strange numbers.

    Files of other formats are looked at, too, before the paths of their categories are made. A few
    that lie above themselves are left to reports, which name them.
    """
    parents: dict[Any, Any] = dict(db.execute("select id, parent from category"))
    depth: dict[Any, int] = {}
    for category in parents:
        way: dict[Any, None] = {}
        here = category
        while here in parents and here not in depth and here not in way:
            way[here] = None
            here = parents[here]
        level = depth.get(here, 0)
        for each in reversed(way):
            level += 1
            depth[each] = level
        if level > DEEPEST:
            raise damaged(
                db, f"category {str(category)[:200]} lies more than {DEEPEST} levels deep"
            )
    [(first, last)] = db.execute("select min(rowid), max(rowid) from category")
    if parents and not 0 < first <= last <= 10 * len(parents) + SPARSE:
        raise damaged(db, f"rows of category are numbered from {first} to {last}")


@functools.cache
def _queries() -> Mapping[str, str]:
    """Write a query for each table that finds the name of a column with a wrong value."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA.read_text())
        tables = db.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' "
            "escape '\\'"
        ).fetchall()
        return {name: _query(db, name) for (name,) in tables}


def _query(db: sqlite3.Connection, table: str) -> str:
    wrong = {}
    for _, column, declared, not_null, _, key in db.execute(f"pragma table_info({table})"):
        types = TYPES[declared.lower()] + ("" if not_null or key else ", 'null'")
        wrong[column] = f"typeof({column}) not in ({types})"
        if (table, column) in BETWEEN:
            low, high = BETWEEN[table, column]
            wrong[column] += f" or {column} not between {low} and {high}"
    if table == "category":  # of which reports show many at once
        for column in ("id", "name", "path"):
            wrong[column] += f" or length({column}) > {LONGEST}"
    if table == "image":
        wrong["file"] += (
            " or file glob '/*' or file glob '*..*' or instr(file, char(92)) or instr(file, ':')"
        )
    columns = " ".join(f"when {problem} then '{column}'" for column, problem in wrong.items())
    any_problem = " or ".join(wrong.values())
    return f"select case {columns} end from {table} where {any_problem} limit 1"  # noqa: S608
