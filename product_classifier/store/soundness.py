"""Is crawl.db still what was written? Disks and copies flip bits, and nobody may report from those.

SQLite finds what contradicts itself; the seal of an experiment finds scores that have changed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable

from product_classifier.errors import StoreError

JUDGED = ("category", "product_category", "experiment", "predicted_category")
CRAWLED = ("category", "product", "product_category", "image", "bookmark", "skipped")


def insist_on_sound(db: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Check some tables, their indexes, constraints and references. Raises StoreError."""
    for table in tables:
        for (problem,) in db.execute(f"pragma integrity_check({table})"):
            if problem != "ok":
                raise damaged(db, problem)
        for _, _, parent, _ in db.execute(f"pragma foreign_key_check({table})"):
            raise damaged(db, f"{table} refers to a {parent} that is not there")


def seal(predictions: Iterable[tuple[str, str, float]]) -> str:
    """Sum up predictions, in the order of their products, as a SHA-256."""
    digest = hashlib.sha256()
    for prediction in predictions:
        digest.update(repr(prediction).encode())
    return digest.hexdigest()


def insist_on_seal(db: sqlite3.Connection, experiment: int) -> None:
    """Compare an experiment's predictions with its seal. Raises StoreError."""
    rows = db.execute(
        """select product_id, category_id, score from predicted_category
           where experiment_id = ? order by product_id""",
        (experiment,),
    )
    [(sealed,)] = db.execute("select seal from experiment where id = ?", (experiment,))
    if sealed is not None and sealed != seal(rows):
        raise damaged(db, f"experiment {experiment} is not what was stored")


def damaged(db: sqlite3.Connection, problem: str) -> StoreError:
    """Say what is wrong with a file, and what to do about it."""
    _, _, path = db.execute("pragma database_list").fetchone()
    return StoreError(
        f"{path} is damaged, or was changed by hand ({problem}); restore it from a copy"
    )
