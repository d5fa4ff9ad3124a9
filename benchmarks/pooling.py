"""Ways to pool several pictures of a product, with and without a logo among them.

Flipkart's further pictures are distorted crops of the main one; those of the demo catalogue show
the product in another pose on another background. There are hundreds of drawn logos, so that no
logo is recognisable as a placeholder. Each way is evaluated by the same ridge regression on mini's
bottlenecks, 10-fold.
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
    "mean": lambda pictures: pictures.mean(axis=1),
    "median of each value": lambda pictures: np.median(pictures, axis=1),
}


@dataclasses.dataclass(frozen=True)
class PicturedProducts:
    """Products with several pictures each."""

    pictures: Floats  # [products, 3, width], the main one first
    labels: NDArray[np.int64]
    where: NDArray[np.float64]  # in [0, 1), by product or duplicate group


def run(shared: Path) -> Iterator[Row]:
    """Compare the ways of pooling on each catalogue."""
    backbone = load_backbone("mini")
    rng = np.random.default_rng(0)
    logos = embedded([logo(k) for k in range(LOGOS)], backbone)
    for name, shop in (("demo", read_demo(backbone)), ("flipkart", read_crops(shared, backbone))):
        random_logos = logos[rng.integers(0, LOGOS, len(shop.labels))][:, None]
        half = shop.pictures.copy()
        replaced = rng.random(len(half)) < 0.5
        half[replaced, 2] = random_logos[replaced, 0]
        alone = right(shop, shop.pictures[:, 0])
        for title, pictures in {
            "3 pictures": shop.pictures,
            "2 and a logo": np.concatenate([shop.pictures[:, :2], random_logos], axis=1),
            "3 and a logo": np.concatenate([shop.pictures, random_logos], axis=1),
            "3, of half the third a logo": half,
        }.items():
            for rule, pooled in RULES.items():
                hits = right(shop, pooled(pictures))
                test = mcnemar(alone, hits)
                peer = f"{alone.mean():.2%} (p {test.p:.3f})"
                yield Row(f"{name}, {title}: {rule}", f"{hits.mean():.2%}", peer, "main alone")


def right(shop: PicturedProducts, pooled: Floats) -> NDArray[np.bool_]:
    """Return whether a ridge regression on the other folds predicts each product correctly."""
    hits = np.zeros(len(pooled), bool)
    targets = np.eye(int(shop.labels.max()) + 1)
    for fold in range(FOLDS):
        test = (shop.where * FOLDS).astype(int) == fold
        mean, deviation = pooled[~test].mean(axis=0), pooled[~test].std(axis=0)
        scaled = (pooled - mean) / np.where(deviation > 1e-6, deviation, 1) / 10
        training = scaled[~test]
        products = training @ training.T + RIDGE * np.eye(len(training), dtype=np.float32)
        weights = training.T @ np.linalg.solve(products, targets[shop.labels[~test]])
        hits[test] = (scaled[test] @ weights).argmax(axis=1) == shop.labels[test]
    return hits


def read_demo(backbone: Backbone) -> PicturedProducts:
    """Draw three pictures of each product of the demo catalogue, and embed them."""
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
    return PicturedProducts(
        embedded(pictures, backbone).reshape(len(products), 3, -1), labels, where
    )


def read_crops(shared: Path, backbone: Backbone) -> PicturedProducts:
    """Return flipkart's products with two augmented crops of each picture."""
    with tempfile.TemporaryDirectory() as place:
        flipkart = read_flipkart(shared, Path(place))
        cache = bottleneck_cache(Path(place), backbone)
        views = [
            bottlenecks(
                flipkart.images,
                flipkart.folder,
                backbone,
                cache,
                view_of=lambda image, number=number: view(image, number, ()),  # type: ignore[misc]
            )[np.arange(len(flipkart.images))]
            for number in (0, 1, 3)
        ]
    return PicturedProducts(np.stack(views, axis=1), flipkart.labels, flipkart.where)


def logo(number: int) -> PillowImage.Image:
    """Draw a logo: a word on a plain ground, with or without a disc or a square."""
    rng = random.Random(number)
    size = rng.choice((200, 300, 400)), rng.choice((120, 200, 300))
    ground = rng.choice(("white", "white", "black", colour(rng)))
    picture = PillowImage.new("RGB", size, ground)
    pen = ImageDraw.Draw(picture)
    if rng.random() < 0.5:
        radius, x, y = (
            rng.randrange(20, 50),
            rng.randrange(size[0]),
            rng.randrange(size[1]),
        )
        shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        shape((x - radius, y - radius, x + radius, y + radius), fill=colour(rng))
    word = "".join(rng.choice("ABCDEFGHIJKLMNOPRSTUVaeiou") for _ in range(rng.randrange(3, 9)))
    font = ImageFont.load_default(size=rng.randrange(30, 60))
    pen.text((size[0] * 0.1, size[1] * 0.35), word, fill=colour(rng), font=font)
    return picture


def colour(rng: random.Random) -> str:
    """Return a random colour."""
    return f"#{rng.randrange(2**24):06x}"


def embedded(pictures: Sequence[PillowImage.Image], backbone: Backbone) -> Floats:
    """Return the bottlenecks of pictures, [pictures, width]."""
    vectors = []
    for start in range(0, len(pictures), backbone.batch_size):
        chunk = pictures[start : start + backbone.batch_size]
        pixels = [to_pixels(picture, backbone.size) for picture in chunk]
        batch = np.zeros((backbone.batch_size, *pixels[0].shape), np.float32)
        batch[: len(pixels)] = pixels
        vectors.append(backbone.embed(batch)[: len(pixels)])
    return np.concatenate(vectors)
