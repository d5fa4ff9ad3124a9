"""Random distortions of training pictures, as TensorFlow's image retraining has them.

A distortion depends on the picture's hash and the epoch alone, so a resumed training sees the same
distorted pictures as an uninterrupted one.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageEnhance

VERSION = 1  # of the distortions below; part of the seed


@dataclass(frozen=True, kw_only=True)
class Distortions:
    """Upper limits of the random changes to a picture; all zero means no distortion."""

    flip_left_right: bool = False  # mirror half of the pictures
    random_crop: int = 0  # per cent that the picture is larger than the crop
    random_scale: int = 0  # per cent that it is enlarged further, at most
    random_brightness: int = 0  # per cent, at most, up or down
    random_rotation: int = 0  # degrees, at most, either way
    random_shear: int = 0  # degrees, at most, either way

    def __bool__(self) -> bool:
        return any(astuple(self))

    def distort(
        self, picture: PillowImage.Image, size: int, identity: str, number: int
    ) -> PillowImage.Image:
        """Return a distorted picture, squashed to a square of size pixels a side.

        identity, number: of the picture and of its distorted version; the same two give the same
        result.
        """
        name = f"{identity} distortion {number} of {astuple(self)} version {VERSION}"
        seed = int(hashlib.sha256(name.encode()).hexdigest()[:16], 16)
        chosen = self._choose(np.random.default_rng(seed))
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

    def _choose(self, chance: np.random.Generator) -> _Chosen:
        """Draw all random numbers, used or not, so that one option does not change the others."""
        flip, left, top, scale, brightness, rotation, shear = chance.random(7).tolist()
        return _Chosen(
            flip=self.flip_left_right and flip < 0.5,
            margin=(1 + self.random_crop / 100) * (1 + self.random_scale / 100 * scale),
            left=left,
            top=top,
            brightness=1 + self.random_brightness / 100 * (2 * brightness - 1),
            rotation=math.radians(self.random_rotation * (2 * rotation - 1)),
            shear=math.radians(self.random_shear * (2 * shear - 1)),
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
