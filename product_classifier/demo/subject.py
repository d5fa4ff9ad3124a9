"""What a drawing function is given: a canvas, the material and the shape of one product."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from product_classifier.demo.canvas import Canvas
from product_classifier.demo.palette import Colour, contrast, darker
from product_classifier.demo.patterns import Cloth


@dataclass(frozen=True, slots=True)
class Subject:
    """One product to draw; shape holds the parameters that looks.py drew for it."""

    canvas: Canvas
    cloth: Cloth
    trim: Colour  # collars, straps, soles: whatever is of another colour
    shape: Mapping[str, float]
    rng: random.Random  # for what no text mentions: folds, sparkle

    @property
    def seam(self) -> Colour:
        """The colour of seams and hems, visible on the cloth."""
        return contrast(self.cloth.colour, 0.3)

    @property
    def inside(self) -> Colour:
        """The colour of the cloth's shaded inner side."""
        return darker(self.cloth.colour, 0.45)

    def has(self, feature: str) -> bool:
        """Whether a feature of the shape, given from 0 to 1, is there at all."""
        return self.shape.get(feature, 0.0) > 0.5
