"""Suspicious labels in crawl.db: of each experiment the latest search, and what is still open."""

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
from product_classifier.store.category_depth import fold_paths
from product_classifier.store.database import now, transaction
from product_classifier.store.validation import read_overlaps


def save_label_search(
    db: sqlite3.Connection, experiment: int, search: LabelSearch, evidence: str
) -> LabelSearchSummary:
    """Store a search in place of the experiment's last one."""
    with transaction(db):
        db.execute("delete from suspicion where experiment_id = ?", (experiment,))
        db.execute(
            "insert or replace into label_search values (?, ?, ?, ?, ?)",
            (
                experiment,
                now(),
                None if math.isnan(search.noise) else search.noise,
                json.dumps(search.overlaps),
                evidence,
            ),
        )
        db.executemany(
            "insert into suspicion values (?, ?, ?, ?, ?, ?)",
            (
                (experiment, product, float(suspicion), other, float(score), float(given))
                for product, suspicion, other, score, given in zip(
                    search.products,
                    search.suspicion,
                    search.suggested,
                    search.score,
                    search.label_score,
                    strict=True,
                )
            ),
        )
        put_alike(db, experiment, search.alike)
    return _searched(db, experiment)


def put_alike(db: sqlite3.Connection, experiment: int, alike: Iterable[SimilarProduct]) -> None:
    """Store which products are alike, inside a transaction."""
    db.executemany(
        "insert or replace into neighbour values (?, ?, ?, ?, ?)",
        ((experiment, a.product_id, a.rank, a.neighbour_id, a.similarity) for a in alike),
    )


def read_label_search(db: sqlite3.Connection, experiment: int) -> LabelSearchSummary | None:
    """Tell what the experiment's last search came to, if there was one."""
    query = "select 1 from label_search where experiment_id = ?"
    return _searched(db, experiment) if db.execute(query, (experiment,)).fetchone() else None


def _searched(db: sqlite3.Connection, experiment: int) -> LabelSearchSummary:
    [(date, noise, overlaps, evidence, products)] = db.execute(
        """select date, noise, overlaps, evidence,
             (select count(*) from suspicion where experiment_id = label_search.experiment_id)
           from label_search where experiment_id = ?""",
        (experiment,),
    )
    paths = dict(db.execute("select id, path from category"))
    known = [
        (paths[one], paths[other], share)
        for one, other, share in read_overlaps(db, experiment, overlaps)
        if one in paths and other in paths
    ]
    return LabelSearchSummary(
        date=date, products=products, noise=noise, overlaps=known, fingerprint=evidence
    )


def read_open_suspicions(db: sqlite3.Connection, experiment: int) -> dict[int, tuple[str, float]]:
    """Map row numbers of products that nobody has decided to their ids and labels' suspicion."""
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
    """Read the most suspicious labels that nobody has decided, or some products in their order."""
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
    alike, told = read_neighbours(db, experiment), fold_paths(db, experiment)
    return [
        Mistake(
            product_id=product,
            name=name,
            description=description,
            image=image,
            file=file,
            predicted=predicted,
            score=score,
            categories=told(paths),
            suspicion=suspicion,
            neighbours=alike.get(product, ()),
        )
        for product, name, description, image, file, predicted, score, paths, suspicion in rows
    ]


def read_neighbours(db: sqlite3.Connection, experiment: int) -> dict[str, tuple[Neighbour, ...]]:
    """Read all that is alike to an experiment's errors and suspicious labels, by product."""
    rows = db.execute(
        """select neighbour.product_id, product.id, product.name, true_paths,
             similarity
           from neighbour join corrected_product product on product.id = neighbour_id
           where experiment_id = ? order by neighbour.product_id, rank""",
        (experiment,),
    )
    told = fold_paths(db, experiment)
    found: dict[str, tuple[Neighbour, ...]] = {}
    for product, other, name, paths, similarity in rows:
        one = Neighbour(other, name, told(paths), similarity)
        found[product] = (*found.get(product, ()), one)
    return found
