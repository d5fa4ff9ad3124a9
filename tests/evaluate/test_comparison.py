"""Comparisons of two experiments against exact tables, repeated rows and every possible draw."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest

from product_classifier.evaluate.comparison import (
    Interval,
    McNemar,
    accuracy_difference,
    compare,
    coverage_difference,
    mcnemar,
    paired_bootstrap,
)
from product_classifier.evaluate.coverage import coverage


def booleans(*values: int) -> NDArray[np.bool_]:
    return np.array(values, dtype=bool)


def discordant(only_first: int, only_second: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Ten products that both have right, ten that neither has, and those that differ."""
    first = booleans(*[1] * 10, *[0] * 10, *[1] * only_first, *[0] * only_second)
    second = booleans(*[1] * 10, *[0] * 10, *[0] * only_first, *[1] * only_second)
    return first, second


@pytest.mark.parametrize("table", [(1, 0), (0, 7), (5, 5), (4, 5), (3, 11), (400, 310), (0, 2000)])
def test_the_p_value_is_the_exact_binomial_one(table: tuple[int, int]) -> None:
    found = mcnemar(*discordant(*table))
    assert (found.only_first, found.only_second) == table
    assert found.p == pytest.approx(binomtest(table[0], sum(table)).pvalue)


def test_one_against_five_is_no_evidence() -> None:
    assert mcnemar(*discordant(1, 5)).p == pytest.approx(2 * (1 + 6) / 2**6)


@pytest.mark.parametrize("same", [booleans(), booleans(1), booleans(0), booleans(1, 1, 0)])
def test_experiments_that_never_disagree_do_not_differ(same: NDArray[np.bool_]) -> None:
    assert mcnemar(same, same) == McNemar(0, 0, 1.0)


rows = st.lists(
    st.tuples(
        st.integers(0, 6), st.booleans(), st.integers(0, 6), st.booleans(), st.integers(0, 3)
    ),
    min_size=1,
    max_size=40,
).filter(lambda found: any(row[-1] for row in found))


@settings(deadline=None)
@given(rows, st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.98, 1.0]))
def test_a_weight_is_the_number_of_times_a_product_counts(
    rows: list[tuple[int, bool, int, bool, int]], target: float
) -> None:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    before, right, after, second, times = columns
    written = [np.repeat(column, times) for column in columns]
    weights = times.astype(np.float64)
    gain = accuracy_difference(right, second)(weights)
    assert gain == pytest.approx(written[3].mean() - written[1].mean())
    gain = coverage_difference((before, right), (after, second), target)(weights)
    first_share = coverage(written[0], written[1], target).share
    second_share = coverage(written[2], written[3], target).share
    assert gain == pytest.approx(second_share - first_share)


@pytest.mark.parametrize(("right", "total", "target"), [(49, 50, 0.98), (19, 20, 0.95)])
def test_a_share_that_is_exactly_the_target_is_covered(
    right: int, total: int, target: float
) -> None:
    score, hits = np.ones(total), np.arange(total) < right
    gain = coverage_difference((score, np.zeros(total, dtype=bool)), (score, hits), target)
    assert gain(np.ones(total)) == 1.0


def test_percentiles_are_those_of_every_possible_draw_of_the_groups() -> None:
    group = np.array([7, 7, 7, 2, 2, 5, 9])
    first, second = booleans(1, 0, 0, 1, 1, 0, 0), booleans(1, 1, 1, 0, 1, 1, 0)
    gains = {7: (2, 3), 2: (-1, 2), 5: (1, 1), 9: (0, 1)}  # group: sum of gains, products
    every = []
    for drawn in product(gains, repeat=4):
        every.append(sum(gains[g][0] for g in drawn) / sum(gains[g][1] for g in drawn))
    found = paired_bootstrap(accuracy_difference(first, second), group, 20_000, confidence=0.9)
    assert found.observed == pytest.approx(2 / 7)
    assert (found.low, found.high) == pytest.approx(np.quantile(every, [0.05, 0.95]))


