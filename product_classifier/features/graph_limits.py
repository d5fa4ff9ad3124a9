"""Limits of memory and work for a graph from elsewhere, added up before it is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

LARGEST_GRAPH = (
    400_000_000  # bytes of a file; ResNet101, the largest of Keras' networks, has 171 MB
)
LARGEST_DESCRIPTION = 20_000_000  # bytes, decoded, of what is no numbers; ResNet101 has 8 million
MOST_NODES = 20_000
LARGEST_SIDE = 1_024  # pixels of the pictures that it takes
LARGEST_TENSOR = 8_000_000  # values for a picture; VGG19 has 3.2 million
MOST_CONSTANT = 100_000_000  # values of what is computed from constants alone
MOST_MULTIPLICATIONS = 25_000_000_000  # for a picture; VGG19 has 19.6 billion
MOST_VALUES = 400_000_000  # of all tensors for a batch of pictures
BATCH_SIZES = (32, 8, 4, 1)  # the largest that keeps to that is taken


class TooLargeError(ValueError):
    """A graph takes too much for a batch of this size."""


class Costs:
    """Adds up what the operations of a graph take for a batch of pictures."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._values = self._constant = self._multiplications = 0

    def add(self, shape: Sequence[int], multiplications: int, constant: bool = False) -> None:
        """Count a tensor and what computing it takes; raises TooLargeError beyond a limit.

        constant: it does not depend on the pictures.
        """
        size = math.prod(shape)
        self._multiplications += multiplications
        if constant:
            self._constant += size
        else:
            self._values += size
        for count, most, what in (
            (size, MOST_CONSTANT if constant else LARGEST_TENSOR * self._batch_size, "at once"),
            (self._values, MOST_VALUES, "in all"),
            (self._constant, MOST_CONSTANT, "of constants"),
            (self._multiplications, MOST_MULTIPLICATIONS * self._batch_size, "to multiply"),
        ):
            if count > most:
                raise TooLargeError(f"it has {count:,} values {what}; {most:,} are the most")


def largest_batch(add_up: Callable[[int], T]) -> tuple[int, T]:
    """Return how many pictures can be computed at once, and what add_up gives for that many.

    Raises TooLargeError where a single one takes too much.
    """
    for batch_size in BATCH_SIZES[:-1]:
        try:
            return batch_size, add_up(batch_size)
        except TooLargeError:
            continue
    return BATCH_SIZES[-1], add_up(BATCH_SIZES[-1])


def square_side(shape: Sequence[Any]) -> int:
    """Return the side in pixels of the pictures [n, side, side, 3] that a graph takes.

    Raises ValueError for a shape of anything else, and for huge pictures.
    """
    [_, height, width, colours] = shape if len(shape) == 4 else [None] * 4
    if not (isinstance(height, int) and 0 < height == width and colours == 3):
        raise ValueError(f"it takes {str(list(shape))[:60]}, no square pictures")
    if height > LARGEST_SIDE:
        raise ValueError(f"it takes pictures of {height:,} pixels; {LARGEST_SIDE:,} are the most")
    return height
