"""Trees of categories, broken ones included, and what lies in and below each category."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.evaluate.category_tree import (
    NONE,
    Members,
    Sizes,
    build_tree,
    compare_sizes,
    with_ancestors,
)

# 0 women (the root) > 1 jeans > 2 bootcut, 3 flare; 0 > 4 belts
PARENTS = [NONE, 0, 1, 1, 0]
ROOTS = [True, False, False, False, False]


def pairs(members: Members) -> list[tuple[int, int]]:
    return list(zip(members.product.tolist(), members.category.tolist(), strict=True))


def members(*found: tuple[int, int]) -> Members:
    return Members(*np.array(found, np.int64).reshape(-1, 2).T)


def test_levels_count_from_below_the_root() -> None:
    tree = build_tree(PARENTS, ROOTS)
    assert tree.level.tolist() == [0, 1, 2, 2, 1]
    assert tree.parent.tolist() == [NONE, NONE, 1, 1, NONE]
    assert not tree.looped.any()


def test_a_product_counts_once_in_all_that_lies_above_but_the_root() -> None:
    found = with_ancestors(members((0, 2), (0, 3), (1, 4), (2, 0)), build_tree(PARENTS, ROOTS))
    assert pairs(found) == [(0, 1), (0, 2), (0, 3), (1, 4), (2, 0)]


def test_categories_of_a_cycle_are_ancestors_of_each_other() -> None:
    tree = build_tree([1, 2, 0, 0], [False] * 4)  # 0 below 1 below 2 below 0; 3 below 0
    assert tree.looped.tolist() == [True, True, True, False]
    assert tree.level.tolist() == [3, 3, 3, 4]
    assert pairs(with_ancestors(members((0, 1)), tree)) == [(0, 0), (0, 1), (0, 2)]
    assert pairs(with_ancestors(members((0, 3)), tree)) == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_a_catalogue_without_categories_has_a_tree() -> None:
    tree = build_tree([], [])
    assert pairs(with_ancestors(members(), tree)) == []


@st.composite
def shops(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    count = draw(st.integers(1, 6))
    parents = draw(st.lists(st.integers(NONE, count - 1), min_size=count, max_size=count))
    inside = st.tuples(st.integers(0, 4), st.integers(0, count - 1))
    return parents, draw(st.lists(inside, unique=True, max_size=12))


@given(shops())
def test_ancestors_equal_those_found_by_climbing_one_by_one(
    shop: tuple[list[int], list[tuple[int, int]]],
) -> None:
    parents, inside = shop
    expected = set(inside)
    while above := {(p, parents[c]) for p, c in expected if parents[c] != NONE} - expected:
        expected |= above
    found = with_ancestors(members(*inside), build_tree(parents, [False] * len(parents)))
    assert pairs(found) == sorted(expected)


def test_sizes_summarise_the_products_of_categories() -> None:
    assert compare_sizes(np.array([1, 0, 60, 20, 19])) == Sizes(
        categories=5, empty=1, largest=60, median=19.5, smallest=1, half=1
    )
    assert compare_sizes(np.array([50, 50])) == Sizes(
        categories=2, empty=0, largest=50, median=50.0, smallest=50, half=1
    )
    assert compare_sizes(np.array([0, 0])) == Sizes(
        categories=2, empty=2, largest=0, median=0.0, smallest=0, half=0
    )


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_half_is_the_smallest_number_of_categories_that_hold_half(sizes: list[int]) -> None:
    half = compare_sizes(np.array(sizes)).half
    largest = sorted(sizes, reverse=True)
    if sum(sizes):
        assert 2 * sum(largest[:half]) >= sum(sizes) > 2 * sum(largest[: half - 1])
