"""Products of vectors that are the same whatever else is computed beside them.

A matrix product in floating point adds up in an order that depends on the kernel for this
processor, on threads, and on how many rows there are and which of them a row is. Its last digits
follow, and with them a score. Sums of whole numbers are the same in any order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BITS = 26  # of a vector's length; of two: 52, and a double holds whole numbers of 53 bits


class Whole(NamedTuple):
    """Vectors rounded to whole numbers of units."""

    counts: NDArray[np.float64]  # [n, width]
    units: NDArray[np.float64]  # [n, 1], a power of two for each vector


def whole(vectors: NDArray[Any]) -> Whole:
    """Round vectors, [n, width], each in a unit between 2^-26 of its length and twice that."""
    values = np.array(vectors, np.float64, order="C")
    lengths = np.sqrt(np.square(values).sum(axis=1, keepdims=True))
    units = np.ldexp(1.0, np.frexp(lengths)[1] - BITS)
    values /= units
    return Whole(np.rint(values, out=values), units)


def products(left: Whole, right: Whole) -> NDArray[np.float64]:
    """Compute the scalar products of n vectors with m others, [n, m].

    Row i and column j depend on left[i] and right[j] alone: no sum exceeds 2^53 (Cauchy and
    Schwarz), so that all of them are exact. The error, of the rounding alone, is below that of
    single precision.
    """
    return np.asarray(left.counts @ right.counts.T * left.units * right.units.T)
