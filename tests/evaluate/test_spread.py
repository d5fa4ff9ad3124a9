"""What a box plot draws."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.evaluate.catalogue_summary import (
    SHARES,
    Quantiles,
    quantiles,
    weighted_quantiles,
)


def test_quantiles_are_among_the_values() -> None:
    assert quantiles(np.arange(1, 101)) == Quantiles(5, 25, 50, 75, 95)
    assert quantiles(np.array([7])) == Quantiles(7, 7, 7, 7, 7)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40))
def test_each_quantile_is_the_smallest_value_with_enough_values_up_to_it(values: list[int]) -> None:
    found = quantiles(np.array(values))
    for share, value in zip(SHARES, found, strict=True):
        enough = [v for v in sorted(values) if sum(w <= v for w in values) >= share * len(values)]
        assert value == enough[0]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=9))
def test_weighted_quantiles_equal_those_of_repeated_values(counted: list[tuple[int, int]]) -> None:
    values, counts = np.array(counted).T
    assert weighted_quantiles(values / 1, counts) == quantiles(np.repeat(values, counts))
