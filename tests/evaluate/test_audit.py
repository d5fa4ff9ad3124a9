"""Audited accuracy: its interval must hold the truth, which simulations and enumerations know."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest, hypergeom

from product_classifier.evaluate.audit import Audited, audited

Flags = NDArray[np.bool_]


def decide(recorded: str, sampled: list[int], truth: str) -> Audited:
    """Each product or sampled one: '+' right, '-' wrong."""
    rows = np.array(sampled, dtype=np.int64)
    return audited(flags(recorded), rows, flags(truth))


def flags(signs: str) -> Flags:
    return np.array([sign == "+" for sign in signs], dtype=bool)


def shop(rng: np.random.Generator, n: int, accuracy: float, noise: float) -> tuple[Flags, Flags]:
    """Draw whether predictions are right by recorded labels, a share of which is wrong, and truly.

    A noisy label has a wrong prediction called right one time in ten.
    """
    right = rng.random(n) < accuracy
    noisy = rng.random(n) < noise
    return np.where(noisy, ~right & (rng.random(n) < 0.1), right), right


def holding(n: int, m: int, accuracy: float = 0.92, noise: float = 0.05) -> float:
    """Measure how often the interval holds the accuracy by clean labels, in 500 audits."""
    rng = np.random.default_rng(m)
    held = 0
    for _ in range(500):
        recorded, right = shop(rng, n, accuracy, noise)
        rows = rng.permutation(n)[:m]
        low, high = audited(recorded, rows, right[rows]).audited_interval
        held += low <= right.mean() <= high
    return held / 500


@pytest.mark.parametrize("m", [50, 100, 200, 500, 990])
def test_the_interval_holds_the_accuracy_by_clean_labels(m: int) -> None:
    assert holding(1000, m) >= 0.95


@pytest.mark.parametrize(("accuracy", "noise"), [(0.92, 0.0), (0.6, 0.05), (1.0, 0.05), (0.8, 0.2)])
def test_the_interval_holds_for_any_noise(accuracy: float, noise: float) -> None:
    assert holding(1000, 200, accuracy, noise) >= 0.95


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("sizes", [(8, 5, 4, 3), (12, 3, 6, 1), (9, 4, 9, 2), (6, 6, 5, 0)])
def test_the_interval_misses_the_true_accuracy_at_most_as_often_as_stated(
    sizes: tuple[int, int, int, int], confidence: float
) -> None:
    """Every outcome of every truth: recorded right and wrong, how many sampled of each."""
    good, bad, m, k = sizes
    rows = np.append(np.arange(m), good + np.arange(k))
    intervals = {}
    for x, y in itertools.product(range(m + 1), range(k + 1)):
        right = np.append(np.arange(m) < x, np.arange(k) < y)
        found = audited(np.arange(good + bad) < good, rows, right, confidence=confidence)
        intervals[x, y] = np.array(found.audited_interval) * (good + bad)
    for first, second in itertools.product(range(good + 1), range(bad + 1)):
        held = sum(
            hypergeom.pmf(x, good, first, m) * hypergeom.pmf(y, bad, second, k)
            for (x, y), (low, high) in intervals.items()
            if low - 1e-9 <= first + second <= high + 1e-9
        )
        assert held >= confidence - 1e-9


def test_the_interval_is_shorter_than_that_of_the_sample_alone() -> None:
    rng = np.random.default_rng(0)
    recorded, right = shop(rng, 10_000, 0.92, 0.05)
    rows = rng.permutation(10_000)[:500]
    low, high = audited(recorded, rows, right[rows]).audited_interval
    plain = binomtest(int(right[rows].sum()), 500).proportion_ci(0.95, method="exact")
    assert high - low < 0.9 * (plain.high - plain.low)


def test_each_stratum_weighs_as_much_as_it_has_products() -> None:
    # of 8 recorded right 1 in 2 is, of 2 recorded wrong 1 in 1
    found = decide("++++++++--", [0, 1, 9], "+-+")
    assert (found.recorded, found.audited) == pytest.approx((0.8, 0.6))
    low, high = binomtest(8, 10).proportion_ci(0.95, method="exact")
    assert found.recorded_interval == pytest.approx((low, high))


def test_a_sample_of_all_products_leaves_no_uncertainty() -> None:
    found = decide("++--", [3, 0, 2, 1], "+++-")
    assert found == Audited(
        recorded=0.5,
        recorded_interval=found.recorded_interval,
        audited=0.75,
        audited_interval=(0.75, 0.75),
        total=4,
        sampled=4,
    )


def test_the_estimate_is_within_its_interval() -> None:
    # 98 of 99 are right; were the last one wrong, the sample would hold both with a chance of 98 %
    found = decide("+" * 100, list(range(99)), "+" * 98 + "-")
    assert (found.audited, found.audited_interval) == (0.99, (0.99, 0.99))


def test_a_stratum_without_sample_is_estimated_by_the_recorded_labels() -> None:
    found = decide("++++----", [0, 1, 2, 3], "++++")
    assert (found.audited, found.audited_interval) == (0.5, (0.5, 1.0))
    found = decide("++++----", [4, 5, 6, 7], "+---")
    assert (found.audited, found.audited_interval) == (0.625, (0.125, 0.625))


def test_without_a_sample_the_interval_is_zero_to_one() -> None:
    found = decide("+++-", [], "")
    assert (found.audited, found.audited_interval, found.sampled) == (0.75, (0.0, 1.0), 0)


@pytest.mark.parametrize(("truth", "bound"), [("+" * 20, 1), ("-" * 20, 0)])
def test_one_stratum_alone_is_bounded_as_a_finite_population(truth: str, bound: int) -> None:
    interval = decide("+" * 100, list(range(20)), truth).audited_interval
    # the largest number of others that leaves such a sample a chance above 2.5 %
    others = max(k for k in range(101) if hypergeom.pmf(0, 100, k, 20) > 0.025)
    assert interval == pytest.approx(sorted((float(bound), abs(bound - others / 100))))


def test_no_products_have_no_accuracy() -> None:
    found = decide("", [], "")
    assert np.isnan([found.recorded, found.audited]).all()
    assert found.recorded_interval == found.audited_interval == (0.0, 1.0)


@pytest.mark.parametrize("sampled", [[0, 4], [-1, 0], [2, 2]])
def test_samples_with_repeated_or_unknown_products_raise_value_error(sampled: list[int]) -> None:
    with pytest.raises(ValueError, match="sampled rows must"):
        decide("+++-", sampled, "++")


def test_undecidable_products_count_as_wrong_in_the_lower_and_right_in_the_upper_limit() -> None:
    recorded, rows = flags("+" * 40), np.arange(20)
    right, wrong = flags("+" * 20), flags("+" * 15 + "-" * 5)
    doubtful = flags("-" * 15 + "+" * 5)
    best, worst = audited(recorded, rows, right), audited(recorded, rows, wrong)
    for said in (right, wrong):  # what else was said of them does not matter
        found = audited(recorded, rows, said, doubtful)
        assert found.audited_interval == (worst.audited_interval[0], best.audited_interval[1])
        assert found.audited == pytest.approx((best.audited + worst.audited) / 2)
        assert found.doubtful == 5
