"""Views: the same distorted versions of a picture every time, for a network to learn from.

View 0 is the picture itself; every second of the others has another picture mixed in, for a network
that has to do well on pictures unlike those it learns from. What a view looks like depends on the
pictures' hashes and its number alone, so that a teacher's bottleneck of it can be cached.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageEnhance

from product_classifier.records import Image

SMALLEST_CROP = 0.25  # of the picture's area
MOST_STRETCHED = 4 / 3  # a crop's width over its height, compared with the picture's
STRONGEST_COLOUR = 0.4  # brightness, contrast and colour, as a share
VERSION = 1  # of all here: other ways of distorting are other pictures


class View(NamedTuple):
    """A picture as a network is to see it."""

    image: Image
    number: int = 0
    mate: Image | None = None  # to be mixed in

    @property
    def key(self) -> str:
        """Name it by a hash of its own; view 0 has the picture's."""
        if not self.number:
            return str(self.image.sha256)
        mixed = f" with {self.mate.sha256}" if self.mate else ""
        return _hash(f"{self.image.sha256} view {self.number}{mixed} version {VERSION}")


def view(image: Image, number: int, mates: Sequence[Image]) -> View:
    """Describe a view of a picture; mates, sorted by hash, are what may be mixed in.

    More mates later change few of the choices.
    """
    if not number or number % 2:
        return View(image, number)
    place = bisect(mates, _hash(f"{image.sha256} mate {number}"), key=lambda mate: str(mate.sha256))
    return View(image, number, mates[place % len(mates)])


def seen(
    view: View, picture: PillowImage.Image, mate: PillowImage.Image | None = None
) -> PillowImage.Image:
    """Show what the view is of a picture, and of its mate."""
    if not view.number:
        return picture
    chance = np.random.default_rng(int(view.key[:16], 16))
    picture = _distorted(picture, chance)
    return _mixed(picture, _distorted(mate, chance), chance) if mate else picture


def _distorted(picture: PillowImage.Image, chance: np.random.Generator) -> PillowImage.Image:
    """Crop, mirror and colour."""
    picture = _crop(picture, chance)
    if chance.random() < 0.5:
        picture = picture.transpose(PillowImage.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        if chance.random() < 0.4:
            strength = chance.uniform(1 - STRONGEST_COLOUR, 1 + STRONGEST_COLOUR)
            picture = enhance(picture).enhance(strength)
    return picture


def _mixed(
    picture: PillowImage.Image, mate: PillowImage.Image, chance: np.random.Generator
) -> PillowImage.Image:
    """Let one shine through the other, or lay a piece of one on the other."""
    if chance.random() < 0.5:
        return PillowImage.blend(picture, mate.resize(picture.size), chance.uniform(0, 1))
    share = math.sqrt(chance.uniform(0.1, 0.6))  # of the area
    width = max(1, round(picture.width * share))
    height = max(1, round(picture.height * share))
    left = int(chance.integers(picture.width - width + 1))
    top = int(chance.integers(picture.height - height + 1))
    picture = picture.copy()
    picture.paste(mate.resize((width, height)), (left, top))
    return picture


def _crop(picture: PillowImage.Image, chance: np.random.Generator) -> PillowImage.Image:
    area = chance.uniform(SMALLEST_CROP, 1)
    stretch = math.exp(chance.uniform(-1, 1) * math.log(MOST_STRETCHED))
    width = max(1, round(picture.width * min(1, math.sqrt(area * stretch))))
    height = max(1, round(picture.height * min(1, math.sqrt(area / stretch))))
    left = int(chance.integers(picture.width - width + 1))
    top = int(chance.integers(picture.height - height + 1))
    return picture.crop((left, top, left + width, top + height))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
