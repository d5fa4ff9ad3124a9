"""Certificates of experiments in crawl.db, with a fingerprint of the rows they depend on."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from product_classifier.errors import ReadOnlyError, StoreError
from product_classifier.predictions import Certificate
from product_classifier.store.database import now, transaction
from product_classifier.store.integrity import Checksum


class Certified(NamedTuple):
    """A certificate, and the predictions that it holds for."""

    rule: str  # 'level' or 'deepest', as in certificate.rule
    height: int  # as in predicted_path.height
    certificate: Certificate


def fingerprint(db: sqlite3.Connection, experiment: int) -> str:
    """Return a SHA-256 of all rows that an experiment's certificates depend on.

    These are its predictions (by their checksum), its split, the true categories of its calibration
    products, and the category tree.
    """
    checksum = Checksum()
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
        checksum.add(db.execute(query, values))
    return checksum.hexdigest()


def save_certificates(
    db: sqlite3.Connection, experiment: int, certificates: Iterable[Certified]
) -> str | None:
    """Store certificates of an experiment, and delete those whose fingerprint is outdated.

    Return the latest date of the deleted ones, None if there were none. Raises ReadOnlyError if the
    database cannot be written.
    """
    current = fingerprint(db, experiment)
    with _writing(db):
        [(date,)] = db.execute(
            "select max(date) from certificate where experiment_id = ? and evidence <> ?",
            (experiment, current),
        )
        db.execute(
            "delete from certificate where experiment_id = ? and evidence <> ?",
            (experiment, current),
        )
        [(split,)] = db.execute("select split from experiment where id = ?", (experiment,))
        db.executemany(
            "insert or replace into certificate values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (experiment, rule, height, *dataclasses.astuple(values), split, current, now())
                for rule, height, values in certificates
            ),
        )
    return str(date) if date else None


def read_certificates(db: sqlite3.Connection, experiment: int) -> list[Certified]:
    """Return the certificates of an experiment, ordered by rule, target, confidence and height.

    Raises StoreError if the rows that they depend on have changed since.
    """
    rows = db.execute(
        """select evidence, date, rule, height, target, confidence, threshold, accepted, wrong,
             total
           from certificate where experiment_id = ?
           order by rule, target, confidence, height""",
        (experiment,),
    ).fetchall()
    for stored, date, *_ in rows[:1]:
        if stored != fingerprint(db, experiment):
            raise StoreError(
                f"the certificates of experiment {experiment} are void: its scores, the labels or "
                f"the categories have changed since {date}; run analyze.py to certify it again"
            )
    return [
        Certified(
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
        for _, _, rule, height, target, confidence, threshold, accepted, wrong, total in rows
    ]


@contextlib.contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction; raise ReadOnlyError if the database cannot be written."""
    try:
        with transaction(db):
            yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
            raise
        raise ReadOnlyError("the database is read-only: certificates are not stored") from None
