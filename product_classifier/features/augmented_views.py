"""Reproducible augmented views of pictures, for a student network to learn from.

View 0 is the picture itself. Odd views are cropped, mirrored and recoloured; in even ones another
picture is mixed in as well (mixup or CutMix), so that the student also does well on pictures unlike
its training pictures. A view depends on the hashes of its pictures and on its number alone, so that
a teacher's bottleneck of a view can be cached.
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
MOST_STRETCHED = 4 / 3  # largest ratio of a crop's aspect ratio to the picture's
STRONGEST_COLOUR = 0.4  # largest relative change of brightness, contrast and saturation
VERSION = 1  # increase with every change to the distortions: it invalidates cached bottlenecks


class View(NamedTuple):
    """A view of a picture: the picture, the view's number, and the picture mixed in, if any."""

    image: Image
    number: int = 0
    mixup_partner: Image | None = None

    @property
    def key(self) -> str:
        """Return the hash that identifies the view; for view 0 it is the picture's own."""
        if not self.number:
            return str(self.image.sha256)
        mixed = f" with {self.mixup_partner.sha256}" if self.mixup_partner else ""
        return _hash(f"{self.image.sha256} view {self.number}{mixed} version {VERSION}")


def view(image: Image, number: int, mixup_partners: Sequence[Image]) -> View:
    """Return view `number` of a picture; an even view gets one of mixup_partners mixed in.

    mixup_partners: sorted by hash. Adding partners later changes few of the choices.
    """
    if not number or number % 2:
        return View(image, number)
    place = bisect(
        mixup_partners,
        _hash(f"{image.sha256} mate {number}"),
        key=lambda partner: str(partner.sha256),
    )
    return View(image, number, mixup_partners[place % len(mixup_partners)])


def apply_view(
    view: View, picture: PillowImage.Image, partner: PillowImage.Image | None = None
) -> PillowImage.Image:
    """Return the picture as the view shows it; partner: the decoded mixup partner, if any."""
    if not view.number:
        return picture
    rng = np.random.default_rng(int(view.key[:16], 16))
    picture = _distorted(picture, rng)
    return _mixed(picture, _distorted(partner, rng), rng) if partner else picture


def _distorted(picture: PillowImage.Image, rng: np.random.Generator) -> PillowImage.Image:
    """Return the picture randomly cropped, mirrored and recoloured."""
    picture = _crop(picture, rng)
    if rng.random() < 0.5:
        picture = picture.transpose(PillowImage.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        if rng.random() < 0.4:
            strength = rng.uniform(1 - STRONGEST_COLOUR, 1 + STRONGEST_COLOUR)
            picture = enhance(picture).enhance(strength)
    return picture


def _mixed(
    picture: PillowImage.Image, partner: PillowImage.Image, rng: np.random.Generator
) -> PillowImage.Image:
    """Blend the two pictures (mixup), or paste the shrunken partner onto the picture (CutMix)."""
    if rng.random() < 0.5:
        return PillowImage.blend(picture, partner.resize(picture.size), rng.uniform(0, 1))
    share = math.sqrt(rng.uniform(0.1, 0.6))  # of each side; 0.1 to 0.6 of the area
    width = max(1, round(picture.width * share))
    height = max(1, round(picture.height * share))
    left = int(rng.integers(picture.width - width + 1))
    top = int(rng.integers(picture.height - height + 1))
    picture = picture.copy()
    picture.paste(partner.resize((width, height)), (left, top))
    return picture


def _crop(picture: PillowImage.Image, rng: np.random.Generator) -> PillowImage.Image:
    area = rng.uniform(SMALLEST_CROP, 1)
    stretch = math.exp(rng.uniform(-1, 1) * math.log(MOST_STRETCHED))
    width = max(1, round(picture.width * min(1, math.sqrt(area * stretch))))
    height = max(1, round(picture.height * min(1, math.sqrt(area / stretch))))
    left = int(rng.integers(picture.width - width + 1))
    top = int(rng.integers(picture.height - height + 1))
    return picture.crop((left, top, left + width, top + height))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
