"""Marks on pictures: what a network says of each, and which are therefore left out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from product_classifier.records import Image
from product_classifier.store.database import now, transaction


@dataclass(frozen=True, slots=True)
class MarkCounts:
    """How far the marks of one network and label have come."""

    looked_at: int  # complete pictures with a score
    marked: int  # of these
    marked_only: int  # products whose complete pictures are marked, all of them, by any network


def read_unscored(db: sqlite3.Connection, model: str, label: str) -> list[Image]:
    """Read each different complete picture that a network has not looked at for a label."""
    rows = db.execute(
        """select min(address), file, sha256, width, height from image
           where file is not null and not exists (
             select 1 from image_mark mark
             where mark.sha256 = image.sha256 and model = ? and label = ?)
           group by sha256 order by min(rowid)""",
        (model, label),
    )
    return [Image(*row) for row in rows]


def save_scores(
    db: sqlite3.Connection,
    scores: Iterable[tuple[str, float]],
    model: str,
    label: str,
    threshold: float,
) -> None:
    """Store the probability of a label for some pictures by SHA-256; what was known is replaced."""
    with transaction(db):
        db.executemany(
            """insert or replace into image_mark (sha256, label, score, marked, model, date)
               values (?1, ?2, ?3, ?3 >= ?4, ?5, ?6)""",
            ((sha256, label, score, threshold, model, now()) for sha256, score in scores),
        )


def move_threshold(db: sqlite3.Connection, model: str, label: str, threshold: float) -> None:
    """Mark by stored scores what a threshold marks, and nothing else that the network looked at."""
    with transaction(db):
        db.execute(
            """update image_mark set marked = score >= ?1
               where model = ?2 and label = ?3 and marked <> (score >= ?1)""",
            (threshold, model, label),
        )


def count_marks(db: sqlite3.Connection, model: str, label: str) -> MarkCounts:
    """Count pictures as a crawl does, by address, and products that have marked ones only."""
    [(looked_at, marked)] = db.execute(
        """select count(*), count(*) filter (where marked)
           from image join image_mark using (sha256) where model = ? and label = ?""",
        (model, label),
    )
    [(marked_only,)] = db.execute(
        """with pictured (product_id, address) as (
             select id, image from product union all
             select product_id, address from product_image)
           select count(*) from (
             select product_id from pictured join image using (address)
             left join image_mark using (sha256) where file is not null
             group by product_id having min(coalesce(marked, 0)))"""
    )
    return MarkCounts(looked_at, marked, marked_only)
