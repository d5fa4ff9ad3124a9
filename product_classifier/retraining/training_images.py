"""Labelled training pictures, and the two ways a network in training reads them.

Image inputs are decoded, and distorted, in each epoch. The feature maps that the frozen part of a
network computes from an undistorted picture are the same in every epoch, so they are computed once
and cached, memory-mapped.
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
from product_classifier.retraining.config import Distortions, FineTuningConfig
from product_classifier.retraining.distortions import distort
from product_classifier.retraining.trainable_network import TrainableNetwork

READ_AHEAD = 4  # batches
MOST_GIGABYTES = 8  # of cached feature maps; larger ones are computed in each epoch


@dataclass(frozen=True, kw_only=True)
class TrainingImages:
    """Pictures with their labels and their parts: train, tuning and test."""

    images: Sequence[Image]  # files below folder
    folder: Path
    label_of: NDArray[np.int64]  # [images]
    rows: Mapping[str, NDArray[np.int64]]  # part → readable pictures
    labels: Sequence[str]
    console: Console = SILENT

    @property
    def identities(self) -> dict[str, list[tuple[str | None, int]]]:
        """The SHA-256 and the label of each picture, by part; part of a checkpoint's key."""
        return {
            part: [(self.images[row].sha256, int(self.label_of[row])) for row in rows.tolist()]
            for part, rows in self.rows.items()
        }


class InputSource(Protocol):
    """A way to read the inputs of a network in training."""

    def batches(
        self, rows: NDArray[np.int64], size: int, epoch: int | None, label: str
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Yield batches: at most size of the rows, and their inputs.

        epoch: its number chooses the distortions; None: undistorted. label: of the progress that
        is shown, "" for none.
        """


@dataclass(frozen=True)
class ImageInputs:
    """Pictures as inputs, decoded and distorted on threads: uint8 [n, pixels, pixels, 3]."""

    labelled: TrainingImages
    pixels: int
    distortions: Distortions
    seed: int

    def batches(
        self, rows: NDArray[np.int64], size: int, epoch: int | None, label: str
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Yield batches of rows and their pictures, undistorted or distorted for an epoch."""
        labelled = self.labelled

        def square(row: int) -> NDArray[np.uint8]:
            image = labelled.images[row]
            picture = read_view(View(image), labelled.folder)
            if epoch is None or not self.distortions:
                return to_square(picture, self.pixels)
            identity = f"{image.sha256} {self.seed}"
            return np.asarray(distort(self.distortions, picture, self.pixels, identity, epoch))

        with ThreadPoolExecutor(DECODERS) as decoders:
            read = ahead(decoders, READ_AHEAD * size, square, rows.tolist())
            console = labelled.console if label else SILENT
            for number, batch in enumerate(chunks(console.progress(read, label, len(rows)), size)):
                yield rows[number * size :][: len(batch)], np.stack(batch)


@dataclass(frozen=True)
class FeatureMapInputs:
    """Feature maps of a network's frozen part as inputs, float32 [n, values]."""

    labelled: TrainingImages
    maps: Bottlenecks  # [images]

    def batches(
        self, rows: NDArray[np.int64], size: int, epoch: int | None, label: str
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Yield batches of rows and their feature maps, the same in every epoch."""
        console = self.labelled.console if label else SILENT
        for batch in chunks(console.progress(rows.tolist(), label, len(rows)), size):
            batch_rows = np.array(batch)
            yield batch_rows, self.maps[batch_rows]


def choose_source(
    trainable: TrainableNetwork,
    config: FineTuningConfig,
    labelled: TrainingImages,
    features: Features,
    *,
    cache_path: Path,
    console: Console = SILENT,
) -> tuple[Any, InputSource]:
    """Return the network to train and the source of its inputs.

    These are the whole network with image inputs, or its trained part with feature maps, which are
    computed here and cached in cache_path. features: the bottlenecks of all pictures.
    """
    images = ImageInputs(labelled, trainable.backbone.size, config.distortions, config.seed)
    if config.distortions:
        return trainable.model, images
    count = trainable.trained_blocks(config.part)
    if not count and features.pictures:
        maps = load_keras().Input((features.pictures.width,))
        return load_keras().Model(maps, maps), FeatureMapInputs(labelled, features.pictures)
    cut = trainable.cut(count)
    if cut is None or len(labelled.images) * cut.trunk.width * 4 / 1e9 > MOST_GIGABYTES:
        return trainable.model, images
    size = len(labelled.images) * cut.trunk.width * 4 / 1e9
    console.say(f"feature maps of the frozen blocks are cached in {cache_path}: {size:.1f} GB")
    cache = bottleneck_cache(cache_path, cut.trunk, console)
    maps = bottlenecks(labelled.images, labelled.folder, cut.trunk, cache, labelled.console)
    return cut.tail, FeatureMapInputs(labelled, maps)
