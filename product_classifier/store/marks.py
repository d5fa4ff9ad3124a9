"""Marks on pictures: the score of a label by a network, and whether the picture is left out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from product_classifier.records import Image
from product_classifier.store.database import now, transaction
from product_classifier.store.product_pictures import image_of


@dataclass(frozen=True, slots=True)
class MarkCounts:
    """The numbers of pictures that a network has scored and marked for a label."""

    looked_at: int  # complete pictures with a score
    marked: int  # of these
    marked_only: int  # products whose complete pictures are all marked, by any network


def read_unscored(db: sqlite3.Connection, model: str, label: str) -> list[Image]:
    """Return each distinct complete picture that a network has not scored for a label."""
    rows = db.execute(
        """select min(address), file, sha256, width, height from image
           where file is not null and not exists (
             select 1 from image_mark mark
             where mark.sha256 = image.sha256 and model = ? and label = ?)
           group by sha256 order by min(rowid)""",
        (model, label),
    )
    return [image_of(row) for row in rows]


def save_scores(
    db: sqlite3.Connection,
    scores: Iterable[tuple[str, float]],
    model: str,
    label: str,
    threshold: float,
) -> None:
    """Store the probability of a label for pictures, in place of earlier ones.

    scores: SHA-256 of a picture and its probability, 0 to 1; marked where it is at least the
    threshold.
    """
    with transaction(db):
        db.executemany(
            """insert or replace into image_mark (sha256, label, score, marked, model, date)
               values (?1, ?2, ?3, ?3 >= ?4, ?5, ?6)""",
            ((sha256, label, score, threshold, model, now()) for sha256, score in scores),
        )


def move_threshold(db: sqlite3.Connection, model: str, label: str, threshold: float) -> None:
    """Mark the pictures that a network has scored by another threshold on the stored scores."""
    with transaction(db):
        db.execute(
            """update image_mark set marked = score >= ?1
               where model = ?2 and label = ?3 and marked <> (score >= ?1)""",
            (threshold, model, label),
        )


def count_marks(db: sqlite3.Connection, model: str, label: str) -> MarkCounts:
    """Return the numbers of pictures, counted by address, and of products with marked ones only."""
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
