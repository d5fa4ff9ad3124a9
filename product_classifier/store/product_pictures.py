"""The complete pictures of products, which of them take part, and the marks on them.

A mark is the score of a label by a network, and whether the picture is left out for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from product_classifier.errors import StoreError
from product_classifier.records import Image, Item
from product_classifier.store.database import now, transaction

PICTURED = """
select product.id, name, description, address, file, sha256, width, height
from product left join image on address = product.image and file is not null
where :everything or product.id not in (select product_id from product_category)
order by product.id
"""
FURTHER = """
select product_id, image.address, file, sha256, width, height
from product_image join image on image.address = product_image.address
where place < :count and file is not null order by product_id, place
"""
INSTEAD = """
with marked (address) as (select address from image join image_mark using (sha256) where marked)
select product_id, min(place), image.address, file, sha256, width, height
from product_image join image on image.address = product_image.address
where file is not null and image.address not in marked and product_id in (
  select id from product where image in marked
  union select product_id from product_image where address in marked)
group by product_id
"""


def image_of(row: Iterable[Any]) -> Image:
    """Return a complete picture by its row: address, file, sha256, width, height."""
    address, file, sha256, width, height = row
    return Image(address=address, file=file, sha256=sha256, width=width, height=height)


def read_distinct_pictures(db: sqlite3.Connection, parts: Mapping[str, str]) -> dict[Image, str]:
    """Return each distinct complete main picture of the catalogue with its part of the split.

    parts: by product id; a picture of several products has the part of the last one by id. Marked
    pictures are included: a student learns from them to agree with its teacher on any picture.
    """
    rows = db.execute(
        """select product.id, address, file, sha256, width, height
           from product join image on address = product.image
           where file is not null order by sha256, product.id"""
    )
    by_hash = {picture[2]: (image_of(picture), parts[product]) for product, *picture in rows}
    return dict(by_hash.values())


class ProductPictures(NamedTuple):
    """The pictures of one product that take part."""

    main: Image | None
    further: tuple[Image, ...]
    left_out: int  # marked ones


@dataclass(frozen=True)
class PictureChoice:
    """The choice of pictures: a marked one takes part only if its product has no other."""

    further: Mapping[str, Sequence[Image]]  # as many as --images-per-product asks for, by product
    marked: Set[str]  # SHA-256
    instead: Mapping[str, Image]  # the first unmarked picture of each product with marked ones

    def of(self, product: str, main: Image | None) -> ProductPictures:
        """Return the pictures of a product; an unmarked one replaces a marked main picture."""
        candidates = [*([main] if main else []), *self.further.get(product, ())]
        images = [image for image in candidates if image.sha256 not in self.marked]
        if candidates and not images:
            images = [self.instead[product]] if product in self.instead else candidates
        left_out = sum(image not in images for image in candidates)
        first = 1 if main else 0
        return ProductPictures(images[0] if main else None, tuple(images[first:]), left_out)


def read_picture_choice(db: sqlite3.Connection, count: int) -> PictureChoice:
    """Return the choice among the first count pictures of each product and by their marks.

    count: the main picture included, so that 1 leaves further pictures out.
    """
    marked = {sha256 for (sha256,) in db.execute("select sha256 from image_mark where marked")}
    further: dict[str, list[Image]] = {}
    for product, *picture in db.execute(FURTHER, {"count": count}):
        further.setdefault(product, []).append(image_of(picture))
    rows = db.execute(INSTEAD) if marked else ()
    instead = {product: image_of(picture) for product, _, *picture in rows}
    return PictureChoice(further, marked, instead)


def read_uncategorized(
    db: sqlite3.Connection, everything: bool = False, images_per_product: int = 1
) -> list[Item]:
    """Return the products without category, or all, in the order of their ids, without labels.

    Raises StoreError if there are none.
    """
    rows = db.execute(PICTURED, {"everything": everything})
    choice = read_picture_choice(db, images_per_product)
    items = []
    for product, name, description, *picture in rows:
        pictures = choice.of(product, image_of(picture) if picture[0] else None)
        items.append(
            Item(
                id=product,
                text=f"{name}\n{description}",
                image=pictures.main,
                labels=(),
                part="",
                more_images=pictures.further,
                marked_images=pictures.left_out,
            )
        )
    if not items:
        if not db.execute("select exists (select 1 from product)").fetchone()[0]:
            raise StoreError("the database has no products; run crawl.py first")
        raise StoreError(
            "every product of the database has a category; pass --all to file all of them"
        )
    return items


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
