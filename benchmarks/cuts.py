"""Real catalogues with their splits into training, tuning and test parts."""

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


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """A catalogue's products and splits; texts, labels and group are [products]."""

    texts: Sequence[str]
    labels: NDArray[np.int64]
    group: NDArray[np.int64]  # of duplicates
    pictures: Bottlenecks | None
    cuts: Sequence[tuple[Rows, Rows, Rows]]  # training, tuning and test rows of each split
    limit: int | None = None  # words read of each text; None: all

    @property
    def tested(self) -> Rows:
        """Return the rows of all test parts."""
        return np.concatenate([test for _, _, test in self.cuts])

    @property
    def read(self) -> Sequence[str]:
        """Return the texts, cut to the limit, for peers."""
        return [" ".join(text.split()[: self.limit]) for text in self.texts]


def read_catalogues(shared: Path, place: Path) -> dict[str, Catalogue]:
    """Return all catalogues by name, with Inception's bottlenecks of their pictures."""
    instacart, fashion = (
        read_catalogue(place / name, "--from", shared / "data" / name / "products.csv")
        for name in ("instacart", "fashion")
    )
    backbone = load_backbone(str(shared / "weights" / "inception_v3"))

    def pictures(images: Sequence[Image | None], folder: Path) -> Bottlenecks:
        bottlenecks = picture_features(images, folder, backbone, place / "cache").pictures
        assert bottlenecks
        return bottlenecks

    raw = read_flipkart(shared, place / "flipkart")
    flipkart = Catalogue(
        texts=raw.texts,
        labels=raw.labels,
        group=groups(raw.texts, raw.images),
        pictures=pictures(raw.images, raw.folder),
        cuts=list(folds(raw.where)),
    )
    dresses = split(fashion, pictures(fashion.images, place / "fashion" / "images"))
    return {
        "instacart": split(instacart),
        "flipkart": flipkart,
        "fashion": dresses,
        "fashion, 3 words": dataclasses.replace(dresses, limit=3),
    }


def split(dataset: Dataset, pictures: Bottlenecks | None = None) -> Catalogue:
    """Return a data set with its frozen split."""
    parts = np.array([item.part for item in dataset.items])
    texts = [item.text for item in dataset.items]
    cut = tuple(np.flatnonzero(parts == part) for part in ("train", "tuning", "test"))
    return Catalogue(
        texts=texts,
        labels=np.array([item.labels[0] for item in dataset.items]),
        group=groups(texts, dataset.images),
        pictures=pictures,
        cuts=[cut],  # type: ignore[list-item]
    )


def crossed(catalogue: Catalogue) -> Catalogue:
    """Return a catalogue with a cross-validation split, which tests each product once."""
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
    """Return the number of each product's duplicate group, [products]."""
    return np.array(duplicate_groups(texts, [image.sha256 if image else None for image in images]))
