"""Novelty detection: how well a score separates novel products from those of known categories."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def auroc(score: NDArray[np.float64], novel: NDArray[np.bool_]) -> float:
    """Return how often a novel product scores above a known one; a tie counts half.

    The area under the receiver operating characteristic (Mann and Whitney, Annals of Mathematical
    Statistics 18, 1947). score, novel: [n]. nan unless there are both kinds.
    """
    from scipy.stats import rankdata  # takes long to import

    positive = int(novel.sum())
    negative = len(novel) - positive
    if not positive or not negative:
        return float("nan")
    above = rankdata(score)[novel].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def false_positive_rate(
    score: NDArray[np.float64], novel: NDArray[np.bool_], recall: float = 0.95
) -> float:
    """Return the share of known products marked at the threshold that reaches a recall.

    score, novel: [n]; products of equal score are marked together. nan unless there are both kinds.
    """
    if not novel.any() or novel.all():
        return float("nan")
    ranked = np.sort(score[novel])[::-1]
    threshold = ranked[int(np.ceil(round(recall * len(ranked), 9))) - 1]
    return float((score[~novel] >= threshold).mean())


def marking_threshold(score: NDArray[np.float64], share: float) -> float:
    """Return the lowest threshold that marks at most a share of known products.

    score: [n], of known products, marked where score >= threshold. inf if even the highest score
    would mark too many.
    """
    values, counts = np.unique(score, return_counts=True)
    marked = np.cumsum(counts[::-1])[::-1]  # with at least each value
    allowed = values[marked <= share * len(score)]
    return float(allowed[0]) if len(allowed) else float("inf")
