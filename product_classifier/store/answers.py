"""What experiments answer at all heights of the tree beside the truth, and what that certifies."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import StoreError
from product_classifier.predictions import Answers, Certificate
from product_classifier.store.database import now, transaction
from product_classifier.store.soundness import Seal

CALIBRATION, TEST = "calibration", "test"
Certified = tuple[str, int, Certificate]  # rule, height


def read_answers(db: sqlite3.Connection, experiment: int, part: str) -> Answers:
    """Read the answers of an experiment for a part of the split; of old programs, none."""
    rows = np.fromiter(
        db.execute(
            """select product.rowid, height, category.rowid, score, coalesce(uncalibrated, 0)
               from predicted_path
               join product on product.id = product_id
               join category on category.id = predicted_path.category_id
               where experiment_id = ? and part = ?""",
            (experiment, part),
        ),
        dtype=np.dtype("i8,i8,i8,f8,f8"),
    )
    product, row = np.unique(rows["f0"], return_inverse=True)
    heights = "select coalesce(max(height), 0) + 1 from predicted_path where experiment_id = ?"
    shape = len(product), *db.execute(heights, (experiment,)).fetchone()
    answers, score = np.full(shape, -1), np.full(shape, np.nan)
    answers[row, rows["f1"]] = rows["f2"]
    score[row, rows["f1"]] = rows["f3"]
    leaves = rows["f1"] == 0
    uncalibrated = np.empty(len(product))
    uncalibrated[row[leaves]] = rows["f4"][leaves]
    pairs = np.fromiter(
        db.execute(
            """select product.rowid, category.rowid
               from predicted_path path
               join product on product.id = path.product_id
               join product_category truth on truth.product_id = path.product_id
               join category on category.id = truth.category_id and category.leaf
               where experiment_id = ? and part = ? and height = 0""",
            (experiment, part),
        ),
        dtype=np.dtype("i8,i8"),
    )
    return Answers(
        product,
        answers,
        score,
        uncalibrated,
        np.searchsorted(product, pairs["f0"]),
        pairs["f1"],
        _above(db),
    )


def evidence(db: sqlite3.Connection, experiment: int) -> str:
    """Sum up all that certificates of an experiment depend on: its scores, the truth, the tree."""
    found = Seal()
    for query, values in (
        ("select seal, split from experiment where id = ?", (experiment,)),
        (
            """select truth.product_id, truth.category_id
               from predicted_path path
               join product_category truth on truth.product_id = path.product_id
               where experiment_id = ? and part = 'calibration' and height = 0
               order by truth.product_id, truth.category_id""",
            (experiment,),
        ),
        ("select id, parent, leaf, path from category order by id", ()),
    ):
        deque(found.passing(db.execute(query, values)), maxlen=0)
    return found.text()


def save_certificates(
    db: sqlite3.Connection, experiment: int, certificates: Iterable[Certified]
) -> str | None:
    """Store certificates of an experiment, and remove those that are void.

    Returns when the void ones were made, None where there were none.
    """
    found_on = evidence(db, experiment)
    with transaction(db):
        [(date,)] = db.execute(
            "select max(date) from certificate where experiment_id = ? and evidence <> ?",
            (experiment, found_on),
        )
        db.execute(
            "delete from certificate where experiment_id = ? and evidence <> ?",
            (experiment, found_on),
        )
        [(split,)] = db.execute("select split from experiment where id = ?", (experiment,))
        db.executemany(
            "insert or replace into certificate values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (experiment, rule, height, *dataclasses.astuple(kept), split, found_on, now())
                for rule, height, kept in certificates
            ),
        )
    return str(date) if date else None


def read_certificates(db: sqlite3.Connection, experiment: int) -> list[Certified]:
    """Read the certificates of an experiment.

    Raises StoreError where what they depend on has changed since.
    """
    rows = db.execute(
        """select rule, height, target, confidence, threshold, accepted, wrong, total,
             evidence, date from certificate where experiment_id = ?
           order by rule, target, confidence, height""",
        (experiment,),
    ).fetchall()
    for *_, found_on, date in rows[:1]:
        if found_on != evidence(db, experiment):
            raise StoreError(
                f"the certificates of experiment {experiment} are void: its scores, the labels or "
                f"the categories have changed since {date}; run analyze.py to certify it anew"
            )
    return [(rule, height, Certificate(*kept)) for rule, height, *kept, _, _ in rows]


def _above(db: sqlite3.Connection) -> NDArray[np.int64]:
    """List each category and all above it but the root, by row number; -1 beyond."""
    parents = dict(
        db.execute(
            """select category.rowid, parent.rowid
               from category join category parent on parent.id = category.parent
               where parent.path <> ''"""
        )
    )
    [(last,)] = db.execute("select coalesce(max(rowid), 0) from category")
    columns = [np.arange(last + 1)]
    above = np.full(last + 2, -1)  # the last entry is that of -1
    above[list(parents)] = list(parents.values())
    while (column := above[columns[-1]]).max() >= 0 and len(columns) <= last:
        columns.append(column)
    return np.stack(columns, axis=1)
