"""Experiments and their predictions in crawl.db: stored in one transaction, read as arrays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from product_classifier.errors import StoreError
from product_classifier.predictions import Experiment, Mistake, Outcomes, PathScores, Summary
from product_classifier.store.category_depth import (
    define_roll_up,
    distinct_pairs,
    path_roll_up,
    rolled_up_rowids,
)
from product_classifier.store.database import now, transaction
from product_classifier.store.integrity import Checksum, damaged
from product_classifier.store.label_errors import put_similar_products, read_similar_products
from product_classifier.store.validation import read_settings


def save_experiment(db: sqlite3.Connection, experiment: Experiment) -> int:
    """Store an experiment with its predictions in one transaction, and return its number."""
    predictions = sorted((p.product_id, p.category_id, p.score) for p in experiment.predictions)
    checksum = Checksum()
    with transaction(db):
        cursor = db.execute(
            """insert into experiment
                 (name, date, kind, split, settings, versions, accuracy, seconds)
               values (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                experiment.name,
                now(),
                experiment.kind,
                experiment.split,
                json.dumps(experiment.settings),
                json.dumps(experiment.versions),
                json.dumps(experiment.accuracy),
                round(experiment.seconds, 1),
            ),
        )
        number = int(cursor.lastrowid or 0)
        db.executemany(
            "insert into predicted_category values (?, ?, ?, ?)",
            ((number, *row) for row in checksum.adding(predictions)),
        )
        db.executemany(
            "insert into predicted_path values (?, ?, ?, ?, ?, ?, ?)",
            ((number, *row) for row in checksum.adding(_path_rows(experiment.paths))),
        )
        db.execute("update experiment set seal = ? where id = ?", (checksum.hexdigest(), number))
        put_similar_products(db, number, experiment.alike)
        db.executemany(
            "insert into outside values (?, ?, ?, ?)",
            ((number, n.product_id, n.score, n.marked) for n in experiment.novelty),
        )
    return number


def _path_rows(paths: Sequence[PathScores]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of table predicted_path in the order of its primary key."""
    positions = [
        (product, part, row)
        for part, path in enumerate(paths)
        for row, product in enumerate(path.products)
    ]
    for product, part, row in sorted(positions):
        path = paths[part]
        for height, node in enumerate(path.answers[row]):
            if node >= 0:
                scores = float(path.score[row, height]), float(path.uncalibrated[row, height])
                yield product, height, path.categories[node], path.part, *scores


def read_experiments(db: sqlite3.Connection, number: int | None = None) -> list[Summary]:
    """Return all experiments, or the one with a number. Raises StoreError if there is none."""
    rows = db.execute(
        "select id, name, date, kind, split, seconds, settings from experiment order by id"
    ).fetchall()
    summaries = [
        Summary(
            id=id_,
            name=name,
            date=date,
            kind=kind,
            split=split,
            seconds=seconds,
            settings=read_settings(db, id_, settings),
        )
        for id_, name, date, kind, split, seconds, settings in rows
        if number in (None, id_)
    ]
    if not rows:
        raise StoreError("there is no experiment yet; run one of the categorize scripts first")
    if not summaries:
        latest = ", ".join(str(row[0]) for row in rows[-10:])
        raise StoreError(f"there is no experiment {number}; the latest are {latest}")
    return summaries


def read_paths(db: sqlite3.Connection) -> dict[int, str]:
    """Return the path of each category by its rowid."""
    return dict(db.execute("select rowid, path from category"))


def read_outcomes(db: sqlite3.Connection, number: int) -> Outcomes:
    """Return an experiment's predictions beside the true categories of the predicted products.

    True categories are rolled up to the depth of the experiment. Products whose category is marked
    ambiguous are left out. Raises StoreError if a predicted product is missing.
    """
    rows = np.fromiter(
        db.execute(
            """select product.rowid, score, predicted.rowid, coalesce(true.rowid, 0)
               from predicted_category pc
               join product on product.id = pc.product_id
               join category predicted on predicted.id = pc.category_id
               left join moved on moved.product_id = pc.product_id
               left join product_category met
                 on met.product_id = pc.product_id and moved.product_id is null
               left join category true on true.id = coalesce(moved.category_id, met.category_id)
               where experiment_id = ? and pc.product_id not in ambiguous""",
            (number,),
        ),
        dtype=np.dtype("i8,f8,i8,i8"),
    )
    [(predictions,)] = db.execute(
        """select count(*) from predicted_category
           where experiment_id = ? and product_id not in ambiguous""",
        (number,),
    )
    if len(np.unique(rows["f0"])) != predictions:
        raise damaged(db, f"some products of experiment {number} cannot be found")
    above = dict(
        db.execute(
            """select category.rowid, coalesce(parent.rowid, category.rowid)
               from category left join category parent
                 on parent.id = category.parent and parent.path <> ''"""
        )
    )
    true = rolled_up_rowids(db, number)[rows["f3"]].clip(0)
    distinct = distinct_pairs(rows["f0"], true)
    product, score, predicted = (rows[name][distinct] for name in ("f0", "f1", "f2"))
    return Outcomes(
        product=product, score=score, predicted=predicted, true=true[distinct], above=above
    )


def read_mistakes(db: sqlite3.Connection, number: int, limit: int) -> tuple[list[Mistake], int]:
    """Return the most confident wrong predictions of an experiment, and the number of all."""
    define_roll_up(db, number)
    rolled_up_paths = path_roll_up(db, number)
    rows = db.execute(
        """select product.id, product.name, description, image, file, predicted.path, pc.score,
             true_paths, suspicion, count(*) over ()
           from predicted_category pc
           join corrected_product product on product.id = pc.product_id
           join category predicted on predicted.id = pc.category_id
           left join image on address = product.image
           left join suspicion using (experiment_id, product_id)
           where pc.experiment_id = ? and pc.product_id not in ambiguous and not exists (
             select 1 from true_category true
             where true.product_id = pc.product_id
               and rolled_up(true.category_id) = pc.category_id)
           order by pc.score desc, product.id limit ?""",
        (number, limit),
    ).fetchall()
    similar = read_similar_products(db, number)
    mistakes = [
        Mistake(
            product_id=product,
            name=name,
            description=description,
            image=image,
            file=file,
            predicted=predicted,
            score=score,
            categories=rolled_up_paths(paths),
            suspicion=suspicion,
            neighbours=similar.get(product, ()),
        )
        for product, name, description, image, file, predicted, score, paths, suspicion, _ in rows
    ]
    return mistakes, rows[0][-1] if rows else 0
