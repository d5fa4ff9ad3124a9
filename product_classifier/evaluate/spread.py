"""How numbers spread: what a box plot draws, of values that are many or counted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Box(NamedTuple):
    """The whiskers, the quartiles and the median of some values."""

    low: float  # 5 % are lower
    quarter: float
    median: float
    three_quarters: float
    high: float  # 5 % are higher


def box(values: NDArray[np.int64]) -> Box:
    """Measure values, [n], one or more: each quantile is one of them."""
    return Box(*np.quantile(values, SHARES, method="inverted_cdf").tolist())


def counted_box(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Box:
    """Measure values that occur so many times each, [n], in the same way."""
    return Box(*np.quantile(values, SHARES, weights=counts, method="inverted_cdf").tolist())
