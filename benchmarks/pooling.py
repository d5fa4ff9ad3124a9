"""Ways to pool several pictures of a product, with and without a logo among them.

Flipkart's further pictures are distorted crops of the main one; those of the demo catalogue show
the same thing in another pose before another background. Logos are drawn, hundreds of them, so
that none is known by how many products show it. Each way is judged tenfold by the same ridge
regression on the bottlenecks of mini.
"""

from __future__ import annotations

import dataclasses
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from benchmarks.common import Row
from benchmarks.folds import FOLDS, read_flipkart
from demo.catalogue.products import make_catalogue
from demo.drawing.draw import draw_appearance
from product_classifier.backbones.backbone import Backbone, load_backbone
from product_classifier.evaluate.comparison import mcnemar
from product_classifier.features.augmented_views import view
from product_classifier.features.bottlenecks import bottleneck_cache, bottlenecks, to_pixels
from product_classifier.features.pooling import pool
from product_classifier.models.split import position_of

PRODUCTS, LOGOS = 1000, 600
RIDGE = 3.0
Floats = NDArray[np.float32]
RULES: dict[str, Callable[[Floats], Floats]] = {  # [products, k, width] → [products, width]
    "ours": pool,
    "mean": lambda shown: shown.mean(axis=1),
    "median of each value": lambda shown: np.median(shown, axis=1),
}


@dataclasses.dataclass(frozen=True)
class Shown:
    """Products with several pictures each."""

    pictures: Floats  # [products, 3, width], the main one first
    labels: NDArray[np.int64]
    where: NDArray[np.float64]  # in [0, 1), by product or duplicate group


def run(shared: Path) -> Iterator[Row]:
    """Judge each way on each catalogue."""
    backbone = load_backbone("mini")
    rng = np.random.default_rng(0)
    logos = embedded([logo(k) for k in range(LOGOS)], backbone)
    for name, shown in (("demo", read_demo(backbone)), ("flipkart", read_crops(shared, backbone))):
        some = logos[rng.integers(0, LOGOS, len(shown.labels))][:, None]
        half = shown.pictures.copy()
        chosen = rng.random(len(half)) < 0.5
        half[chosen, 2] = some[chosen, 0]
        alone = right(shown, shown.pictures[:, 0])
        for title, pictures in {
            "3 pictures": shown.pictures,
            "2 and a logo": np.concatenate([shown.pictures[:, :2], some], axis=1),
            "3 and a logo": np.concatenate([shown.pictures, some], axis=1),
            "3, of half the third a logo": half,
        }.items():
            for rule, pooled in RULES.items():
                found = right(shown, pooled(pictures))
                test = mcnemar(alone, found)
                told = f"{alone.mean():.2%} (p {test.p:.3f})"
                yield Row(f"{name}, {title}: {rule}", f"{found.mean():.2%}", told, "main alone")


def right(shown: Shown, pooled: Floats) -> NDArray[np.bool_]:
    """Tell of each product whether a ridge regression on the other folds gets it right."""
    found = np.zeros(len(pooled), bool)
    wanted = np.eye(int(shown.labels.max()) + 1)
    for fold in range(FOLDS):
        test = (shown.where * FOLDS).astype(int) == fold
        mean, deviation = pooled[~test].mean(axis=0), pooled[~test].std(axis=0)
        scaled = (pooled - mean) / np.where(deviation > 1e-6, deviation, 1) / 10
        known = scaled[~test]
        products = known @ known.T + RIDGE * np.eye(len(known), dtype=np.float32)
        weights = known.T @ np.linalg.solve(products, wanted[shown.labels[~test]])
        found[test] = (scaled[test] @ weights).argmax(axis=1) == shown.labels[test]
    return found


def read_demo(backbone: Backbone) -> Shown:
    """Draw the products of the demo catalogue thrice each."""
    products = make_catalogue(products=PRODUCTS).products
    pictures: list[PillowImage.Image] = []
    for product in products:
        look = product.appearance
        pictures += [
            draw_appearance(dataclasses.replace(look, seed=look.seed + shift), (224, 280))
            for shift in (0, 1, 2)
        ]
    names = sorted({product.true_categories[0] for product in products})
    labels = np.array([names.index(product.true_categories[0]) for product in products])
    where = np.array([position_of(str(product.id)) for product in products])
    return Shown(embedded(pictures, backbone).reshape(len(products), 3, -1), labels, where)


def read_crops(shared: Path, backbone: Backbone) -> Shown:
    """Read flipkart's products with two crops of each picture, mirrored and coloured by chance."""
    with tempfile.TemporaryDirectory() as place:
        found = read_flipkart(shared, Path(place))
        cache = bottleneck_cache(Path(place), backbone)
        seen = [
            bottlenecks(
                *(found.images, found.folder, backbone, cache),
                view_of=lambda image, number=number: view(image, number, ()),  # type: ignore[misc]
            )[np.arange(len(found.images))]
            for number in (0, 1, 3)
        ]
    return Shown(np.stack(seen, axis=1), found.labels, found.where)


def logo(number: int) -> PillowImage.Image:
    """Draw a logo: a word on a ground, with or without a blot."""
    chance = random.Random(number)
    size = chance.choice((200, 300, 400)), chance.choice((120, 200, 300))
    ground = chance.choice(("white", "white", "black", colour(chance)))
    picture = PillowImage.new("RGB", size, ground)
    pen = ImageDraw.Draw(picture)
    if chance.random() < 0.5:
        radius, x, y = (
            chance.randrange(20, 50),
            chance.randrange(size[0]),
            chance.randrange(size[1]),
        )
        shape = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        shape((x - radius, y - radius, x + radius, y + radius), fill=colour(chance))
    word = "".join(
        chance.choice("ABCDEFGHIJKLMNOPRSTUVaeiou") for _ in range(chance.randrange(3, 9))
    )
    font = ImageFont.load_default(size=chance.randrange(30, 60))
    pen.text((size[0] * 0.1, size[1] * 0.35), word, fill=colour(chance), font=font)
    return picture


def colour(chance: random.Random) -> str:
    """Choose any colour."""
    return f"#{chance.randrange(2**24):06x}"


def embedded(pictures: Sequence[PillowImage.Image], backbone: Backbone) -> Floats:
    """Compute the bottlenecks of pictures, [pictures, width]."""
    found = []
    for start in range(0, len(pictures), backbone.batch_size):
        some = [to_pixels(one, backbone.size) for one in pictures[start:][: backbone.batch_size]]
        batch = np.zeros((backbone.batch_size, *some[0].shape), np.float32)
        batch[: len(some)] = some
        found.append(backbone.embed(batch)[: len(some)])
    return np.concatenate(found)
