"""Labelled pictures as a network in training reads them: distorted anew in each epoch, or as maps.

What the frozen part of a network gives for an undistorted picture is the same in every epoch, so
it is computed once and kept, memory-mapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.runtime import load_keras
from product_classifier.console import SILENT, Console
from product_classifier.features.augmented_views import View
from product_classifier.features.bottlenecks import (
    DECODERS,
    Bottlenecks,
    ahead,
    bottleneck_cache,
    bottlenecks,
    chunks,
    read_view,
    to_square,
)
from product_classifier.features.dataset_features import Features
from product_classifier.records import Image
from product_classifier.retraining.distortions import Distortions
from product_classifier.retraining.trainable_network import Plan, Tunable

READ_AHEAD = 4  # batches
MOST_GIGABYTES = 8  # of what the frozen part gives; more is computed anew in each epoch


@dataclass(frozen=True)
class Album:
    """Pictures, their labels, and which of them are learned from and tuned on."""

    images: Sequence[Image]  # files below folder
    folder: Path
    label_of: NDArray[np.int64]  # [images]
    rows: Mapping[str, NDArray[np.int64]]  # of each part, those that can be read
    labels: Sequence[str]
    console: Console = SILENT

    @property
    def identities(self) -> dict[str, list[tuple[str | None, int]]]:
        """The hash and the label of each picture in each part."""
        return {
            part: [(self.images[row].sha256, int(self.label_of[row])) for row in rows.tolist()]
            for part, rows in self.rows.items()
        }


class Source(Protocol):
    """What gives a network its inputs."""

    def batches(
        self, rows: NDArray[np.int64], size: int, epoch: int | None, label: str
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Give the inputs of some rows with these rows, at most size at once.

        epoch: another distortion in each; None: no distortion. label: of the progress that is
        shown, "" for none.
        """


@dataclass(frozen=True)
class Squares:
    """Pictures, decoded and distorted on threads: uint8 [n, pixels, pixels, 3]."""

    album: Album
    pixels: int
    distortions: Distortions
    seed: int

    def batches(
        self, rows: NDArray[np.int64], size: int, epoch: int | None, label: str
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Read pictures, as they are or as an epoch distorts them."""
        album = self.album

        def square(row: int) -> NDArray[np.uint8]:
            image = album.images[row]
            picture = read_view(View(image), album.folder)
            if epoch is None or not self.distortions:
                return to_square(picture, self.pixels)
            identity = f"{image.sha256} {self.seed}"
            return np.asarray(self.distortions.seen(picture, self.pixels, identity, epoch))

        with ThreadPoolExecutor(DECODERS) as decoders:
            read = ahead(decoders, READ_AHEAD * size, square, rows.tolist())
            console = album.console if label else SILENT
            for number, batch in enumerate(chunks(console.progress(read, label, len(rows)), size)):
                yield rows[number * size :][: len(batch)], np.stack(batch)


@dataclass(frozen=True)
class Maps:
    """What the frozen part of a network gives, float32 [n, values]."""

    album: Album
    given: Bottlenecks  # [images]

    def batches(
        self, rows: NDArray[np.int64], size: int, epoch: int | None, label: str
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Read maps, the same in every epoch."""
        console = self.album.console if label else SILENT
        for batch in chunks(console.progress(rows.tolist(), label, len(rows)), size):
            some = np.array(batch)
            yield some, self.given[some]


def choose_source(
    tunable: Tunable,
    plan: Plan,
    album: Album,
    features: Features,
    cache_path: Path,
    console: Console = SILENT,
) -> tuple[Any, Source]:
    """Choose what is read in each epoch, and the network that takes it.

    features: the bottlenecks of all pictures; what else of the frozen part can be kept is computed
    here, below cache_path.
    """
    squares = Squares(album, tunable.backbone.size, plan.distortions, plan.seed)
    if plan.distortions:
        return tunable.model, squares
    count = tunable.trained_blocks(plan.part)
    if not count and features.pictures:
        given = load_keras().Input((features.pictures.width,))
        return load_keras().Model(given, given), Maps(album, features.pictures)
    cut = tunable.cut(count)
    if cut is None or len(album.images) * cut.trunk.width * 4 / 1e9 > MOST_GIGABYTES:
        return tunable.model, squares
    size = len(album.images) * cut.trunk.width * 4 / 1e9
    console.say(f"what the frozen blocks give is kept in {cache_path}: {size:.1f} GB")
    cache = bottleneck_cache(cache_path, cut.trunk, console)
    kept = bottlenecks(album.images, album.folder, cut.trunk, cache, album.console)
    return cut.tail, Maps(album, kept)
