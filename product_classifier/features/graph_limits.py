"""How much a graph of pictures from elsewhere may take, added up before any of it is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

LARGEST_GRAPH = (
    400_000_000  # bytes of a file; ResNet101, the largest of Keras' networks, has 171 MB
)
LARGEST_DESCRIPTION = 4_000_000  # bytes of it that are no numbers; Inception v3 has 380,000
MOST_NODES = 20_000
LARGEST_SIDE = 1_024  # pixels of the pictures that it takes
LARGEST_TENSOR = 8_000_000  # values for a picture; VGG19 has 3.2 million
MOST_VALUES = 150_000_000  # of all tensors for a picture
MOST_CONSTANT = 100_000_000  # values of what is computed from constants alone
MOST_MULTIPLICATIONS = 25_000_000_000  # for a picture; VGG19 has 19.6 billion
BATCH_VALUES = 400_000_000  # of all tensors of a batch of pictures
BATCH_SIZES = (32, 8, 1)  # the largest that keeps to that


class Costs:
    """Adds up what the operations of a graph take, for one picture."""

    def __init__(self) -> None:
        self.values = 0
        self.constant = 0
        self.multiplications = 0

    def add(self, shape: Sequence[int], multiplications: int, constant: bool = False) -> None:
        """Count a tensor and what computing it takes; raises ValueError beyond a limit.

        constant: it does not depend on the picture.
        """
        size = math.prod(shape)
        self.multiplications += multiplications
        if constant:
            self.constant += size
        else:
            self.values += size
        for count, most, what in (
            (size, MOST_CONSTANT if constant else LARGEST_TENSOR, "values at once"),
            (self.values, MOST_VALUES, "values for a picture"),
            (self.constant, MOST_CONSTANT, "values of constants"),
            (self.multiplications, MOST_MULTIPLICATIONS, "multiplications for a picture"),
        ):
            if count > most:
                raise ValueError(f"it takes {count:,} {what}; {most:,} are the most")

    @property
    def batch_size(self) -> int:
        """How many pictures can be computed at once."""
        fitting = [size for size in BATCH_SIZES if size * self.values <= BATCH_VALUES]
        return max(fitting, default=1)


def square_side(shape: Sequence[Any]) -> int:
    """Tell the side in pixels of the pictures [n, side, side, 3] that a graph takes.

    Raises ValueError for a shape of anything else, and for huge pictures.
    """
    [_, height, width, colours] = shape if len(shape) == 4 else [None] * 4
    if not (isinstance(height, int) and 0 < height == width and colours == 3):
        raise ValueError(f"it takes {str(list(shape))[:60]}, no square pictures")
    if height > LARGEST_SIDE:
        raise ValueError(f"it takes pictures of {height:,} pixels; {LARGEST_SIDE:,} are the most")
    return height
