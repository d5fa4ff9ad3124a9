"""Is crawl.db still what was written? Disks and copies flip bits, and nobody may report from those.

SQLite finds what contradicts itself; the seal of an experiment finds scores that have changed.
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
    """Check some tables, their indexes, constraints and references. Raises StoreError."""
    for table in tables:
        for (problem,) in db.execute(f"pragma integrity_check({table})"):
            if problem != "ok":
                raise damaged(db, problem)
        for _, _, parent, _ in db.execute(f"pragma foreign_key_check({table})"):
            raise damaged(db, f"{table} refers to a {parent} that is not there")


class Checksum:
    """Sums up rows as a SHA-256, column by column in batches, which is many times as fast."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def passing(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Pass rows on, and count them in."""
        rest = iter(rows)
        while batch := list(itertools.islice(rest, BATCH)):
            for column in zip(*batch, strict=True):
                if isinstance(column[0], float):
                    self._digest.update(np.array(column, "<f8").tobytes())
                else:
                    self._digest.update("\0".join(map(str, column)).encode())
            yield from batch

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Count rows in."""
        deque(self.passing(rows), maxlen=0)

    def text(self) -> str:
        """Write it in hexadecimal."""
        return self._digest.hexdigest()


def insist_on_checksum(db: sqlite3.Connection, experiment: int) -> None:
    """Compare what an experiment predicts with its seal. Raises StoreError."""
    [(sealed,)] = db.execute("select seal from experiment where id = ?", (experiment,))
    if sealed is None:
        return
    found = Checksum()
    try:
        for table in (PREDICTED_CATEGORIES, PREDICTED_PATHS):
            found.add(db.execute(table, (experiment,)))
        intact = sealed == found.text()
    except ValueError:  # a score that is no number
        intact = False
    if not intact:
        raise damaged(db, f"experiment {experiment} is not what was stored")


def damaged(db: sqlite3.Connection, problem: str) -> StoreError:
    """Say what is wrong with a file, and what to do about it."""
    _, _, path = db.execute("pragma database_list").fetchone()
    return StoreError(
        f"{path} is damaged, or was changed by hand ({problem}); restore it from a copy"
    )
