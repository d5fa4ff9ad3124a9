"""Coverage at a target accuracy: the share of products that can be accepted by score alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

FEWEST_PLACES, MOST_PLACES = 4, 17  # of a threshold, short enough to copy


@dataclass(frozen=True, slots=True)
class Coverage:
    """The products accepted by the lowest threshold that keeps to a target accuracy."""

    share: float  # of all products, 0 to 1
    threshold: float | None  # accept where score >= this decimal; None: none reaches the target
    accepted: int
    right: int


def coverage(score: NDArray[np.float64], right: NDArray[np.bool_], target: float) -> Coverage:
    """Return the largest share that some threshold accepts with accuracy >= target, exactly.

    score: [n], 0 to 1. right: [n]. Products of equal score are accepted or refused together. The
    threshold is chosen on the rows it is reported on, in hindsight: no guarantee for other rows.
    """
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    hits = np.cumsum(right[order])
    accepted = np.arange(1, len(score) + 1)
    last_of_tie = np.append(ranked[1:] != ranked[:-1], True)[: len(score)]
    # a product of two integers, since 0.98 * 50 is not 49 in floating point
    reaches = np.flatnonzero(last_of_tie & (hits >= np.round(target * accepted, 9)))
    if not len(reaches):
        return Coverage(0.0, None, 0, 0)
    end = reaches[-1]
    below = ranked[end + 1] if end + 1 < len(ranked) else -math.inf
    threshold = shortest_decimal(float(below), float(ranked[end]))
    return Coverage(
        float(accepted[end] / len(score)), threshold, int(accepted[end]), int(hits[end])
    )


def shortest_decimal(below: float, lowest: float) -> float:
    """Return the shortest decimal of at least four places, above `below` and at most `lowest`."""
    for places in range(FEWEST_PLACES, MOST_PLACES):
        short = float(Decimal(str(lowest)).quantize(Decimal(1).scaleb(-places), ROUND_FLOOR))
        if below < short <= lowest:
            return short
    return lowest
