"""Calibration: the accuracy of predictions beside their scores, and temperature scaling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 0.05, 20.0  # temperatures


@dataclass(frozen=True, slots=True)
class Reliability:
    """Accuracy beside the mean score, bin by bin, lowest scores first; [bins] each."""

    count: NDArray[np.int64]
    score: NDArray[np.float64]  # mean
    accuracy: NDArray[np.float64]

    @property
    def ece(self) -> float:
        """Expected calibration error, 0 to 1 (Guo et al., arXiv 1706.04599); nan if empty."""
        if not len(self.count):
            return float("nan")
        return float(np.average(np.abs(self.accuracy - self.score), weights=self.count))


def reliability(
    score: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15
) -> Reliability:
    """Return score and accuracy in bins of equal mass (arXiv 1508.05154).

    score: [n], 0 to 1. right: [n]. Equal scores share a bin, so that a tie across a cut goes to the
    bin above it: bins may then be fewer, and unequal.
    """
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    lowest = [part[0] for part in np.array_split(ranked, bins) if len(part)]
    start = np.unique(np.searchsorted(ranked, lowest))
    count = np.diff(np.append(start, len(ranked)))
    return Reliability(
        count,
        np.add.reduceat(ranked, start) / count,
        np.add.reduceat(right[order].astype(np.int64), start) / count,
    )


def fit_temperature(
    logits: NDArray[np.floating], labels: NDArray[np.integer], weights: NDArray[np.floating]
) -> float:
    """Return the T that minimises the mean negative log-likelihood of softmax(logits / T).

    Guo et al., arXiv 1706.04599. logits: [n, classes]. labels: [n], columns of logits; a product
    with several true labels has a row for each. weights: [n], >= 0. T is 0.05 to 20, and 1 without
    rows. If every row is right, the loss falls with T without end: T stops at 0.05, or where the
    loss is already 0 in floating point. No T changes which logit is largest.
    """
    from scipy.optimize import minimize_scalar  # takes long to import

    total = weights.sum(dtype=np.float64)
    if not total:
        return 1.0
    share = weights / total
    shifted = logits - logits.max(axis=1, keepdims=True)  # exp never overflows
    of_label = shifted[np.arange(len(labels)), labels]

    def loss(log_t: float) -> float:
        inverse = math.exp(-log_t)
        log_sum = np.log(np.exp(shifted * inverse).sum(axis=1))
        return float(share @ (log_sum - of_label * inverse))

    bounds = (math.log(LOWEST), math.log(HIGHEST))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)
