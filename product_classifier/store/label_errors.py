"""The latest search for wrong labels of each experiment in crawl.db, and the similar products."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence

from product_classifier.predictions import (
    LabelSearch,
    LabelSearchSummary,
    Mistake,
    Neighbour,
    SimilarProduct,
)
from product_classifier.store.category_depth import path_roll_up
from product_classifier.store.database import now, transaction
from product_classifier.store.validation import read_overlaps


def save_label_search(
    db: sqlite3.Connection, experiment: int, search: LabelSearch, fingerprint: str
) -> LabelSearchSummary:
    """Store a search, which replaces the experiment's earlier one, and return its summary."""
    with transaction(db):
        db.execute("delete from suspicion where experiment_id = ?", (experiment,))
        db.execute(
            "insert or replace into label_search values (?, ?, ?, ?, ?)",
            (
                experiment,
                now(),
                None if math.isnan(search.noise) else search.noise,
                json.dumps(search.overlaps),
                fingerprint,
            ),
        )
        db.executemany(
            "insert into suspicion values (?, ?, ?, ?, ?, ?)",
            (
                (experiment, product, float(suspicion), other, float(score), float(label_score))
                for product, suspicion, other, score, label_score in zip(
                    search.products,
                    search.suspicion,
                    search.suggested,
                    search.score,
                    search.label_score,
                    strict=True,
                )
            ),
        )
        put_similar_products(db, experiment, search.alike)
    return _summary(db, experiment)


def put_similar_products(
    db: sqlite3.Connection, experiment: int, pairs: Iterable[SimilarProduct]
) -> None:
    """Store pairs of similar products. The caller holds a transaction."""
    db.executemany(
        "insert or replace into neighbour values (?, ?, ?, ?, ?)",
        ((experiment, a.product_id, a.rank, a.neighbour_id, a.similarity) for a in pairs),
    )


def read_label_search(db: sqlite3.Connection, experiment: int) -> LabelSearchSummary | None:
    """Return the summary of the experiment's search for wrong labels; None if there is none."""
    query = "select 1 from label_search where experiment_id = ?"
    return _summary(db, experiment) if db.execute(query, (experiment,)).fetchone() else None


def _summary(db: sqlite3.Connection, experiment: int) -> LabelSearchSummary:
    [(date, noise, overlaps, fingerprint, products)] = db.execute(
        """select date, noise, overlaps, evidence,
             (select count(*) from suspicion where experiment_id = label_search.experiment_id)
           from label_search where experiment_id = ?""",
        (experiment,),
    )
    paths = dict(db.execute("select id, path from category"))
    path_pairs = [
        (paths[first], paths[second], share)
        for first, second, share in read_overlaps(db, experiment, overlaps)
        if first in paths and second in paths
    ]
    return LabelSearchSummary(
        date=date, products=products, noise=noise, overlaps=path_pairs, fingerprint=fingerprint
    )


def read_open_suspicions(db: sqlite3.Connection, experiment: int) -> dict[int, tuple[str, float]]:
    """Return id and suspicion of each product without a decision, by its rowid."""
    rows = db.execute(
        """select product.rowid, product_id, suspicion
           from suspicion join product on product.id = product_id
           where experiment_id = ?
             and product_id not in (select product_id from latest_decision)""",
        (experiment,),
    )
    return {row: (product, suspicion) for row, product, suspicion in rows}


def read_suspicious(
    db: sqlite3.Connection, experiment: int, limit: int, chosen: Sequence[str] | None = None
) -> list[Mistake]:
    """Return the products with the most suspicious labels, those with a decision left out.

    chosen: product ids; only these are returned, in this order.
    """
    rows = db.execute(
        """select product.id, product.name, description, image, file,
             coalesce(suggested.path, ''), score, true_paths, suspicion
           from suspicion join corrected_product product on product.id = product_id
           left join category suggested on suggested.id = suggested_id
           left join image on address = product.image
           where experiment_id = :experiment
             and product_id not in (select product_id from latest_decision)
             and (:chosen is null or product_id in (select value from json_each(:chosen)))
           order by suspicion desc, product_id limit :limit""",
        {
            "experiment": experiment,
            "limit": limit,
            "chosen": None if chosen is None else json.dumps(chosen),
        },
    ).fetchall()
    if chosen is not None:
        rows.sort(key=lambda row: chosen.index(row[0]))
    similar = read_similar_products(db, experiment)
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
            suspicion=suspicion,
            neighbours=similar.get(product, ()),
        )
        for product, name, description, image, file, predicted, score, paths, suspicion in rows
    ]


def read_similar_products(
    db: sqlite3.Connection, experiment: int
) -> dict[str, tuple[Neighbour, ...]]:
    """Return the products similar to errors and suspicious labels of an experiment, by id."""
    rows = db.execute(
        """select neighbour.product_id, product.id, product.name, true_paths,
             similarity
           from neighbour join corrected_product product on product.id = neighbour_id
           where experiment_id = ? order by neighbour.product_id, rank""",
        (experiment,),
    )
    rolled_up_paths = path_roll_up(db, experiment)
    similar: dict[str, tuple[Neighbour, ...]] = {}
    for product, other, name, paths, similarity in rows:
        neighbour = Neighbour(other, name, rolled_up_paths(paths), similarity)
        similar[product] = (*similar.get(product, ()), neighbour)
    return similar
