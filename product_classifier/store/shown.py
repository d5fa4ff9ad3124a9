"""Products with their complete pictures, as networks are to read them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from product_classifier.errors import StoreError
from product_classifier.records import Image, Item

PICTURED = """
select product.id, name, description, address, file, sha256, width, height
from product left join image on address = product.image and file is not null
where :everything or product.id not in (select product_id from product_category)
order by product.id
"""


def read_images(db: sqlite3.Connection, parts: Mapping[str, str]) -> dict[Image, str]:
    """Read each different picture of a catalogue, whatever its categories, with its part."""
    rows = db.execute(
        """select product.id, address, file, sha256, width, height
           from product join image on address = product.image
           where file is not null order by sha256, product.id"""
    )
    found = {picture[2]: (Image(*picture), parts[product]) for product, *picture in rows}
    return dict(found.values())


def read_further(db: sqlite3.Connection, count: int) -> dict[str, list[Image]]:
    """Read the further pictures of each product that are among its first count, the main one in."""
    rows = db.execute(
        """select product_id, image.address, file, sha256, width, height
           from product_image join image on image.address = product_image.address
           where place < ? and file is not null order by product_id, place""",
        (count,),
    )
    found: dict[str, list[Image]] = {}
    for product, *picture in rows:
        found.setdefault(product, []).append(Image(*picture))
    return found


def read_unfiled(
    db: sqlite3.Connection, everything: bool = False, images_per_product: int = 1
) -> list[Item]:
    """Read the products that have no category, or all, in the order of their ids.

    Raises StoreError where there are none.
    """
    rows = db.execute(PICTURED, {"everything": everything})
    further = read_further(db, images_per_product)
    items = []
    for product, name, description, *picture in rows:
        text, image = f"{name}\n{description}", Image(*picture) if picture[0] else None
        items.append(Item(product, text, image, (), "", tuple(further.get(product, ()))))
    if not items:
        more = "" if everything else "; pass --all to file those that have one"
        raise StoreError(f"the database has no product without category{more}")
    return items
