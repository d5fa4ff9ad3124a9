"""Products with their complete pictures, as networks are to read them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from product_classifier.errors import StoreError
from product_classifier.records import Image, Item

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


def read_distinct_pictures(db: sqlite3.Connection, parts: Mapping[str, str]) -> dict[Image, str]:
    """Read each different picture of a catalogue, whatever its categories, with its part.

    Marked ones too: they are for a student to learn from, which has to give what its teacher gives
    of any picture, and may be shown a close-up where a product has nothing else.
    """
    rows = db.execute(
        """select product.id, address, file, sha256, width, height
           from product join image on address = product.image
           where file is not null order by sha256, product.id"""
    )
    found = {picture[2]: (Image(*picture), parts[product]) for product, *picture in rows}
    return dict(found.values())


class ProductPictures(NamedTuple):
    """The pictures of one product that take part."""

    main: Image | None
    further: tuple[Image, ...]
    left_out: int  # marked ones


@dataclass(frozen=True)
class PictureChoice:
    """Which pictures of each product take part: marked ones only where there are no others."""

    further: Mapping[str, Sequence[Image]]  # that were asked for, by product
    marked: Set[str]  # SHA-256
    instead: Mapping[str, Image]  # of products with marked ones: the first that is not

    def of(self, product: str, main: Image | None) -> ProductPictures:
        """Choose those of a product; where the main one is marked, another takes its place."""
        asked = [*([main] if main else []), *self.further.get(product, ())]
        kept = [image for image in asked if image.sha256 not in self.marked]
        if asked and not kept:
            kept = [self.instead[product]] if product in self.instead else asked
        left_out = sum(image not in kept for image in asked)
        first = 1 if main else 0
        return ProductPictures(kept[0] if main else None, tuple(kept[first:]), left_out)


def read_picture_choice(db: sqlite3.Connection, count: int) -> PictureChoice:
    """Read the further pictures that are among the first count, the main one in, and the marks."""
    marked = {sha256 for (sha256,) in db.execute("select sha256 from image_mark where marked")}
    further: dict[str, list[Image]] = {}
    for product, *picture in db.execute(FURTHER, {"count": count}):
        further.setdefault(product, []).append(Image(*picture))
    rows = db.execute(INSTEAD) if marked else ()
    return PictureChoice(further, marked, {product: Image(*image) for product, _, *image in rows})


def read_uncategorized(
    db: sqlite3.Connection, everything: bool = False, images_per_product: int = 1
) -> list[Item]:
    """Read the products that have no category, or all, in the order of their ids.

    Raises StoreError where there are none.
    """
    rows = db.execute(PICTURED, {"everything": everything})
    choice = read_picture_choice(db, images_per_product)
    items = []
    for product, name, description, *picture in rows:
        shown = choice.of(product, Image(*picture) if picture[0] else None)
        items.append(Item(product, f"{name}\n{description}", shown.main, (), "", *shown[1:]))
    if not items:
        if not db.execute("select exists (select 1 from product)").fetchone()[0]:
            raise StoreError("the database has no products; run crawl.py first")
        raise StoreError(
            "the database has no product without category; pass --all to file those that have one"
        )
    return items
