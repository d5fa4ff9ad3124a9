"""The demo catalogue: products with words, pictures, true and recorded categories, and faults.

It is as hard as real catalogues, in known shares: some products are in two categories, some are
recorded in a wrong one, some are another product in a different colour, some share a picture, some
have no text or a broken picture.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from demo.catalogue.appearance import Appearance, appearance_of, other_colour
from demo.catalogue.phrases import BRANDS, RETAILERS
from demo.catalogue.random_streams import number_of, stream
from demo.catalogue.tree import CATEGORIES, DemoCategory, sizes_for
from demo.catalogue.vocabulary import VOCABULARY
from demo.catalogue.wording import write

__all__ = ["DemoCatalogue", "DemoCategory", "DemoProduct", "make_catalogue"]

IN_TWO_CATEGORIES = 0.05
RECORDED_WRONG = 0.02
COLOUR_VARIANTS = 0.05
SHARED_PICTURES = 0.008
NO_DESCRIPTION = 0.06
NO_BRAND = 0.07
FAULTS = {"missing": 0.006, "truncated": 0.005, "not an image": 0.004, "none": 0.005}
TINY = 50  # products
FIRST_ID = 412_000_000

# Leaf → leaves in which the same product might be filed as well, or by mistake.
NEIGHBOURS: Mapping[str, tuple[str, ...]] = {
    "bootcut-jeans": ("flare-jeans",),
    "flare-jeans": ("bootcut-jeans",),
    "day-dresses": ("cocktail-dresses",),
    "cocktail-dresses": ("evening-dresses", "day-dresses"),
    "evening-dresses": ("cocktail-dresses",),
    "polo-tops": ("athletic-tops", "petite-tops"),
    "athletic-tops": ("polo-tops", "tees-and-tshirts"),
    "petite-tops": ("tees-and-tshirts", "button-front-tops", "polo-tops"),
    "tees-and-tshirts": ("petite-tops", "athletic-tops"),
    "button-front-tops": ("petite-tops",),
    "tote-bags": ("shoulder-bags",),
    "shoulder-bags": ("tote-bags",),
}
MISTAKES: Mapping[str, tuple[str, ...]] = {
    "skinny-jeans": ("bootcut-jeans",),
    "cardigan-sweaters": ("turleneck-sweaters", "button-front-tops"),
    "turleneck-sweaters": ("cardigan-sweaters",),
    "raincoats-and-trenchcoats": ("cardigan-sweaters", "day-dresses"),
    "mini-skirts": ("athletic-shorts",),
    "athletic-shorts": ("mini-skirts", "athletic-tops"),
    "pumps": ("sandals",),
    "sandals": ("pumps",),
    "womens-sneakers": ("boots",),
    "boots": ("pumps", "womens-sneakers"),
    "backpacks": ("tote-bags", "shoulder-bags"),
    "hats": ("sunglasses",),
    "sunglasses": ("hats",),
    "necklaces": ("watches",),
    "watches": ("necklaces",),
    **NEIGHBOURS,
}


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A product, including facts that no shop publishes: true categories and appearance."""

    id: int
    name: str
    brand: str | None
    retailer: str
    description: str  # HTML; "" for a product without one
    price: float
    colour: str
    categories: tuple[str, ...]  # recorded leaves, the main one first; a few are wrong
    true_categories: tuple[str, ...]
    image_id: str | None  # 32 hex digits, equal for products that share a picture
    image_fault: str | None  # "missing", "truncated" or "not an image"
    appearance: Appearance


@dataclass(frozen=True)
class DemoCatalogue:
    """A category tree, root first and parents before children, and its products."""

    categories: tuple[DemoCategory, ...]
    products: tuple[DemoProduct, ...]


def make_catalogue(seed: int = 0, products: int = 1500) -> DemoCatalogue:
    """Return the catalogue of a seed, the same in every process; pictures are drawn on demand."""
    rng = stream("catalogue", seed)
    leaves = [leaf for leaf, count in sizes_for(products).items() for _ in range(count)]
    made = [_product(leaf, seed, number) for number, leaf in enumerate(leaves)]
    for change in (_file_twice, _share_pictures, _recolour, _silence, _mislabel, _break_pictures):
        change(made, rng)
    rng.shuffle(made)
    return DemoCatalogue(CATEGORIES, tuple(_numbered(made, rng)))


def _product(leaf: str, seed: int, number: int) -> DemoProduct:
    rng = stream("product", seed, number)
    return _described((leaf,), appearance_of(leaf, rng), rng)


