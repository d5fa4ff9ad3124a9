"""How well a score tells products of no known category from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def auroc(score: NDArray[np.float64], outside: NDArray[np.bool_]) -> float:
    """Compute how often a product from outside scores above one from inside; a tie counts half.

    The area under the receiver operating characteristic (Mann and Whitney, Annals of Mathematical
    Statistics 18, 1947). score, outside: [n]. nan unless there are both kinds.
    """
    from scipy.stats import rankdata  # takes long to import

    positive = int(outside.sum())
    negative = len(outside) - positive
    if not positive or not negative:
        return float("nan")
    above = rankdata(score)[outside].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def false_positive_rate(
    score: NDArray[np.float64], outside: NDArray[np.bool_], recall: float = 0.95
) -> float:
    """Tell which share of the others is marked where at least so many from outside are.

    score, outside: [n]; equal scores are marked together. nan unless there are both kinds.
    """
    if not outside.any() or outside.all():
        return float("nan")
    ranked = np.sort(score[outside])[::-1]
    lowest = ranked[int(np.ceil(round(recall * len(ranked), 9))) - 1]
    return float((score[~outside] >= lowest).mean())


def marking_threshold(score: NDArray[np.float64], share: float) -> float:
    """Find the lowest score from which at most a share of some known products is marked.

    score: [n], of products from inside. inf where even the highest score would mark too many.
    """
    values, counts = np.unique(score, return_counts=True)
    marked = np.cumsum(counts[::-1])[::-1]  # with at least each value
    allowed = values[marked <= share * len(score)]
    return float(allowed[0]) if len(allowed) else float("inf")
