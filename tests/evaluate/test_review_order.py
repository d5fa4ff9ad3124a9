"""The order of review, on calibration parts whose wrong labels are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.certificate import certify
from product_classifier.evaluate.label_errors import review_order

COUNT = 1000
Floats = NDArray[np.float64]


def part(wrong: dict[int, float]) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Row k has the k-th highest score; wrong: which rows count as wrong, and how suspicious."""
    right = np.ones(COUNT, dtype=bool)
    suspicion = np.zeros(COUNT)
    for row, suspicious in wrong.items():
        right[row], suspicion[row] = False, suspicious
    return np.linspace(1, 0.5, COUNT), right, suspicion


def covered(right: NDArray[np.bool_], target: float) -> int:
    found = certify(np.linspace(1, 0.5, COUNT), right, target)
    return found.accepted if found else 0


def test_the_review_order_holds_every_error_once_and_nothing_else() -> None:
    drawn = np.random.default_rng(0)
    wrong = {int(row): drawn.random() for row in drawn.choice(COUNT, 80, replace=False)}
    order = review_order(*part(wrong), [0.95, 0.98])
    assert sorted(order.tolist()) == sorted(wrong)
    assert review_order(*part(wrong), [0.95, 0.98], most=7).tolist() == order[:7].tolist()


def test_errors_that_stop_a_target_come_before_other_errors() -> None:
    early = dict.fromkeys(range(0, 200, 20), 0.5)  # no threshold passes with these
    late = dict.fromkeys(range(900, 1000, 10), 0.9)
    order = review_order(*part(early | late), [0.98])
    assert set(order[:6].tolist()) <= set(early)


def test_of_errors_that_stop_the_same_the_most_suspicious_comes_first() -> None:
    wrong = {row: 0.01 * row for row in range(10, 60, 10)}
    order = review_order(*part(wrong), [0.98])
    assert order.tolist()[0] == 50


def test_without_errors_that_stop_a_target_the_most_suspicious_comes_first() -> None:
    assert review_order(*part({700: 0.2, 3: 0.1, 900: 0.9}), [0.9]).tolist() == [900, 700, 3]


def gains(seed: int) -> tuple[int, int]:
    """Look at 25 errors in this order and in that of confidence; what is then covered."""
    rng = np.random.default_rng(seed)
    mislabelled = rng.random(COUNT) < 0.05
    mistaken = rng.random(COUNT) < np.linspace(0, 0.06, COUNT)  # rarely where the score is high
    suspicion = np.clip(np.where(mislabelled, 0.8, 0.3) + rng.normal(0, 0.15, COUNT), 0, 1)
    right = ~(mislabelled | mistaken)
    order = review_order(np.linspace(1, 0.5, COUNT), right, suspicion, [0.95])
    by_confidence = np.flatnonzero(~right)
    found = []
    for looks in (order[:25], by_confidence[:25]):
        after = right.copy()
        after[looks] |= mislabelled[looks] & ~mistaken[looks]
        found.append(covered(after, 0.95))
    return found[0], found[1]


def test_the_review_order_gains_more_coverage_than_the_order_of_confidence() -> None:
    found = [gains(seed) for seed in range(10)]
    assert all(ours >= theirs for ours, theirs in found)
    assert sum(ours for ours, _ in found) > 1.05 * sum(theirs for _, theirs in found)


def test_a_part_without_errors_or_rows_needs_no_review() -> None:
    assert review_order(*part({}), [0.95]).tolist() == []
    nothing = np.zeros(0)
    assert review_order(nothing, nothing.astype(bool), nothing, [0.95]).tolist() == []