def simulated(
    rng: np.random.Generator, groups: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Experiments right about 70 % and 80 %, alike about the one to three duplicates of a group."""
    first, second = rng.random(groups) < 0.7, rng.random(groups) < 0.8
    member = np.repeat(np.arange(groups), rng.integers(1, 4, groups))
    return first[member], second[member], member


def test_the_interval_holds_the_true_difference_about_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    by_group = by_product = 0
    for seed in range(200):
        first, second, group = simulated(rng, groups=300)
        gain = accuracy_difference(first, second)
        found = paired_bootstrap(gain, group, rounds=300, seed=seed)
        by_group += found.low <= 0.1 <= found.high
        found = paired_bootstrap(gain, np.arange(len(group)), rounds=300, seed=seed)
        by_product += found.low <= 0.1 <= found.high
    assert 0.92 <= by_group / 200 <= 0.98
    assert by_product / 200 < 0.9  # what duplicates do to those who do not know of them


def test_writing_every_product_twice_does_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(0)
    score, other = rng.random(200).round(2), rng.random(200).round(2)
    first, second = rng.random(200) < score, rng.random(200) < other
    group = rng.permutation(200)
    gain = coverage_difference((score, first), (other, second), 0.75)
    again = coverage_difference(
        (np.tile(score, 2), np.tile(first, 2)), (np.tile(other, 2), np.tile(second, 2)), 0.75
    )
    once = paired_bootstrap(gain, group, rounds=300)
    assert once.low < once.observed < once.high
    assert paired_bootstrap(again, np.tile(group, 2), rounds=300) == once


def test_the_same_seed_gives_the_same_interval() -> None:
    gain = accuracy_difference(*discordant(30, 50))
    group = np.arange(100)
    assert paired_bootstrap(gain, group, 100, seed=1) == paired_bootstrap(gain, group, 100, seed=1)
    assert paired_bootstrap(gain, group, 100, seed=1) != paired_bootstrap(gain, group, 100, seed=2)


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ((1, 1, 1), (1, 1, 1), 0.0),
        ((0, 0, 0), (0, 0, 0), 0.0),
        ((0, 0, 0), (1, 1, 1), 1.0),
        ((1,), (0,), -1.0),
    ],
)
def test_a_statistic_equal_for_all_products_has_no_interval_width(
    first: tuple[int, ...], second: tuple[int, ...], difference: float
) -> None:
    score, before, after = np.ones(len(first)), booleans(*first), booleans(*second)
    for gain in (
        accuracy_difference(before, after),
        coverage_difference((score, before), (score, after), 0.95),
    ):
        found = paired_bootstrap(gain, np.arange(len(first)), rounds=20)
        assert found == Interval(difference, difference, difference)


def test_without_products_the_interval_is_nan() -> None:
    none = booleans()
    found = paired_bootstrap(accuracy_difference(none, none), np.array([], dtype=np.int64))
    assert all(math.isnan(value) for value in (found.observed, found.low, found.high))


def test_a_comparison_holds_the_tests_of_its_parts() -> None:
    rng = np.random.default_rng(5)
    scores = rng.random((2, 200))
    right = rng.random((2, 200)) < scores
    group = rng.integers(0, 150, 200)
    found = compare((scores[0], right[0]), (scores[1], right[1]), group, (0.8, 0.9))
    assert found.mcnemar == mcnemar(right[0], right[1])
    assert found.accuracy.observed == pytest.approx(right[1].mean() - right[0].mean())
    assert found.accuracy == paired_bootstrap(accuracy_difference(right[0], right[1]), group)
    for target in (0.8, 0.9):
        observed = [coverage(s, r, target).share for s, r in zip(scores, right, strict=True)]
        assert found.coverage[target].observed == pytest.approx(observed[1] - observed[0])
