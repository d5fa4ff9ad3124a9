"""Words, pictures and both on flipkart, 10-fold, beside logistic regression on the same features.

Folds are split by duplicate group. A twentieth of the other folds, again by group, is the tuning
part; the peer is trained on the same rows as the networks, and once on the tuning rows as well.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from benchmarks.catalogues import POINT, judge
from benchmarks.common import Row, logistic_regression, percent, read_products
from product_classifier.backbones.backbone import load_backbone
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features, picture_features
from product_classifier.features.text_vectors import vectorize
from product_classifier.models.scaling import Scaling
from product_classifier.models.split import duplicate_groups, position_of
from product_classifier.models.training import predict, train
from product_classifier.records import Image
from product_classifier.sources.web.client import Client
from product_classifier.sources.web.download_pictures import fetch_pictures
from product_classifier.store.image_folder import ImageFolder

FOLDS = 10
TUNING = 0.05
KINDS = ("words", "images", "both")
PUBLISHED = {"words": (0.866, 0.65), "images": (0.727, 0.34), "both": (0.860, 0.68)}
Result = dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]


def run(shared: Path) -> Iterator[Row]:
    """Measure words, images and both."""
    with tempfile.TemporaryDirectory() as place:
        flipkart = read_flipkart(shared, Path(place))
        backbone = load_backbone(str(shared / "weights" / "inception_v3"))
        features = picture_features(flipkart.images, flipkart.folder, backbone, Path(place))
        assert features.pictures
        in_memory = np.array(features.pictures.vectors)  # the files are about to be removed
        pictures = dataclasses.replace(features.pictures, vectors=in_memory)
    yield from compare(flipkart.texts, pictures, flipkart.labels, flipkart.where)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flipkart:
    """A catalogue on which nothing here was developed; every field but folder is [products]."""

    texts: list[str]
    images: list[Image | None]  # below folder
    labels: NDArray[np.int64]
    where: NDArray[np.float64]  # in [0, 1), by duplicate group: tenths are folds
    folder: Path


def read_flipkart(shared: Path, place: Path) -> Flipkart:
    """Return the catalogue, with its pictures copied below place."""
    folder = shared / "data" / "flipkart"
    products = read_products(folder)
    names = sorted({product.categories[0] for product in products})
    labels = np.array([names.index(product.categories[0]) for product in products])
    texts = [f"{product.name}\n{product.description}" for product in products]
    store = ImageFolder(place / "images")
    addresses = [product.image for product in products if product.image]
    fetched = fetch_pictures(addresses, Client(), folder, store)
    by_address = {image.address: image for batch in fetched for image in batch if image.file}
    images = [by_address.get(str(product.image)) for product in products]
    return Flipkart(
        texts=texts,
        images=images,
        labels=labels,
        where=positions(texts, images),
        folder=store.path,
    )


def folds(
    where: NDArray[np.float64],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the training, tuning and test rows of each fold."""
    fold = (where * FOLDS).astype(int)
    inner = (where * FOLDS) % 1  # the position within a fold, again in [0, 1)
    tuning_part = inner < TUNING
    for number in range(FOLDS):
        learning = np.flatnonzero((fold != number) & ~tuning_part)
        tuning = np.flatnonzero((fold != number) & tuning_part)
        yield learning, tuning, np.flatnonzero(fold == number)


def positions(texts: list[str], images: list[Image | None]) -> NDArray[np.float64]:
    """Return a position in [0, 1) for each product, the same within a duplicate group."""
    groups = duplicate_groups(texts, [image.sha256 if image else None for image in images])
    first = dict(zip(groups[::-1], texts[::-1], strict=True))
    return np.array([position_of(first[group]) for group in groups])


def compare(
    texts: list[str],
    pictures: Bottlenecks,
    labels: NDArray[np.int64],
    where: NDArray[np.float64],
) -> Iterator[Row]:
    """Run all folds of each kind with the toolkit and with the peer."""
    for kind in KINDS:
        ours = np.zeros(len(labels), bool), np.zeros(len(labels))
        same, more = (tuple(map(np.copy, ours)) for _ in range(2))
        for learning, tuning, test in folds(where):
            features = make_features(kind, texts, pictures, learning)
            singles = [(label,) for label in labels.tolist()]
            model = train(features, singles, learning, tuning, int(labels.max()) + 1)
            predicted, score = predict(model, features, test)
            ours[0][test], ours[1][test] = predicted == labels[test], score
            joined = join(features, learning)
            for place, rows in ((same, learning), (more, np.union1d(learning, tuning))):
                guess, confidence = logistic_regression(joined, labels, rows, test)
                place[0][test], place[1][test] = guess == labels[test], confidence
        mine, peer, generous = judge(*ours), judge(*same), judge(*more)
        figure = f"{kind}, flipkart, 10-fold, accuracy / coverage at 98 %"
        met = all(a >= b - POINT for a, b in zip(mine, peer, strict=True))
        yield Row(figure, percent(mine), percent(peer), ">= peer - 0.5 each", met)
        yield Row("  … peer given the tuning rows too", "", percent(generous), "reported")
        yield Row("  … peer's figures in the issue", "", percent(PUBLISHED[kind]), "reported")


def make_features(
    kind: str, texts: list[str], pictures: Bottlenecks, learning: NDArray[np.int64]
) -> Features:
    """Return the features of a kind, with a vocabulary of the training rows alone."""
    mask = np.zeros(len(texts), bool)
    mask[learning] = True
    words = Features(words=vectorize(texts, mask).vectors) if kind != "images" else Features()
    return words | (Features(pictures=pictures) if kind != "words" else Features())


def join(features: Features, learning: NDArray[np.int64]) -> csr_matrix:
    """Return words and bottlenecks side by side for the peer, scaled as for the network."""
    blocks = [] if features.words is None else [features.words]
    if features.pictures is not None:
        rows = np.arange(len(features.pictures.rows))
        scaling = Scaling.fit(features.pictures, learning)
        blocks.append(csr_matrix(scaling.apply(features.pictures, rows)))
    return csr_matrix(hstack(blocks))
