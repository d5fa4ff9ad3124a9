"""Products of vectors that are the same whatever else is computed beside them.

A matrix product in floating point adds up in an order that depends on the kernel for this
processor, on threads, and on how many rows there are and which of them a row is. Its last digits
follow, and with them a score. Sums of whole numbers are the same in any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 26  # of a vector's length; of two: 52, and a double holds whole numbers of 53 bits


def products(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """Compute the scalar products of some vectors with some others.

    left: [n, width]. right: [m, width]. Returns [n, m]: row i and column j depend on left[i] and
    right[j] alone. Each vector is rounded to whole numbers of a unit, a power of two that is at
    least 2^-26 of its length and at most twice that. No sum of their products then exceeds 2^53
    (Cauchy and Schwarz), so that all of them are exact; the error is below that of single
    precision.
    """
    (counts, units), (others, other_units) = _whole(left), _whole(right)
    return np.asarray(counts @ others.T * units * other_units.T)


def _whole(vectors: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give vectors as whole numbers, [n, width], of a unit for each, [n, 1]."""
    values = np.array(vectors, np.float64, order="C")
    lengths = np.sqrt(np.square(values).sum(axis=1, keepdims=True))
    units = np.ldexp(1.0, np.frexp(lengths)[1] - BITS)
    values /= units
    return np.rint(values, out=values), units
