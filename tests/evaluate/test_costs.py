"""Costs against plain sums, and their intervals against the truth of many simulated shops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier.evaluate.certification import Cost, cheapest, costs

SCORE = np.array([0.9, 0.8, 0.8, 0.3])
RIGHT = np.array([True, True, False, False])
rows = st.lists(st.tuples(st.integers(0, 10), st.booleans(), st.integers(0, 3)), min_size=1)


@settings(deadline=None)
@given(rows)
def test_a_threshold_costs_what_its_products_cost_together(
    rows: list[tuple[int, bool, int]],
) -> None:
    score, right, group = (np.array(column) for column in zip(*rows, strict=True))
    found = costs(score / 10, right, [0.0, 0.5, None], 7.0, 0.4, group, rounds=5)
    for cost, threshold in zip(found, [0, 5, math.inf], strict=True):
        each = [(0.0 if hit else 7.0) if tenths >= threshold else 0.4 for tenths, hit, _ in rows]
        assert cost.mean == pytest.approx(sum(each) / len(each))


def test_the_cheapest_threshold_depends_on_the_costs() -> None:
    thresholds = [0.0, 0.85, None]
    assert cheapest(costs(SCORE, RIGHT, thresholds, 1.0, 5.0)) == 0
    assert cheapest(costs(SCORE, RIGHT, thresholds, 9.0, 1.0)) == 1
    assert cheapest([Cost(None, 2.0, 0, 0), Cost(0.5, 1.0, 0, 0), Cost(0.4, 1.0, 0, 0)]) == 1


def test_checking_every_product_costs_the_review_of_each() -> None:
    assert costs(SCORE, RIGHT, [None], 9.0, 0.5) == [Cost(None, 0.5, 0.5, 0.5)]


@pytest.mark.parametrize(("right", "cost"), [(True, 0.0), (False, 3.0)])
def test_equal_products_have_an_interval_of_width_zero(right: bool, cost: float) -> None:
    found = costs(np.ones(4), np.full(4, right), [0.5], 3.0, 1.0)
    assert found == [Cost(0.5, cost, cost, cost)]


def test_without_products_costs_are_nan() -> None:
    (found,) = costs(np.array([]), np.array([], dtype=bool), [0.5], 3.0, 1.0)
    assert np.isnan([found.mean, found.low, found.high]).all()


@pytest.mark.parametrize("prices", [(-1, 1), (1, -1), (math.nan, 1), (1, math.inf), (0, 0)])
def test_costs_that_cannot_be_compared_are_refused(prices: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="costs must be"):
        costs(SCORE, RIGHT, [0.5], *prices)


def test_the_seed_alone_decides_the_interval() -> None:
    first, again, other = (costs(SCORE, RIGHT, [0.5, 0.85], 9, 1, seed=k) for k in (1, 1, 2))
    assert first == again != other


def test_duplicates_are_one_observation() -> None:
    rng = np.random.default_rng(0)
    score, right = rng.random(200), rng.random(200) < 0.8
    alone = costs(score, right, [0.3], 5, 1)
    copies = np.repeat(np.arange(200), 4)
    together = costs(score[copies], right[copies], [0.3], 5, 1, copies)
    apart = costs(score[copies], right[copies], [0.3], 5, 1)
    assert together == alone
    assert apart[0].high - apart[0].low < 0.6 * (alone[0].high - alone[0].low)


def test_the_interval_holds_the_true_cost_about_as_often_as_stated() -> None:
    rng = np.random.default_rng(0)
    true = 0.6 * 5 * 0.1 + 0.4 * 1  # 60 % score above 0.4; of all, 10 % are wrong
    held = 0
    for seed in range(500):
        group = np.sort(rng.integers(0, 400, 600))  # of different sizes
        score, right = rng.random(400)[group], (rng.random(400) < 0.9)[group]
        (cost,) = costs(score, right, [0.4], 5, 1, group, seed, 300)
        held += cost.low <= true <= cost.high
    assert 0.92 <= held / 500 <= 0.98
