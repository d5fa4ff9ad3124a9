"""Risk-coverage curves against a twin that tries every threshold and every order of ties."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier.evaluate.curves import RiskCoverage, augrc, aurc, risk_coverage, thin

Row = tuple[int, bool]  # score, right


def curve(rows: list[Row]) -> RiskCoverage:
    score, right = [row[0] for row in rows], [row[1] for row in rows]
    return risk_coverage(np.array(score, dtype=np.float64), np.array(right, dtype=bool))


def areas(rows: list[Row]) -> tuple[float, float]:
    """AURC and AUGRC, averaged over all orders of the rows that agree with the scores."""
    sums, orders = [0.0, 0.0], 0
    for shuffled in permutations(rows):
        orders += 1
        errors = 0
        for k, (_, hit) in enumerate(sorted(shuffled, key=lambda row: -row[0]), start=1):
            errors += not hit
            sums[0] += errors / k / len(rows)
            sums[1] += errors / len(rows) / len(rows)
    return sums[0] / orders, sums[1] / orders


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40))
def test_each_point_counts_what_its_threshold_accepts(rows: list[Row]) -> None:
    found = curve(rows)
    thresholds = sorted({score for score, _ in rows}, reverse=True)
    assert found.threshold.tolist() == thresholds
    accepted = [[hit for score, hit in rows if score >= threshold] for threshold in thresholds]
    assert found.accepted.tolist() == [len(hits) for hits in accepted]
    assert found.wrong.tolist() == [hits.count(False) for hits in accepted]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=5))
def test_the_areas_are_the_mean_over_all_orders_of_the_ties(rows: list[Row]) -> None:
    found = curve(rows)
    assert (aurc(found), augrc(found)) == pytest.approx(areas(rows))


@pytest.mark.parametrize(
    ("rows", "area", "generalised"),
    [
        ([(3, True), (2, True), (1, True)], 0, 0),
        ([(3, False), (2, False), (1, False)], 1, 2 / 3),
        ([(3, True), (2, True), (1, False)], 1 / 9, 1 / 9),
        ([(3, False), (2, True), (1, True)], (1 + 1 / 2 + 1 / 3) / 3, 1 / 3),
        ([(1, True), (1, False), (1, False), (1, True)], 1 / 2, 5 / 16),
        ([(1, True)], 0, 0),
        ([(1, False)], 1, 1),
    ],
    ids=["all right", "all wrong", "error last", "error first", "one tie", "right", "wrong"],
)
def test_errors_cost_more_the_higher_they_score(
    rows: list[Row], area: float, generalised: float
) -> None:
    found = curve(rows)
    assert (aurc(found), augrc(found)) == pytest.approx((area, generalised))


def test_without_products_there_are_no_points_and_areas_are_nan() -> None:
    found = curve([])
    assert len(found.threshold) == len(found.accepted) == len(found.wrong) == 0
    assert math.isnan(aurc(found))
    assert math.isnan(augrc(found))
    assert thin(found, 2) is found


def test_a_thinned_curve_keeps_its_ends_and_points_of_the_whole_one() -> None:
    rng = np.random.default_rng(0)
    score = rng.random(10_000).round(3)
    whole = risk_coverage(score, rng.random(10_000) < score)
    few = thin(whole, 100)
    assert 90 < len(few.accepted) <= 100
    points = list(zip(few.threshold, few.accepted, few.wrong, strict=True))
    every = list(zip(whole.threshold, whole.accepted, whole.wrong, strict=True))
    assert (points[0], points[-1]) == (every[0], every[-1])
    assert set(points) <= set(every)
    assert np.diff(few.accepted).max() < 2 * 10_000 / 100
    assert aurc(few) == pytest.approx(aurc(whole), abs=0.001)


def test_two_points_are_the_strictest_and_the_loosest_threshold() -> None:
    few = thin(curve([(4, True), (3, True), (2, False), (1, True)]), 2)
    assert (few.threshold.tolist(), few.accepted.tolist()) == ([4, 1], [1, 4])


def test_a_curve_that_is_short_enough_stays_as_it_is() -> None:
    short = curve([(4, True), (3, True), (2, False)])
    assert thin(short, 3) is short
