"""Coverage against a twin that tries every threshold."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier.evaluate.coverage import Coverage, coverage


def every_threshold(score: list[float], right: list[bool], target: float) -> Coverage:
    best = Coverage(0.0, None, 0, 0)
    for threshold in score:
        accepted = [hit for value, hit in zip(score, right, strict=True) if value >= threshold]
        enough = sum(accepted) * 1000 >= round(target * 1000) * len(accepted)
        if enough and len(accepted) > best.accepted:
            share = len(accepted) / len(score)
            best = Coverage(share, threshold, len(accepted), sum(accepted))
    return best


rows = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60)


@settings(deadline=None)
@given(rows, st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.98, 1.0]))
def test_coverage_equals_that_of_trying_every_threshold(
    rows: list[tuple[int, bool]], target: float
) -> None:
    score = [value / 12 for value, _ in rows]
    right = [hit for _, hit in rows]
    found = coverage(np.array(score), np.array(right), target)
    twin = every_threshold(score, right, target)
    assert dataclasses.replace(found, threshold=None) == dataclasses.replace(twin, threshold=None)
    if found.threshold is not None:
        assert sum(value >= found.threshold for value in score) == found.accepted


@pytest.mark.parametrize(
    ("scores", "threshold"),
    [
        ([0.97319, 0.5], 0.9731),  # rounded to 0.9732 it would not accept its own product
        ([0.97319, 0.97315], 0.97319),
        ([1 - 1e-9, 1 - 2e-9], 0.999999999),
        ([1.0, 1 - 1e-16], 1.0),
        ([0.00001, 0.0], 0.00001),
    ],
)
def test_a_threshold_is_a_short_decimal_that_accepts_what_is_stated(
    scores: list[float], threshold: float
) -> None:
    found = coverage(np.array(scores), np.array([True, False]), 1.0)
    assert (found.threshold, found.accepted) == (threshold, 1)


def test_equal_scores_are_accepted_or_refused_together() -> None:
    found = coverage(np.array([0.9, 0.5, 0.5]), np.array([True, True, False]), 0.8)
    assert found == Coverage(1 / 3, 0.9, 1, 1)


def test_no_threshold_reaches_the_target_when_the_most_confident_are_wrong() -> None:
    found = coverage(np.array([0.9, 0.8]), np.array([False, True]), 0.95)
    assert found == Coverage(0.0, None, 0, 0)


@pytest.mark.parametrize(("right", "total", "target"), [(49, 50, 0.98), (19, 20, 0.95)])
def test_a_share_that_is_exactly_the_target_reaches_it(
    right: int, total: int, target: float
) -> None:
    hits = np.arange(total) < right
    assert coverage(np.ones(total), hits, target).share == 1.0


def test_coverage_is_zero_without_products() -> None:
    assert coverage(np.array([]), np.array([], dtype=bool), 0.95) == Coverage(0.0, None, 0, 0)
