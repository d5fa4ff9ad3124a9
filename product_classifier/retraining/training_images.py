"""Labelled training pictures, and the two ways a network in training reads them.

Image inputs are decoded, and distorted, in each epoch. The feature maps that the frozen part of a
network computes from an undistorted picture are the same in every epoch, so they are computed once
and cached, memory-mapped.

Distortions are those of TensorFlow's image retraining. A distortion depends on the picture's hash
and the epoch alone, so a resumed training sees the same pictures as an uninterrupted one.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageEnhance

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


VERSION = 1  # of the distortions below; part of the seed


def distort(
    distortions: Distortions, picture: PillowImage.Image, size: int, identity: str, number: int
) -> PillowImage.Image:
    """Return a distorted picture, squashed to a square of size pixels a side.

    identity, number: of the picture and of its distorted version; the same two give the same
    result.
    """
    name = f"{identity} distortion {number} of {astuple(distortions)} version {VERSION}"
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:16], 16)
    chosen = _choose(distortions, np.random.default_rng(seed))
    if chosen.flip:
        picture = picture.transpose(PillowImage.Transpose.FLIP_LEFT_RIGHT)
    if chosen.rotation or chosen.shear:
        picture = _turned(picture, chosen.rotation, chosen.shear)
    width, height = (side / chosen.margin for side in picture.size)
    left = (picture.width - width) * chosen.left
    top = (picture.height - height) * chosen.top
    box = (left, top, left + width, top + height)
    picture = picture.resize((size, size), PillowImage.Resampling.BILINEAR, box)
    if chosen.brightness != 1:
        picture = ImageEnhance.Brightness(picture).enhance(chosen.brightness)
    return picture


def _choose(distortions: Distortions, chance: np.random.Generator) -> _Chosen:
    """Draw all random numbers, used or not, so that one option does not change the others."""
    flip, left, top, scale, brightness, rotation, shear = chance.random(7).tolist()
    return _Chosen(
        flip=distortions.flip_left_right and flip < 0.5,
        margin=(1 + distortions.random_crop / 100) * (1 + distortions.random_scale / 100 * scale),
        left=left,
        top=top,
        brightness=1 + distortions.random_brightness / 100 * (2 * brightness - 1),
        rotation=math.radians(distortions.random_rotation * (2 * rotation - 1)),
        shear=math.radians(distortions.random_shear * (2 * shear - 1)),
    )


class _Chosen(NamedTuple):
    """The distortion of one picture."""

    flip: bool
    margin: float  # the picture's side over that of the crop
    left: float  # share of the cut-off width that is cut off at the left
    top: float
    brightness: float
    rotation: float  # radians
    shear: float


def _turned(picture: PillowImage.Image, rotation: float, shear: float) -> PillowImage.Image:
    """Return a picture turned about its middle and sheared; gaps get the border's colour."""
    cosine, sine, slant = math.cos(rotation), math.sin(rotation), math.tan(shear)
    # maps the coordinates of a pixel in the result to those in the picture
    a, b = cosine, sine - slant * cosine
    d, e = -sine, cosine + slant * sine
    x, y = picture.width / 2, picture.height / 2
    place = (a, b, x - a * x - b * y, d, e, y - d * x - e * y)
    method, smooth = PillowImage.Transform.AFFINE, PillowImage.Resampling.BILINEAR
    return picture.transform(
        picture.size, method, place, resample=smooth, fillcolor=_backdrop(picture)
    )


def _backdrop(picture: PillowImage.Image) -> tuple[int, ...]:
    """Return the median colour of the border; shops show products before one colour."""
    pixels = np.asarray(picture)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(value) for value in np.median(border, axis=0))
