"""What experiments answer at all heights of the tree beside the truth, and what that certifies."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ReadOnlyError, StoreError
from product_classifier.predictions import Certificate, PredictedPaths
from product_classifier.store.category_depth import distinct_pairs, fold_rows
from product_classifier.store.database import now, transaction
from product_classifier.store.integrity import Seal
from product_classifier.store.validation import DEEPEST

CALIBRATION, TEST = "calibration", "test"
Certified = tuple[str, int, Certificate]  # rule, height


def read_answers(db: sqlite3.Connection, experiment: int, part: str) -> PredictedPaths:
    """Read the answers of an experiment for a part of the split; of old programs, none.

    Truths are folded as the experiment's. Both queries are in the order of the products' ids, so
    that no row has to look its product up; the view true_category, which would be quicker to write,
    would be built as a whole.
    """
    rows = np.fromiter(
        db.execute(
            """select height, category.rowid, score, uncalibrated
               from predicted_path join category on category.id = category_id
               where experiment_id = ? and part = ? and product_id not in ambiguous
               order by product_id, height""",
            (experiment, part),
        ),
        dtype=np.dtype("i8,i8,f8,f8"),
    )
    pairs = np.fromiter(
        db.execute(
            """select product.rowid, coalesce(category.rowid, -1)
               from predicted_path path
               join product on product.id = path.product_id
               left join moved on moved.product_id = path.product_id
               left join product_category met
                 on met.product_id = path.product_id and moved.product_id is null
               left join category on category.id = coalesce(moved.category_id, met.category_id)
               where experiment_id = ? and part = ? and height = 0
                 and path.product_id not in ambiguous
               order by path.product_id""",
            (experiment, part),
        ),
        dtype=np.dtype("i8,i8"),
    )
    height, product = rows["f0"], pairs["f0"]
    heights = "select coalesce(max(height), 0) + 1 from predicted_path where experiment_id = ?"
    shape = int((height == 0).sum()), *db.execute(heights, (experiment,)).fetchone()
    row = np.cumsum(height == 0) - 1
    answers, score, uncalibrated = (
        np.full(shape, -1),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
    )
    for table, column in ((answers, "f1"), (score, "f2"), (uncalibrated, "f3")):
        table[row, height] = rows[column]
    first = np.append(True, product[1:] != product[:-1])[: len(product)]
    row, truth = np.cumsum(first) - 1, fold_rows(db, experiment)[pairs["f1"]]
    kept = distinct_pairs(row, truth)
    kept = kept[truth[kept] >= 0]
    return PredictedPaths(
        product=product[first],
        answers=answers,
        score=score,
        uncalibrated=uncalibrated,
        row=row[kept],
        truth=truth[kept],
        above=_above(db),
    )


def evidence(db: sqlite3.Connection, experiment: int) -> str:
    """Sum up all that certificates of an experiment depend on: its scores, the truth, the tree."""
    found = Seal()
    for query, values in (
        ("select seal, split from experiment where id = ?", (experiment,)),
        (
            """select path.product_id, coalesce(moved.category_id, met.category_id)
               from predicted_path path
               left join moved on moved.product_id = path.product_id
               left join product_category met
                 on met.product_id = path.product_id and moved.product_id is null
               where experiment_id = ? and part = 'calibration' and height = 0
                 and path.product_id not in ambiguous
               order by path.product_id, met.category_id""",
            (experiment,),
        ),
        ("select id, parent, leaf, path from category order by id", ()),
    ):
        found.add(db.execute(query, values))
    return found.text()


def save_certificates(
    db: sqlite3.Connection, experiment: int, certificates: Iterable[Certified]
) -> str | None:
    """Store certificates of an experiment, and remove those that are void.

    Returns when the void ones were made, None where there were none. Raises ReadOnlyError.
    """
    found_on = evidence(db, experiment)
    with _writing(db):
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
    return [
        (
            rule,
            height,
            Certificate(
                target=target,
                confidence=confidence,
                threshold=threshold,
                accepted=accepted,
                wrong=wrong,
                total=total,
            ),
        )
        for rule, height, target, confidence, threshold, accepted, wrong, total, _, _ in rows
    ]


@contextlib.contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[None]:
    try:
        with transaction(db):
            yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
            raise
        raise ReadOnlyError("the database is read-only: certificates are not stored") from None


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
    while (column := above[columns[-1]]).max() >= 0 and len(columns) <= min(last, DEEPEST):
        columns.append(column)
    return np.stack(columns, axis=1)
