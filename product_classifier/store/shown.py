"""The complete pictures of products, as they are read for networks."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from product_classifier.records import Image


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
