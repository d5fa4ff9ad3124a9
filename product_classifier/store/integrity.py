"""Integrity checks of crawl.db: a disk or a copy may have changed bits of the file.

SQLite detects broken pages, constraints and references; the checksum of an experiment (the column
experiment.seal) detects predictions that have changed.
"""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from product_classifier.errors import StoreError

EXPERIMENT_TABLES = (
    *("category", "product_category", "decision"),
    *("experiment", "predicted_category", "predicted_path"),
)
PREDICTED_CATEGORIES = """select product_id, category_id, score from predicted_category
  where experiment_id = ? order by product_id"""
PREDICTED_PATHS = """select product_id, height, category_id, part, score, uncalibrated
  from predicted_path
  where experiment_id = ? order by product_id, height"""
BATCH = 10_000  # rows
LABEL_TABLES = ("label_search", "suspicion", "neighbour", "audit")
CRAWL_TABLES = (
    *("category", "translated_category", "product", "product_category", "product_image"),
    *("image", "image_mark", "given_part", "bookmark", "skipped"),
)


def insist_on_integrity(db: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Raise StoreError if a table, or one of its indexes or references, is damaged."""
    for table in tables:
        for (problem,) in db.execute(f"pragma integrity_check({table})"):
            if problem != "ok":
                raise damaged(db, problem)
        for _, _, parent, _ in db.execute(f"pragma foreign_key_check({table})"):
            raise damaged(db, f"{table} refers to a missing {parent}")


class Checksum:
    """The SHA-256 of rows, computed by columns in batches: many times as fast as by rows."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def adding(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, and add each to the checksum."""
        rest = iter(rows)
        while batch := list(itertools.islice(rest, BATCH)):
            for column in zip(*batch, strict=True):
                if isinstance(column[0], float):
                    self._digest.update(np.array(column, "<f8").tobytes())
                else:
                    self._digest.update("\0".join(map(str, column)).encode())
            yield from batch

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows to the checksum."""
        deque(self.adding(rows), maxlen=0)

    def hexdigest(self) -> str:
        """Return the checksum in hexadecimal."""
        return self._digest.hexdigest()


def insist_on_checksum(db: sqlite3.Connection, experiment: int) -> None:
    """Raise StoreError if an experiment's predictions do not match its checksum.

    Experiments of versions without checksums are not checked.
    """
    [(expected,)] = db.execute("select seal from experiment where id = ?", (experiment,))
    if expected is None:
        return
    actual = Checksum()
    try:
        for table in (PREDICTED_CATEGORIES, PREDICTED_PATHS):
            actual.add(db.execute(table, (experiment,)))
        intact = expected == actual.hexdigest()
    except ValueError:  # a score that is not a number
        intact = False
    if not intact:
        raise damaged(db, f"experiment {experiment} is not what was stored")


def damaged(db: sqlite3.Connection, problem: str) -> StoreError:
    """Return an error that names the database file, the problem and the remedy."""
    _, _, path = db.execute("pragma database_list").fetchone()
    return StoreError(
        f"{path} is damaged, or was changed by hand ({problem}); restore it from a copy"
    )
