"""Certified thresholds: exact, and chosen by calibration rows alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from product_classifier.evaluate.certificate import certify, fewest_rows, rows_needed, upper_bound


def rows(right: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Rows of falling scores, as a string of 1 (right) and 0 (wrong)."""
    count = len(right)
    return np.linspace(0.99, 0.01, count), np.array([letter == "1" for letter in right], dtype=bool)


def test_the_bound_is_the_error_rate_at_which_so_few_errors_would_be_luck() -> None:
    for wrong, accepted in ((0, 59), (3, 200), (12, 1000), (7, 8)):
        [bound] = upper_bound(np.array([wrong]), np.array([accepted]), 0.95)
        assert binom.cdf(wrong, accepted, bound) == pytest.approx(0.05)
    assert upper_bound(np.array([5]), np.array([5]), 0.95) == [1.0]


def test_the_fewest_rows_equal_published_values() -> None:
    assert fewest_rows(0.95, 0.95) == 59
    assert fewest_rows(0.98, 0.95) == 149
    for target in (0.9, 0.95, 0.98, 0.99):
        count = fewest_rows(target, 0.95)
        assert target**count <= 0.05 < target ** (count - 1)


def test_rows_without_errors_are_all_accepted_once_they_are_enough() -> None:
    assert certify(*rows("1" * 58), 0.95) is None
    found = certify(*rows("1" * 59), 0.95)
    assert found
    assert (found.accepted, found.wrong, found.total) == (59, 0, 59)
    assert found.threshold <= 0.01


@pytest.mark.parametrize("right", ["", "0", "0" * 500, "1" * 10])
def test_nothing_is_certified_by_few_rows_or_wrong_ones(right: str) -> None:
    assert certify(*rows(right), 0.95) is None


def test_the_first_threshold_that_fails_ends_the_search() -> None:
    # 100 right ones, then errors that so many right ones make up for later
    score, right = rows("1" * 100 + "0" * 8 + "1" * 60)
    found = certify(score, right, 0.95)
    assert found
    assert found.accepted == 101  # the next one would be the 3 errors' ...
    assert found.wrong == 1


def test_an_error_among_the_highest_scores_does_not_end_the_search() -> None:
    found = certify(*rows("0" + "1" * 999), 0.95)
    assert found
    assert (found.accepted, found.wrong) == (1000, 1)


def test_ties_are_accepted_or_refused_together() -> None:
    score = np.repeat([0.9, 0.8, 0.7], 60)
    right = np.ones(180, dtype=bool)
    right[120:] = False
    found = certify(score, right, 0.95)
    assert found
    assert (found.accepted, found.threshold) == (120, 0.8)


def test_the_same_threshold_is_found_by_trying_them_one_by_one() -> None:
    for seed in range(40):
        chance = np.random.default_rng(seed)
        count = int(chance.integers(1, 900))
        score = np.round(chance.random(count), int(chance.integers(1, 5)))
        right = chance.random(count) < 0.8 + 0.2 * score
        found = certify(score, right, 0.95)
        expected = None
        strictest = math.ceil(math.sqrt(59 * count))
        for start in sorted({*range(strictest, count, max(1, count // 100)), count}):
            if count < 59:
                break
            lowest = sorted(score, reverse=True)[start - 1]
            accepted = int((score >= lowest).sum())
            wrong = int((~right[score >= lowest]).sum())
            if binom.cdf(wrong, accepted, 0.05) > 0.05:
                break
            expected = (accepted, wrong)
        assert (found and (found.accepted, found.wrong)) == expected
        if found:
            assert (score >= found.threshold).sum() == found.accepted


def test_uncertified_rows_give_an_estimate_of_the_rows_needed() -> None:
    assert rows_needed(*rows("1" * 50), 0.95) == pytest.approx(59, abs=1)
    for text in (("1" * 24 + "0") * 20, "1" * 30 + "0" * 40, ("1" * 35 + "0") * 3 + "0" * 90):
        score, right = rows(text)
        needed = rows_needed(score, right, 0.95)
        assert needed
        assert certify(score, right, 0.95) is None
        times = math.ceil(1.1 * needed / len(text))  # as many and a few more, alike at all scores
        assert certify(np.repeat(score, times), np.repeat(right, times), 0.95)


def test_rows_with_too_many_errors_need_no_finite_number_of_rows() -> None:
    assert rows_needed(*rows("10" * 100), 0.95) is None
    assert rows_needed(*rows("111"), 0.95) is None
    assert rows_needed(*rows(""), 0.95) is None


def test_scores_of_nan_are_never_certified_and_do_not_count() -> None:
    score, right = rows("1" * 80 + "0" * 20)
    expected = certify(score, right, 0.95)
    assert expected
    for place in (0, 50, 100):
        spoilt = np.insert(score, place, [math.nan] * 70)
        assert certify(spoilt, np.insert(right, place, [True] * 70), 0.95) == expected
    nothing = np.full(500, math.nan)
    assert certify(nothing, np.ones(500, bool), 0.95) is None
    assert not (nothing >= expected.threshold).any()


def test_scores_that_are_all_equal_are_certified_together_or_not_at_all() -> None:
    for value in (0.0, 0.5, 1.0, 5e-324):
        found = certify(np.full(200, value), np.arange(200) >= 2, 0.95)
        assert found
        assert (found.accepted, found.wrong, found.threshold <= value) == (200, 2, True)
        assert certify(np.full(200, value), np.arange(200) >= 20, 0.95) is None
