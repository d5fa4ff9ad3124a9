"""Accuracy at the leaf and one level above, for products with one or several true categories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from product_classifier.evaluate.coverage import Coverage, coverage
from product_classifier.predictions import Outcomes

TARGETS = (0.95, 0.98)


@dataclass(frozen=True, slots=True)
class LevelAccuracy:
    """Accuracy and coverage at one level of the category tree."""

    right: int
    total: int
    interval: tuple[float, float]  # 95 % confidence, exact
    coverage: dict[float, Coverage]  # by target accuracy

    @property
    def accuracy(self) -> float:
        """The share of predictions that are right; nan without any."""
        return self.right / self.total if self.total else float("nan")


@dataclass(frozen=True, slots=True)
class Figures:
    """Accuracy and coverage of an experiment."""

    leaf: LevelAccuracy
    parent: LevelAccuracy


def figures(outcomes: Outcomes) -> Figures:
    """Return the accuracy and coverage of an experiment's predictions.

    A product is right if its prediction is any of its true categories, and right one level above if
    the parent of its prediction is the parent of any of its true categories.
    """
    above = outcomes.above
    parents = np.zeros(max(above, default=0) + 1, dtype=np.int64)
    parents[list(above.keys())] = list(above.values())
    _, first, group = np.unique(outcomes.product, return_index=True, return_inverse=True)
    score = outcomes.score[first]
    same = outcomes.predicted == outcomes.true
    same_parent = parents[outcomes.predicted] == parents[outcomes.true]
    return Figures(
        leaf=_level(score, _any(group, same, len(first))),
        parent=_level(score, _any(group, same_parent, len(first))),
    )


def interval(right: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share; (0, 1) without observations."""
    tail = (1 - confidence) / 2
    low = betaincinv(right, total - right + 1, tail) if right else 0.0
    high = betaincinv(right + 1, total - right, 1 - tail) if right < total else 1.0
    return float(low), float(high)


def _any(group: NDArray[np.intp], rows: NDArray[np.bool_], groups: int) -> NDArray[np.bool_]:
    return np.bincount(group[rows], minlength=groups) > 0


def _level(score: NDArray[np.float64], right: NDArray[np.bool_]) -> LevelAccuracy:
    count, total = int(right.sum()), len(right)
    return LevelAccuracy(
        count,
        total,
        interval(count, total),
        {target: coverage(score, right, target) for target in TARGETS},
    )
