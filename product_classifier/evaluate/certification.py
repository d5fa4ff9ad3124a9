"""What the calibration part lets one promise of an experiment, and what it comes to on tests."""

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
    """What a threshold comes to on the test products."""

    accepted: int
    right: int
    total: int  # accepted or not
    interval: tuple[float, float]  # of the accuracy of the accepted, 95 % confidence


@dataclass(frozen=True, slots=True)
class LevelCertification:
    """What can be promised of the answers at a height."""

    certificate: Certificate | None
    calibrated: int  # calibration products it could be certified on
    needed: int | None  # how many of them would do; None: no number, or there is a certificate
    tested: ThresholdResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """What an experiment's scores are worth."""

    levels: dict[
        float, list[LevelCertification]
    ]  # by target: if each height were to answer all products
    deepest: dict[
        float, list[LevelCertification]
    ]  # by target: if each product is answered as low as can be
    before: Reliability  # of the test products' leaves, with scores as the network has them
    after: Reliability  # with calibrated scores
    aurc: float
    augrc: float
    rule_costs: Sequence[RuleCost] = ()  # where costs are known


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """An experiment and what it is worth."""

    experiment: Summary
    figures: Figures
    certification: Certification | None  # None: there are no calibration rows
    audit: Audited | None = None  # None: no sample has been decided by a person
    undecided: int = 0  # products of its audit sample that nobody has decided yet

    @property
    def thresholds(self) -> dict[float, float]:
        """What leaves are accepted from, by the targets that could be certified."""
        levels = self.certification.levels if self.certification else {}
        kept = {target: leaf.certificate for target, (leaf, *_) in levels.items()}
        return {target: found.threshold for target, found in kept.items() if found}


def certify_experiment(
    calibration: PredictedPaths, test: PredictedPaths, targets: Sequence[float], confidence: float
) -> Certification:
    """Certify by the calibration part alone, and tell what it comes to on the test part."""
    known, tested = _part(calibration), _part(test)
    levels, deepest = (
        {target: _promises(known, tested, target, confidence, leftover) for target in targets}
        for leftover in (False, True)
    )
    score, right = tested.score[:, 0], tested.right[:, 0]
    curve = risk_coverage(score, right)
    return Certification(
        levels=levels,
        deepest=deepest,
        before=reliability(test.uncalibrated[:, 0], right),
        after=reliability(score, right),
        aurc=aurc(curve),
        augrc=augrc(curve),
    )


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What it costs to file products by a threshold."""

    target: float  # that the threshold is certified for; 1: nothing is filed, 0: everything
    cost: Cost  # on the test products
    best: bool  # the lowest on the calibration products


def rule_costs(
    calibration: PredictedPaths,
    test: PredictedPaths,
    judged: Certification,
    cost_error: float,
    cost_review: float,
) -> list[RuleCost]:
    """Price the certified thresholds of leaves, and filing nothing and everything.

    Which is best is told by the calibration part, what it costs by the test part.
    """
    thresholds: dict[float, float | None] = {1.0: None}
    for target, (leaf, *_) in judged.levels.items():
        if leaf.certificate:
            thresholds[target] = leaf.certificate.threshold
    thresholds[0.0] = 0.0
    found = []
    for part in (calibration, test):
        leaves = leaf_scores(part)
        found.append(costs(*leaves, list(thresholds.values()), cost_error, cost_review))
    best = cheapest(found[0])
    return [
        RuleCost(target, cost, number == best)
        for number, (target, cost) in enumerate(zip(thresholds, found[1], strict=True))
    ]


def leaf_scores(part: PredictedPaths) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Tell the score of each product's leaf, [n], and whether it is right, [n]."""
    score, right = _part(part)
    return score[:, 0], right[:, 0]


class _Part(NamedTuple):
    """Products of a part of the split, [n, heights]."""

    score: NDArray[np.float64]
    right: NDArray[np.bool_]


def _part(part: PredictedPaths) -> _Part:
    return _Part(part.score, right_answers(part.answers, part.row, part.truth, part.above))


def _promises(
    known: _Part, tested: _Part, target: float, confidence: float, leftover: bool
) -> list[LevelCertification]:
    certificates = certify_heights(*known, target, confidence, leftover=leftover)
    answered = accepted(known.score, certificates, leftover=leftover)
    on_tests = accepted(tested.score, certificates, leftover=leftover)
    promises = []
    for height, certificate in enumerate(certificates):
        rows = ~np.isnan(known.score[:, height])
        if leftover:
            rows &= ~answered[:, :height].any(axis=1)
        needed = None
        if certificate is None:
            score, right = known.score[rows, height], known.right[rows, height]
            needed = rows_needed(score, right, target, confidence)
        count = int(on_tests[:, height].sum())
        hits = int((on_tests & tested.right)[:, height].sum())
        seen = ThresholdResult(count, hits, len(on_tests), interval(hits, count))
        promises.append(LevelCertification(certificate, int(rows.sum()), needed, seen))
    return promises
