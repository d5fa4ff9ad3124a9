"""Certified coverage of an experiment: thresholds from calibration rows, results on test rows.

With the cost of an error and of checking a product, the cheapest threshold, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.accuracy import Figures, interval
from product_classifier.evaluate.audit import Audited
from product_classifier.evaluate.certificate import (
    accepted,
    certify_heights,
    right_answers,
    rows_needed,
)
from product_classifier.evaluate.curves import augrc, aurc, risk_coverage
from product_classifier.evaluate.reliability import Reliability, reliability
from product_classifier.predictions import Certificate, PredictedPaths, Summary


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """The test products that a threshold accepts, and how many of these are right."""

    accepted: int
    right: int
    total: int  # accepted or not
    interval: tuple[float, float]  # of the accuracy of the accepted, 95 % confidence


@dataclass(frozen=True, slots=True)
class LevelCertification:
    """The certificate of the predictions at one height, if there is one."""

    certificate: Certificate | None
    calibrated: int  # calibration products on which it was, or could not be, certified
    needed: int | None  # calibration products that would suffice; None: unknown, or certified
    tested: ThresholdResult


@dataclass(frozen=True, slots=True)
class RuleCost:
    """The cost of filing products by one rule: a certified threshold, everything, or nothing."""

    target: float  # that the threshold is certified for; 1: file nothing, 0: file everything
    cost: Cost  # on the test products
    best: bool  # whether this cost is the lowest on the calibration products


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """The certificates of an experiment, and the quality of its scores."""

    levels: dict[float, list[LevelCertification]]  # by target, each height for all products
    deepest: dict[float, list[LevelCertification]]  # by target, each product at its lowest height
    before: Reliability  # of the test products' leaves, with uncalibrated scores
    after: Reliability  # with calibrated scores
    aurc: float
    augrc: float
    rule_costs: Sequence[RuleCost] = ()  # where --cost-error and --cost-review are given


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """An experiment with its accuracy, its certified coverage and its audit."""

    experiment: Summary
    figures: Figures
    certification: Certification | None  # None: there are no calibration rows
    audit: Audited | None = None  # None: no person has decided an audit sample
    undecided: int = 0  # products of the audit sample without decision

    @property
    def thresholds(self) -> dict[float, float]:
        """The certified thresholds of leaves, by target; targets without certificate are absent."""
        levels = self.certification.levels if self.certification else {}
        certificates = {target: leaf.certificate for target, (leaf, *_) in levels.items()}
        return {target: leaf.threshold for target, leaf in certificates.items() if leaf}


def certify_experiment(
    calibration: PredictedPaths, test: PredictedPaths, targets: Sequence[float], confidence: float
) -> Certification:
    """Certify thresholds on the calibration part alone, and count what they accept of the test."""
    calibration_part, test_part = _part(calibration), _part(test)
    levels, deepest = (
        {
            target: _level_certifications(
                calibration_part, test_part, target, confidence, leftover=leftover
            )
            for target in targets
        }
        for leftover in (False, True)
    )
    score, right = test_part.score[:, 0], test_part.right[:, 0]
    curve = risk_coverage(score, right)
    return Certification(
        levels=levels,
        deepest=deepest,
        before=reliability(test.uncalibrated[:, 0], right),
        after=reliability(score, right),
        aurc=aurc(curve),
        augrc=augrc(curve),
    )


def rule_costs(
    calibration: PredictedPaths,
    test: PredictedPaths,
    certification: Certification,
    cost_error: float,
    cost_review: float,
) -> list[RuleCost]:
    """Return the cost of filing by each certified threshold of leaves, of nothing, of everything.

    The calibration part decides which rule is best; the costs are those on the test part.
    """
    thresholds: dict[float, float | None] = {1.0: None}
    for target, (leaf, *_) in certification.levels.items():
        if leaf.certificate:
            thresholds[target] = leaf.certificate.threshold
    thresholds[0.0] = 0.0
    by_calibration, by_test = (
        costs(
            *leaf_scores(part),
            thresholds=list(thresholds.values()),
            cost_error=cost_error,
            cost_review=cost_review,
        )
        for part in (calibration, test)
    )
    best = cheapest(by_calibration)
    return [
        RuleCost(target, cost, number == best)
        for number, (target, cost) in enumerate(zip(thresholds, by_test, strict=True))
    ]


def leaf_scores(part: PredictedPaths) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the score of each product's predicted leaf, [n], and whether it is right, [n]."""
    score, right = _part(part)
    return score[:, 0], right[:, 0]


class _Part(NamedTuple):
    """The products of a part of the split, [n, heights]."""

    score: NDArray[np.float64]
    right: NDArray[np.bool_]


def _part(part: PredictedPaths) -> _Part:
    return _Part(part.score, right_answers(part.answers, part.row, part.truth, part.above))


def _level_certifications(
    calibration: _Part, test: _Part, target: float, confidence: float, *, leftover: bool
) -> list[LevelCertification]:
    """Certify each height; leftover: only for the products that no lower height answers."""
    certificates = certify_heights(*calibration, target, confidence, leftover=leftover)
    answered = accepted(calibration.score, certificates, leftover=leftover)
    accepted_tests = accepted(test.score, certificates, leftover=leftover)
    levels = []
    for height, certificate in enumerate(certificates):
        rows = ~np.isnan(calibration.score[:, height])
        if leftover:
            rows &= ~answered[:, :height].any(axis=1)
        needed = None
        if certificate is None:
            score, right = calibration.score[rows, height], calibration.right[rows, height]
            needed = rows_needed(score, right, target, confidence)
        count = int(accepted_tests[:, height].sum())
        hits = int((accepted_tests & test.right)[:, height].sum())
        result = ThresholdResult(count, hits, len(accepted_tests), interval(hits, count))
        levels.append(LevelCertification(certificate, int(rows.sum()), needed, result))
    return levels


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
