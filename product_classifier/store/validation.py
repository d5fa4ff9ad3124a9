"""Validation of values in crawl.db: SQLite itself stores any value in any column."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from product_classifier.store.integrity import damaged
from product_classifier.store.schema import SCHEMA

DEEPEST = 100  # levels of categories; imports take fewer
LONGEST = 100_000  # characters of a category's names and path; imports take fewer
SPARSE = 300_000  # allowed rowids of categories beyond ten times their count
TYPES = {"text": "'text'", "integer": "'integer'", "real": "'real', 'integer'"}
DEEPEST_JSON = 20  # levels of lists and objects
SHARE, PIXELS, COUNT = (0, 1), (0, 10**9), (0, 2**53)
BETWEEN = {  # ranges that schema.sql does not check; rounding may take a cosine beyond 1
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
    """Raise StoreError if a value has a wrong type or is out of range.

    A picture's file must not be outside of the images folder, and categories have to be a tree. The
    check takes half a second for a million products.
    """
    for table, query in _queries().items():
        for (column,) in db.execute(query):
            raise damaged(db, f"{table}.{column} has an invalid value")
    insist_on_tree(db)


def insist_on_tree(db: sqlite3.Connection) -> None:
    """Raise StoreError if categories nest too deeply or have rowids far beyond their count.

    Files of older formats are checked, too, before the paths of their categories are computed.
    Categories above themselves are no error here: reports name them.
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
    """Return for each table a query for the name of a column with an invalid value."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA.read_text(encoding="utf-8"))
        tables = db.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' "
            "escape '\\'"
        ).fetchall()
        return {name: _query(db, name) for (name,) in tables}


def _query(db: sqlite3.Connection, table: str) -> str:
    invalid = {}
    for _, column, declared, not_null, _, key in db.execute(f"pragma table_info({table})"):
        types = TYPES[declared.lower()] + ("" if not_null or key else ", 'null'")
        invalid[column] = f"typeof({column}) not in ({types})"
        if (table, column) in BETWEEN:
            low, high = BETWEEN[table, column]
            invalid[column] += f" or {column} not between {low} and {high}"
    if table == "category":  # reports show many of these at once
        for column in ("id", "name", "path"):
            invalid[column] += f" or length({column}) > {LONGEST}"
    if table == "image":
        invalid["file"] += (
            " or file glob '/*' or file glob '*..*' or instr(file, char(92)) or instr(file, ':')"
        )
    columns = " ".join(f"when {problem} then '{column}'" for column, problem in invalid.items())
    any_problem = " or ".join(invalid.values())
    return f"select case {columns} end from {table} where {any_problem} limit 1"  # noqa: S608


def read_settings(db: sqlite3.Connection, experiment: int, text: str | None) -> dict[str, Any]:
    """Return the settings of an experiment; empty for an old program's experiment.

    Raises StoreError if the text is not a JSON object, or a setting that the program uses has an
    invalid value. Names of networks are not checked: the code that loads a network does that.
    """
    settings = read_json(db, f"settings of experiment {experiment}", text or "{}")
    if not isinstance(settings, dict):
        raise damaged(db, f"the settings of experiment {experiment} are not a JSON object")
    for name, is_valid in KNOWN.items():
        if name in settings and settings[name] is None:
            del settings[name]  # null means absent
        elif name in settings and not is_valid(settings[name]):
            raise damaged(db, f"experiment {experiment} has an invalid setting {name}")
    return settings


def read_json(db: sqlite3.Connection, what: str, text: str) -> Any:
    """Return a value of JSON with finite numbers and at most 20 levels; else raise StoreError."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if _levels(value) > DEEPEST_JSON:
            raise ValueError("it nests too deeply")
    except (ValueError, RecursionError) as error:
        raise damaged(db, f"{what}: {str(error)[:100]}") from None
    return value


def read_overlaps(
    db: sqlite3.Connection, experiment: int, text: str
) -> list[tuple[str, str, float]]:
    """Return the category pairs of a search for wrong labels, with shares. Raises StoreError."""
    overlaps = read_json(db, f"overlaps of experiment {experiment}", text)
    if not isinstance(overlaps, list) or not all(map(_is_overlap, overlaps)):
        raise damaged(db, f"the overlaps of experiment {experiment} are not pairs with shares")
    return [(first, second, share) for first, second, share in overlaps]


def _is_overlap(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(name, str) for name in value[:2])
        and _is_number(value[2])
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _levels(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_levels, value), default=0) if isinstance(value, list) else 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and isinstance(value, int) and low <= value <= high


def _is_group(value: Any) -> bool:
    """Return whether a value is an object without numbers that are out of range."""
    return isinstance(value, dict) and all(
        _is_number(each) for each in value.values() if isinstance(each, int | float)
    )


KNOWN: Mapping[str, Callable[[Any], bool]] = {
    "depth": _whole(1, 1_000),
    "learned": _are_texts,
    "categories": _are_texts,
    "language": _are_texts,
    "given_split": lambda value: isinstance(value, bool),
    "sample": lambda value: _is_number(value) and 0 < value <= 1,
    "sample_per_category": _whole(1, 2**53),
    "sample_seed": _whole(0, 2**32 - 1),
    "seed": _whole(0, 2**32 - 1),
    "images_per_product": _whole(1, 1_000_000),
    "clean": _is_text,
    "text_words": _whole(1, 2**53),
    "vectorizer": _is_text,
    "model": _is_text,
    "fusion": _is_text,
    "backbone": _is_text,
    "weights": _is_text,
    "peak_bytes": _is_number,
    "parameters": _is_number,
    "outside": lambda value: _is_group(value) or not isinstance(value, dict),
}
