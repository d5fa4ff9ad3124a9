"""The demo's category tree, with ShopStyle's ids, and the relative size of each leaf.

`turleneck-sweaters` is spelt as in the real catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoCategory:
    """A node of the tree, as the API describes it."""

    id: str
    name: str
    short_name: str
    parent: str | None


ROOT = DemoCategory("women", "Women's Fashion", "Women", "clothes-shoes-and-jewelry")

_NODES = """
women > womens-clothes | Clothing
women > handbags | Handbags
women > womens-shoes | Shoes
womens-clothes > jeans | Jeans
jeans > bootcut-jeans | Bootcut Jeans | 62
jeans > flare-jeans | Flare Jeans | 50
jeans > skinny-jeans | Skinny Jeans | 80
womens-clothes > dresses | Dresses
dresses > day-dresses | Day Dresses | 120
dresses > cocktail-dresses | Cocktail Dresses | 78
dresses > evening-dresses | Evening Dresses | 58
womens-clothes > womens-tops | Tops
womens-tops > tees-and-tshirts | Tees & T-Shirts | 95
womens-tops > button-front-tops | Button-Front Tops | 62
womens-tops > polo-tops | Polo Tops | 46
womens-clothes > womens-athletic-clothes | Activewear
womens-athletic-clothes > athletic-tops | Athletic Tops | 58
womens-athletic-clothes > athletic-shorts | Athletic Shorts | 40
womens-clothes > petites | Petites
petites > petite-tops | Petite Tops | 40
womens-clothes > skirts | Skirts
skirts > mini-skirts | Mini Skirts | 48
womens-clothes > sweaters | Sweaters
sweaters > cardigan-sweaters | Cardigans | 66
sweaters > turleneck-sweaters | Turtlenecks | 44
womens-clothes > womens-outerwear | Outerwear
womens-outerwear > raincoats-and-trenchcoats | Raincoats & Trenchcoats | 38
womens-clothes > womens-accessories | Accessories
womens-accessories > hats | Hats | 52
womens-accessories > womens-eyewear | Eyewear
womens-eyewear > sunglasses | Sunglasses | 56
womens-clothes > jewelry | Jewelry
jewelry > necklaces | Necklaces | 60
jewelry > watches | Watches | 48
handbags > tote-bags | Tote Bags | 74
handbags > shoulder-bags | Shoulder Bags | 70
handbags > backpacks | Backpacks | 36
womens-shoes > pumps | Pumps | 64
womens-shoes > sandals | Sandals | 76
womens-shoes > womens-sneakers | Sneakers | 78
womens-shoes > boots | Boots | 82
"""


def _read() -> tuple[tuple[DemoCategory, ...], dict[str, int]]:
    categories, sizes = [ROOT], {}
    for line in _NODES.split("\n")[1:-1]:
        where, short, *size = line.split(" | ")
        parent, id_ = where.split(" > ")
        name = short if parent.startswith(("women", "handbags")) else f"Women's {short}"
        categories.append(DemoCategory(id_, name, short, parent))
        if size:
            sizes[id_] = int(size[0])
    return tuple(categories), sizes


CATEGORIES, SIZES = _read()  # SIZES: leaf → its relative number of products
LEAVES = tuple(SIZES)


def sizes_for(products: int) -> dict[str, int]:
    """Return the number of products of each leaf, in proportion, at least one if possible."""
    if products <= len(LEAVES):
        return {leaf: int(i < products) for i, leaf in enumerate(LEAVES)}
    spare = products - len(LEAVES)
    total = sum(SIZES.values())
    shares = {leaf: spare * size / total for leaf, size in SIZES.items()}
    counts = {leaf: 1 + int(share) for leaf, share in shares.items()}
    left = products - sum(counts.values())
    for leaf in sorted(LEAVES, key=lambda leaf: shares[leaf] % 1, reverse=True)[:left]:
        counts[leaf] += 1
    return counts
