"""Views: the same distorted versions of a picture every time, for a network to learn from.

View 0 is the picture itself. What a view looks like depends on the picture's hash and the view's
number alone, so that a teacher's bottleneck of it can be cached.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageEnhance

SMALLEST_CROP = 0.25  # of the picture's area
MOST_STRETCHED = 4 / 3  # a crop's width over its height, compared with the picture's
STRONGEST_COLOUR = 0.4  # brightness, contrast and colour, as a share
VERSION = 1  # of all the above: other ways of distorting are other pictures


def view_key(sha256: str, view: int) -> str:
    """Name a view of a picture by a hash of its own; view 0 has the picture's."""
    if not view:
        return sha256
    return hashlib.sha256(f"{sha256} view {view} version {VERSION}".encode()).hexdigest()


def view_of(picture: PillowImage.Image, sha256: str, view: int) -> PillowImage.Image:
    """Crop, mirror and colour a picture; view 0 is left alone."""
    if not view:
        return picture
    chance = np.random.default_rng(int(view_key(sha256, view)[:16], 16))
    picture = _crop(picture, chance)
    if chance.random() < 0.5:
        picture = picture.transpose(PillowImage.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        if chance.random() < 0.4:
            strength = chance.uniform(1 - STRONGEST_COLOUR, 1 + STRONGEST_COLOUR)
            picture = enhance(picture).enhance(strength)
    return picture


def _crop(picture: PillowImage.Image, chance: np.random.Generator) -> PillowImage.Image:
    area = chance.uniform(SMALLEST_CROP, 1)
    stretch = math.exp(chance.uniform(-1, 1) * math.log(MOST_STRETCHED))
    width = max(1, round(picture.width * min(1, math.sqrt(area * stretch))))
    height = max(1, round(picture.height * min(1, math.sqrt(area / stretch))))
    left = int(chance.integers(picture.width - width + 1))
    top = int(chance.integers(picture.height - height + 1))
    return picture.crop((left, top, left + width, top + height))
