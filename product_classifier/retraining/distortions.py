"""The distortions of TensorFlow's image retraining, so that a network learns from more pictures.

Like views, they depend on the picture's hash and a number alone: a training that was interrupted
sees what it would have seen.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageEnhance

VERSION = 1  # of all here: other ways of distorting are other pictures


@dataclass(frozen=True)
class Distortions:
    """How much a picture may be changed; nothing, where all of it is zero."""

    flip_left_right: bool = False  # every second one
    random_crop: int = 0  # per cent: how much larger than what is seen the picture is made
    random_scale: int = 0  # per cent: how much larger, at most, by chance
    random_brightness: int = 0  # per cent, at most, up or down
    random_rotation: int = 0  # degrees, at most, either way
    random_shear: int = 0  # degrees, at most, either way

    def __bool__(self) -> bool:
        return any(astuple(self))

    def seen(
        self, picture: PillowImage.Image, size: int, identity: str, number: int
    ) -> PillowImage.Image:
        """Show a picture, squashed to a square of a size, distorted.

        identity: of the picture; number: of its distorted versions. The same two give the same.
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
        """Draw everything, wanted or not, so that one distortion does not change the others."""
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
    """What happens to one picture."""

    flip: bool
    margin: float  # the picture's side over that of what is seen
    left: float  # share of what is cut off that is cut off there
    top: float
    brightness: float
    rotation: float  # radians
    shear: float


def _turned(picture: PillowImage.Image, rotation: float, shear: float) -> PillowImage.Image:
    """Turn about the middle, then slant; what comes into sight has the colour of the border."""
    cosine, sine, slant = math.cos(rotation), math.sin(rotation), math.tan(shear)
    # from the place of a pixel in the result to that in the picture
    a, b = cosine, sine - slant * cosine
    d, e = -sine, cosine + slant * sine
    x, y = picture.width / 2, picture.height / 2
    place = (a, b, x - a * x - b * y, d, e, y - d * x - e * y)
    method, smooth = PillowImage.Transform.AFFINE, PillowImage.Resampling.BILINEAR
    return picture.transform(
        picture.size, method, place, resample=smooth, fillcolor=_backdrop(picture)
    )


def _backdrop(picture: PillowImage.Image) -> tuple[int, ...]:
    """Tell the colour of the border: shops show products before one colour."""
    pixels = np.asarray(picture)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(value) for value in np.median(border, axis=0))
