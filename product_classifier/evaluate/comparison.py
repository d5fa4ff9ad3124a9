"""Comparison of experiments on the same products: differences, their intervals and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from product_classifier.evaluate.certification import Evaluation

Statistic = Callable[[NDArray[np.float64]], float]  # of the weights of the products, [n]


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's test: the products that only one of two experiments predicts right."""

    only_first: int  # products
    only_second: int  # products
    p: float  # two-sided, exact


@dataclass(frozen=True, slots=True)
class Interval:
    """A statistic of all products and its 95 % confidence interval."""

    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences of a second experiment from a first one."""

    mcnemar: McNemar
    accuracy: Interval  # difference, -1 to 1
    coverage: dict[float, Interval]  # difference in hindsight, by target accuracy


@dataclass(frozen=True)
class LeaderboardEntry:
    """A row of the leaderboard: an experiment and its macro F1."""

    evaluation: Evaluation
    macro_f1: float | None  # None: an older version did not store all test predictions


Pairs = Mapping[tuple[int, int], Comparison]  # by the numbers of the experiments
Coverages = Mapping[int, Mapping[float, Interval]]  # in hindsight, by number and target
Scored = tuple[NDArray[np.float64], NDArray[np.bool_]]  # score [n], right [n]


def compare(
    first: Scored, second: Scored, group: NDArray[np.int64], targets: Sequence[float]
) -> Comparison:
    """Return the differences of two experiments; group: [n], duplicate groups of the products."""
    return Comparison(
        mcnemar(first[1], second[1]),
        paired_bootstrap(accuracy_difference(first[1], second[1]), group),
        {
            target: paired_bootstrap(coverage_difference(first, second, target), group)
            for target in targets
        },
    )


def coverage_interval(scored: Scored, group: NDArray[np.int64], target: float) -> Interval:
    """Return the coverage in hindsight at a target accuracy, and its interval."""
    return paired_bootstrap(_coverage(*scored, target), group)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test whether two experiments are equally accurate (McNemar, Psychometrika 12, 1947).

    first, second: [n], whether each is right about the same products. p is 1 if both
    are right about the same ones. The test assumes independent products, duplicates included.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    tail = bdtr(min(only_first, only_second), only_first + only_second, 0.5)
    return McNemar(only_first, only_second, min(1.0, 2 * float(tail)))


def paired_bootstrap(
    statistic: Statistic,
    group: NDArray[np.int64],
    rounds: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """Return the percentile interval of a statistic (Efron, Annals of Statistics 7, 1979).

    group: [n], the duplicate group of each product; groups are drawn with replacement, as many as
    there are. statistic: given how often each product was drawn, [n]. nan without products; a
    little too narrow below some 300 groups (93 % instead of 95 % held the truth with 100).
    """
    names, member = np.unique(group, return_inverse=True)
    groups = len(names)
    if not groups:
        return Interval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    drawn = np.empty(rounds)
    for k in range(rounds):
        times = np.bincount(rng.integers(groups, size=groups), minlength=groups)
        drawn[k] = statistic(times[member].astype(np.float64))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(statistic(np.ones(len(group))), float(low), float(high))


def accuracy_difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Statistic:
    """Return the gain in accuracy of the second experiment as a statistic, -1 to 1.

    first, second: [n], whether each is right about the same products. Some weight must be > 0.
    """
    gain = second.astype(np.float64) - first
    return lambda weights: float(weights @ gain / weights.sum())


def coverage_difference(first: Scored, second: Scored, target: float) -> Statistic:
    """Return the gain in coverage at a target accuracy as a statistic, -1 to 1.

    first, second: score [n] and right [n] of the same products. Each draw has its own
    thresholds, as in coverage(). Weights must be whole numbers, some > 0.
    """
    before, after = _coverage(*first, target), _coverage(*second, target)
    return lambda weights: after(weights) - before(weights)


def _coverage(score: NDArray[np.float64], right: NDArray[np.bool_], target: float) -> Statistic:
    """Return coverage() as a statistic of weights; products are ranked once."""
    tie = np.unique(-score, return_inverse=True)[1]

    def share(weights: NDArray[np.float64]) -> float:
        accepted = np.cumsum(np.bincount(tie, weights))
        hits = np.cumsum(np.bincount(tie, weights * right))
        reached = accepted[hits >= np.round(target * accepted, 9)]  # as coverage() compares
        return float(reached[-1] / accepted[-1]) if len(reached) else 0.0

    return share
