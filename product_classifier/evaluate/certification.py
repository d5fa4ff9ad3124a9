"""Certified coverage of an experiment: thresholds from calibration rows, results on test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.accuracy import Figures, interval
from product_classifier.evaluate.audit import Audited
from product_classifier.evaluate.certificate import rows_needed
from product_classifier.evaluate.costs import Cost, cheapest, costs
from product_classifier.evaluate.curves import augrc, aurc, risk_coverage
from product_classifier.evaluate.hierarchy import accepted, certify_heights, right_answers
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
    best: bool  # whether it is the lowest on the calibration products


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
