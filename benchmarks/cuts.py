"""The real catalogues, cut into parts to learn from, to tune on and to test on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.catalogues import read_catalogue
from benchmarks.folds import folds, read_flipkart
from benchmarks.peers import Rows
from product_classifier.backbones.backbone import load_backbone
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import picture_features
from product_classifier.models import cross_fitting
from product_classifier.models.split import duplicate_groups
from product_classifier.records import Dataset, Image

FOLDS = 5


@dataclass(frozen=True)
class Catalogue:
    """Products with the ways they are cut; every field but the last three is [products]."""

    texts: Sequence[str]
    labels: NDArray[np.int64]
    group: NDArray[np.int64]  # of duplicates
    pictures: Bottlenecks | None
    cuts: Sequence[tuple[Rows, Rows, Rows]]  # to learn from, to tune on, to test on
    limit: int | None = None  # words of a text that are read

    @property
    def tested(self) -> Rows:
        """The rows of all test parts."""
        return np.concatenate([test for _, _, test in self.cuts])

    @property
    def read(self) -> Sequence[str]:
        """The first words of the texts, which peers may read."""
        return [" ".join(text.split()[: self.limit]) for text in self.texts]


def read_catalogues(shared: Path, place: Path) -> dict[str, Catalogue]:
    """Read all of them into a place, their pictures as Inception's bottlenecks."""
    instacart, fashion = (
        read_catalogue(place / name, "--from", shared / "data" / name / "products.csv")
        for name in ("instacart", "fashion")
    )
    backbone = load_backbone(str(shared / "weights" / "inception_v3"))

    def pictures(images: Sequence[Image | None], folder: Path) -> Bottlenecks:
        found = picture_features(images, folder, backbone, place / "cache").pictures
        assert found
        return found

    found = read_flipkart(shared, place / "flipkart")
    flipkart = Catalogue(
        found.texts,
        found.labels,
        groups(found.texts, found.images),
        pictures(found.images, found.folder),
        list(folds(found.where)),
    )
    dressed = split(fashion, pictures(fashion.images, place / "fashion" / "images"))
    return {
        "instacart": split(instacart),
        "flipkart": flipkart,
        "fashion": dressed,
        "fashion, 3 words": dataclasses.replace(dressed, limit=3),
    }


def split(dataset: Dataset, pictures: Bottlenecks | None = None) -> Catalogue:
    """Cut a data set as its frozen split does."""
    parts = np.array([item.part for item in dataset.items])
    texts = [item.text for item in dataset.items]
    cut = tuple(np.flatnonzero(parts == part) for part in ("train", "tuning", "test"))
    return Catalogue(
        texts,
        np.array([item.labels[0] for item in dataset.items]),
        groups(texts, dataset.images),
        pictures,
        [cut],  # type: ignore[list-item]
    )


def crossed(catalogue: Catalogue) -> Catalogue:
    """Cut a whole catalogue into folds, so that each product is tested once."""
    fold, tuning = cross_fitting.cut([str(group) for group in catalogue.group], FOLDS)
    cuts = [
        (
            np.flatnonzero((fold != number) & ~tuning),
            np.flatnonzero((fold != number) & tuning),
            np.flatnonzero(fold == number),
        )
        for number in range(FOLDS)
    ]
    return dataclasses.replace(catalogue, cuts=cuts)


def groups(texts: Sequence[str], images: Sequence[Image | None]) -> NDArray[np.int64]:
    """Give the duplicate group of each product a number."""
    return np.array(duplicate_groups(texts, [image.sha256 if image else None for image in images]))
