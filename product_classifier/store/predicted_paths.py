"""Predicted categories at all heights of the category tree, beside the true categories."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from product_classifier.predictions import PredictedPaths
from product_classifier.store.category_depth import distinct_pairs, rolled_up_rowids
from product_classifier.store.validation import DEEPEST


def read_predicted_paths(db: sqlite3.Connection, experiment: int, part: str) -> PredictedPaths:
    """Return the predicted paths of an experiment's products in a part of the split.

    True categories are rolled up to the depth of the experiment, and true categories that have no
    rolled-up category are left out. An experiment of a version without predicted paths has zero
    rows. Products whose category is marked ambiguous are left out.
    """
    # both queries are ordered by product id, the order of the index: no row is looked up by itself;
    # the view true_category would be computed for the whole catalogue
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
    answers = np.full(shape, -1)
    score, uncalibrated = np.full(shape, np.nan), np.full(shape, np.nan)
    for table, column in ((answers, "f1"), (score, "f2"), (uncalibrated, "f3")):
        table[row, height] = rows[column]
    first = np.append(True, product[1:] != product[:-1])[: len(product)]
    row, truth = np.cumsum(first) - 1, rolled_up_rowids(db, experiment)[pairs["f1"]]
    pair = distinct_pairs(row, truth)
    pair = pair[truth[pair] >= 0]
    return PredictedPaths(
        product=product[first],
        answers=answers,
        score=score,
        uncalibrated=uncalibrated,
        row=row[pair],
        truth=truth[pair],
        above=_above(db),
    )


def _above(db: sqlite3.Connection) -> NDArray[np.int64]:
    """Return each category and its ancestors below the root, [rowids, depths]; -1 beyond them."""
    parents = dict(
        db.execute(
            """select category.rowid, parent.rowid
               from category join category parent on parent.id = category.parent
               where parent.path <> ''"""
        )
    )
    [(last,)] = db.execute("select coalesce(max(rowid), 0) from category")
    columns = [np.arange(last + 1)]
    above = np.full(last + 2, -1)  # the last entry is for -1, which has no parent
    above[list(parents)] = list(parents.values())
    while (column := above[columns[-1]]).max() >= 0 and len(columns) <= min(last, DEEPEST):
        columns.append(column)
    return np.stack(columns, axis=1)
