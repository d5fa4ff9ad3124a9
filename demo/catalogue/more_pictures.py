"""Further pictures of demo products: the product in other poses, and an advertisement of its shop.

They do not change the catalogue.
"""

from __future__ import annotations

from dataclasses import replace

from demo.catalogue.appearance import Appearance, appearance_of
from demo.catalogue.products import DemoProduct
from demo.catalogue.random_streams import number_of, stream

POSES = (0, 1, 1, 2, 2, 2)  # numbers of further poses, equally likely
ADVERTISED = 0.3  # share of products with a picture of a watch, the same for all of a shop
ADVERTISED_LEAF = "watches"


def further(product: DemoProduct) -> list[DemoProduct]:
    """Return a product's further pictures as products to draw; [] without a main picture."""
    if product.image_id is None:
        return []
    rng = stream("further", product.image_id)
    drawn = []
    if rng.random() < ADVERTISED:
        watch = appearance_of(ADVERTISED_LEAF, stream("boasted", product.retailer))
        # named after the shop, so that all of its products have the same address
        drawn.append(_drawn(product, watch, product.retailer, product.retailer))
    for pose in range(rng.choice(POSES)):
        look = replace(product.appearance, seed=product.appearance.seed + pose + 1)
        drawn.append(_drawn(product, look, product.name, product.image_id, pose))
    return drawn


def _drawn(product: DemoProduct, look: Appearance, name: str, *which: object) -> DemoProduct:
    halves = (number_of("further", half, *which) for half in ("left", "right"))
    image_id = "".join(f"{half:016x}" for half in halves)
    return replace(product, appearance=look, name=name, image_id=image_id, image_fault=None)