def _described(leaves: tuple[str, ...], look: Appearance, rng: random.Random) -> DemoProduct:
    """Return a product of an appearance, with a random brand, text and price."""
    words = VOCABULARY[leaves[0]]
    department = words.department if rng.random() < 0.8 else "any"
    brand = rng.choice(BRANDS[department]) if rng.random() >= NO_BRAND else None
    retailer = rng.choice(RETAILERS)
    copy = write(leaves, look, brand, retailer, rng)
    low, high = words.price
    price = low * (high / low) ** rng.triangular(0, 1, 0.35)
    return DemoProduct(
        id=0,
        name=copy.name,
        brand=brand,
        retailer=retailer,
        description=copy.description,
        price=round(round(price) - rng.choice((0, 0, 0.01, 0.05, 0.5)), 2),
        colour=look.colour,
        categories=leaves,
        true_categories=leaves,
        image_id=_image_id(look),
        image_fault=None,
        appearance=look,
    )


def _image_id(look: Appearance) -> str:
    halves = (number_of(half, look.seed, look.colour) for half in ("left", "right"))
    return "".join(f"{half:016x}" for half in halves)


def _sample(
    made: list[DemoProduct], share: float, rng: random.Random, *, among: list[int]
) -> list[int]:
    """Return random positions among the given ones, a share of the number of all products."""
    return rng.sample(among, min(len(among), round(share * len(made))))


def _file_twice(made: list[DemoProduct], rng: random.Random) -> None:
    """Give products a second true category; their text mentions both."""
    able = [i for i, product in enumerate(made) if product.categories[0] in NEIGHBOURS]
    for i in _sample(made, IN_TWO_CATEGORIES, rng, among=able):
        leaf = made[i].categories[0]
        made[i] = _described((leaf, rng.choice(NEIGHBOURS[leaf])), made[i].appearance, rng)


def _share_pictures(made: list[DemoProduct], rng: random.Random) -> None:
    """Give products the picture of another product of their leaf."""
    for i, other in _couples(made, SHARED_PICTURES, rng):
        made[i] = _described(made[i].categories, made[other].appearance, rng)


def _recolour(made: list[DemoProduct], rng: random.Random) -> None:
    """Replace products by another one of their leaf in a different colour, text unchanged."""
    for i, other in _couples(made, COLOUR_VARIANTS, rng):
        base = made[other]
        colour = other_colour(base.categories[0], base.appearance, rng)
        look = replace(base.appearance, colour=colour)
        made[i] = replace(base, colour=colour, appearance=look, image_id=_image_id(look))


def _couples(
    made: list[DemoProduct], share: float, rng: random.Random
) -> Iterator[tuple[int, int]]:
    """Yield pairs of positions: a product to change, and another of its leaf to copy."""
    wanted = round(share * len(made))
    shown = Counter(product.image_id for product in made)
    able = [
        i
        for i, product in enumerate(made)
        if shown[product.image_id] == 1 and not _mentions_colour(product)
    ]
    rng.shuffle(able)
    waiting: dict[tuple[str, ...], int] = {}
    for i in able:
        if wanted and made[i].categories in waiting:
            wanted -= 1
            yield i, waiting.pop(made[i].categories)
        else:
            waiting[made[i].categories] = i


def _mentions_colour(product: DemoProduct) -> bool:
    return product.colour in f"{product.name} {product.description}".lower()


def _silence(made: list[DemoProduct], rng: random.Random) -> None:
    """Remove descriptions."""
    for i in _sample(made, NO_DESCRIPTION, rng, among=list(range(len(made)))):
        made[i] = replace(made[i], description="")


def _mislabel(made: list[DemoProduct], rng: random.Random) -> None:
    """Record products in a neighbouring category instead; each leaf keeps at least one product."""
    sizes = Counter(product.categories[0] for product in made)
    wanted = round(RECORDED_WRONG * len(made))
    for i in rng.sample(range(len(made)), len(made)):
        leaf, *others = made[i].categories
        if wanted and not others and sizes[leaf] > 1:
            wanted -= 1
            sizes[leaf] -= 1
            made[i] = replace(made[i], categories=(rng.choice(MISTAKES[leaf]),))


def _break_pictures(made: list[DemoProduct], rng: random.Random) -> None:
    """Break pictures that no other product shares, each fault at least once unless tiny."""
    shown = Counter(product.image_id for product in made)
    whole = [i for i, product in enumerate(made) if shown[product.image_id] == 1]
    rng.shuffle(whole)
    for fault, share in FAULTS.items():
        for _ in range(max(round(share * len(made)), len(made) >= TINY)):
            i = whole.pop()
            if fault == "none":
                made[i] = replace(made[i], image_id=None)
            else:
                made[i] = replace(made[i], image_fault=fault)


def _numbered(made: list[DemoProduct], rng: random.Random) -> Iterator[DemoProduct]:
    """Yield the products with ids like an API's: ascending, with gaps."""
    number = FIRST_ID
    for product in made:
        number += rng.randint(1, 90_000)
        yield replace(product, id=number)
