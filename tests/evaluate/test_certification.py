"""Thresholds are certified on the calibration part and measured on the test part."""

from __future__ import annotations

import dataclasses

import numpy as np

from product_classifier.evaluate.certificate import certify
from product_classifier.evaluate.certification import certify_experiment, rule_costs
from product_classifier.predictions import PredictedPaths

ABOVE = np.array([[0, -1], [1, 0], [2, 0], [3, -1]])  # 1 and 2 lie below 0, 3 below the root
TARGETS = (0.8, 0.95)


def part(seed: int, count: int = 600) -> PredictedPaths:
    """Products predicted as 1 that are 1, else 2, else 3, the more often 1 the higher the score."""
    rng = np.random.default_rng(seed)
    score = rng.random(count)
    truth = np.where(rng.random(count) < score, 1, rng.choice([2, 2, 2, 3], count))
    answers = np.tile([1, 0], (count, 1))
    scores = np.stack([score, 1 - (1 - score) / 4], axis=1)
    rows = np.arange(count)
    return PredictedPaths(
        product=rows,
        answers=answers,
        score=scores,
        uncalibrated=scores,
        row=rows,
        truth=truth,
        above=ABOVE,
    )


def test_thresholds_come_from_the_calibration_part_alone() -> None:
    calibration, test = part(0), part(1)
    first = certify_experiment(calibration, test, TARGETS, 0.95)
    second = certify_experiment(calibration, part(2, 50), TARGETS, 0.95)
    for target in TARGETS:
        kept = [promise.certificate for promise in first.levels[target]]
        assert kept == [promise.certificate for promise in second.levels[target]]
        right = calibration.truth == 1
        assert kept[0] == certify(calibration.score[:, 0], right, target, 0.95)


def test_the_test_part_is_counted_at_these_thresholds() -> None:
    calibration, test = part(0), part(1)
    [leaf, parent] = certify_experiment(calibration, test, (0.8,), 0.95).levels[0.8]
    assert leaf.certificate
    assert parent.certificate
    chosen = test.score[:, 0] >= leaf.certificate.threshold
    assert leaf.tested.accepted == chosen.sum()
    assert leaf.tested.right == (test.truth[chosen] == 1).sum()
    chosen = test.score[:, 1] >= parent.certificate.threshold
    assert parent.tested.right == (test.truth[chosen] != 3).sum()


def test_deepest_answers_leave_no_product_twice() -> None:
    calibration, test = part(0), part(1)
    judged = certify_experiment(calibration, test, (0.8,), 0.95)
    [leaf, parent] = judged.deepest[0.8]
    assert leaf.certificate == judged.levels[0.8][0].certificate
    assert leaf.tested.accepted + parent.tested.accepted <= len(test.product)
    assert parent.calibrated == 600 - leaf.certificate.accepted  # type: ignore[union-attr]


def test_the_best_rule_is_chosen_on_the_calibration_part_and_costed_on_the_test_part() -> None:
    calibration, test = part(0), part(1)
    judged = certify_experiment(calibration, test, TARGETS, 0.95)
    for error, review, best in ((100.0, 0.1, 1.0), (0.1, 100.0, 0.0), (1.0, 0.45, 0.8)):
        found = rule_costs(calibration, test, judged, error, review)
        assert [price.target for price in found if price.best] == [best]
    everything = found[-1].cost
    assert everything.mean == (test.truth != 1).mean()
    assert everything.low < everything.mean < everything.high
    assert found[0].cost.mean == 0.45


def test_an_empty_test_part_and_a_single_class_are_certified() -> None:
    one = dataclasses.replace(part(0), truth=np.ones(600, dtype=np.int64))
    judged = certify_experiment(one, part(1, 0), TARGETS, 0.95)
    for target in TARGETS:
        leaf = judged.levels[target][0]
        assert leaf.certificate
        assert leaf.certificate.accepted == 600
        assert leaf.tested.total == 0
    assert np.isnan(judged.aurc)
