"""Scalar products that do not depend on the processor, on threads or on the other rows.

A floating-point matrix product adds up in an order that depends on the kernel for the processor, on
threads, and on the number and position of the rows. Its last digits depend on that order, and with
them a score. Sums of integers are the same in any order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BITS = 26  # of a vector's length: products of two have 52, and doubles hold integers of 53 bits


class IntegerVectors(NamedTuple):
    """Vectors rounded to integer multiples of a power of two, one power per vector."""

    counts: NDArray[np.float64]  # [n, width], integers
    units: NDArray[np.float64]  # [n, 1], a power of two for each vector


def to_integers(vectors: NDArray[Any]) -> IntegerVectors:
    """Round vectors, [n, width], to multiples of a unit of 1 to 2 times 2^-26 of their length."""
    values = np.array(vectors, np.float64, order="C")
    lengths = np.sqrt(np.square(values).sum(axis=1, keepdims=True))
    units = np.ldexp(1.0, np.frexp(lengths)[1] - BITS)
    values /= units
    return IntegerVectors(np.rint(values, out=values), units)


def products(left: IntegerVectors, right: IntegerVectors) -> NDArray[np.float64]:
    """Return the scalar products of n vectors with m others, [n, m].

    Entry [i, j] depends on left[i] and right[j] alone: no sum exceeds 2^53 (Cauchy–Schwarz
    inequality), so that every sum is exact. The only error comes from rounding the vectors, and is
    below that of single precision.
    """
    return np.asarray(left.counts @ right.counts.T * left.units * right.units.T)
