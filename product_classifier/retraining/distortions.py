"""Random distortions of training pictures, as TensorFlow's image retraining has them.

A distortion depends on the picture's hash and the epoch alone, so a resumed training sees the same
distorted pictures as an uninterrupted one.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import astuple
from typing import NamedTuple

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageEnhance

from product_classifier.retraining.config import Distortions

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
