"""The cheapest threshold, given the cost of an error and of checking a product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost per product of one threshold, in the unit of cost_error and cost_review."""

    threshold: float | None  # accept where score >= it; None: a person checks every product
    mean: float
    low: float
    high: float


def costs(
    score: NDArray[np.float64],
    right: NDArray[np.bool_],
    thresholds: Sequence[float | None],
    cost_error: float,
    cost_review: float,
    group: NDArray[np.int64] | None = None,
    seed: int = 0,
    rounds: int = 1000,
    confidence: float = 0.95,
) -> list[Cost]:
    """Return the cost of each threshold per product.

    The cost is (cost_error * wrong accepted + cost_review * not accepted) / n.

    score, right: [n], rows that chose neither the model nor the thresholds. cost_error: of a wrong
    product that is accepted. cost_review: of checking a product that is not accepted; a
    check leaves no error. group: [n], duplicate groups, which are drawn together; None: each
    product is a group. The interval is the percentile bootstrap's (Efron, Annals of Statistics 7,
    1979), with the same draws for every threshold; it is too short where few groups have errors.
    nan without products.

    Raises ValueError for a cost that is negative or not finite, and when both are 0.
    """
    prices = (cost_error, cost_review)
    if not all(0 <= price < math.inf for price in prices) or not any(prices):
        raise ValueError(f"costs must be finite, not negative and not both 0, not {prices}")
    if not len(score):
        return [Cost(threshold, math.nan, math.nan, math.nan) for threshold in thresholds]
    names = np.arange(len(score)) if group is None else group
    member = np.unique(names, return_inverse=True)[1]
    columns = [np.bincount(member)]
    for threshold in thresholds:
        accepted = score >= (math.inf if threshold is None else threshold)
        errors = np.bincount(member, accepted & ~right)
        columns.append(cost_error * errors + cost_review * np.bincount(member, ~accepted))
    kinds, times = _distinct(np.column_stack(columns))
    drawn = _resample(kinds, times, rounds, np.random.default_rng(seed))
    tail = (1 - confidence) / 2
    lows, highs = np.quantile(drawn, [tail, 1 - tail], axis=0)
    total = times @ kinds
    means = total[1:] / total[0]
    return [
        Cost(threshold, float(mean), float(low), float(high))
        for threshold, mean, low, high in zip(thresholds, means, lows, highs, strict=True)
    ]


def cheapest(choices: Sequence[Cost]) -> int:
    """Return the position of the lowest mean cost, the first one on ties; 0 if all are nan.

    Raises ValueError for an empty sequence.
    """
    return min(range(len(choices)), key=lambda k: choices[k].mean)


def _distinct(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distinct rows and how often each occurs."""
    rows = rows[np.lexsort(rows.T)]
    first = np.flatnonzero(np.append(True, (rows[1:] != rows[:-1]).any(axis=1)))
    return rows[first], np.diff(np.append(first, len(rows)))


def _resample(
    kinds: NDArray[np.float64], times: NDArray[np.int64], rounds: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the mean costs of groups drawn with replacement, [rounds, thresholds].

    kinds: [kinds, 1 + thresholds], size and costs. Groups of one kind are drawn as one number,
    which has the same distribution as drawing each.
    """
    groups = times.sum()
    totals = np.array([rng.multinomial(groups, times / groups) @ kinds for _ in range(rounds)])
    means: NDArray[np.float64] = totals[:, 1:] / totals[:, :1]
    return means
