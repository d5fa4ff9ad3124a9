"""Audits: random samples of an experiment's test products, with the decisions of persons."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.predictions import Mistake
from product_classifier.store.category_depth import define_roll_up, path_roll_up
from product_classifier.store.database import transaction


@dataclass(frozen=True, kw_only=True)
class AuditSample:
    """The predictions of n test products against crawled labels, m sampled ones checked."""

    recorded_right: NDArray[np.bool_]  # [n], by the crawled categories
    sampled: NDArray[np.int64]  # [m], indexes into the n products
    truly_right: NDArray[np.bool_]  # [m], by the decisions of persons
    doubtful: NDArray[np.bool_]  # [m], decided as ambiguous
    undecided: int  # products of the sample without a decision; the audit is complete at 0


def save_audit(db: sqlite3.Connection, experiment: int, products: Iterable[str]) -> None:
    """Store the sample of an experiment, which replaces an earlier one."""
    with transaction(db):
        db.execute("delete from audit where experiment_id = ?", (experiment,))
        db.executemany("insert into audit values (?, ?)", ((experiment, p) for p in products))


def read_tested_products(db: sqlite3.Connection, experiment: int) -> list[str]:
    """Return the ids of an experiment's test products."""
    query = "select product_id from predicted_category where experiment_id = ?"
    return [product for (product,) in db.execute(query, (experiment,))]


def read_open_audit(db: sqlite3.Connection, experiment: int) -> list[Mistake]:
    """Return the sampled products without a decision by id, right predictions included."""
    rows = db.execute(
        """select product.id, product.name, description, image, file, predicted.path, pc.score,
             true_paths
           from audit join predicted_category pc using (experiment_id, product_id)
           join corrected_product product on product.id = pc.product_id
           join category predicted on predicted.id = pc.category_id
           left join image on address = product.image
           where experiment_id = ? and product.id not in (select product_id from latest_decision)
           order by product.id""",
        (experiment,),
    )
    rolled_up_paths = path_roll_up(db, experiment)
    return [
        Mistake(
            product_id=product,
            name=name,
            description=description,
            image=image,
            file=file,
            predicted=predicted,
            score=score,
            categories=rolled_up_paths(paths),
        )
        for product, name, description, image, file, predicted, score, paths in rows
    ]


def read_audit(db: sqlite3.Connection, experiment: int) -> AuditSample | None:
    """Return the sample of an experiment; None if it has none."""
    sample = "select count(*) from audit where experiment_id = ?"
    if db.execute(sample, (experiment,)).fetchone() == (0,):
        return None
    define_roll_up(db, experiment)
    rows = db.execute(
        """select exists (
             select 1 from product_category recorded where recorded.product_id = pc.product_id
               and rolled_up(recorded.category_id) = pc.category_id) as recorded_right,
             audit.product_id is not null, verdict,
             rolled_up(latest_decision.category_id) = pc.category_id
           from predicted_category pc
           left join audit using (experiment_id, product_id)
           left join latest_decision on latest_decision.product_id = audit.product_id
           where experiment_id = ? order by pc.product_id""",
        (experiment,),
    ).fetchall()
    recorded = np.array([bool(right) for right, *_ in rows])
    sampled = [row for row, (_, chosen, _, _) in enumerate(rows) if chosen]
    verdicts = [rows[row][2] for row in sampled]
    moved_there = [bool(rows[row][3]) for row in sampled]
    confirmed = np.array([verdict == "keep" for verdict in verdicts])
    return AuditSample(
        recorded_right=recorded,
        sampled=np.array(sampled, dtype=np.int64),
        truly_right=np.where(confirmed, recorded[sampled], moved_there),
        doubtful=np.array([verdict == "ambiguous" for verdict in verdicts]),
        undecided=verdicts.count(None),
    )
