"""Further pictures of demo products: the same thing in another pose, and what their shop boasts of.

They stand beside the catalogue, which they do not change.
"""

from __future__ import annotations

from dataclasses import replace

from demo.catalogue.appearance import Appearance, appearance_of
from demo.catalogue.products import DemoProduct
from demo.catalogue.random_streams import number_of, stream

POSES = (0, 1, 1, 2, 2, 2)  # further ones that a product has, as likely as they stand here
BOASTS = 0.3  # of the products show the watch of their shop, which is the same in all of them
BOASTED = "watches"


def further(product: DemoProduct) -> list[DemoProduct]:
    """Tell what is drawn in a product's further pictures; none has one without a main picture."""
    if product.image_id is None:
        return []
    rng = stream("further", product.image_id)
    found = []
    if rng.random() < BOASTS:
        watch = appearance_of(BOASTED, stream("boasted", product.retailer))
        # named after the shop, so that its address is the same in all products
        found.append(_drawn(product, watch, product.retailer, product.retailer))
    for pose in range(rng.choice(POSES)):
        look = replace(product.appearance, seed=product.appearance.seed + pose + 1)
        found.append(_drawn(product, look, product.name, product.image_id, pose))
    return found


def _drawn(product: DemoProduct, look: Appearance, name: str, *which: object) -> DemoProduct:
    halves = (number_of("further", half, *which) for half in ("left", "right"))
    image_id = "".join(f"{half:016x}" for half in halves)
    return replace(product, appearance=look, name=name, image_id=image_id, image_fault=None)
