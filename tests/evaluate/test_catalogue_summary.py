"""Summaries of values, duplicates, pictures and words, counted by hand and by simple twins."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.evaluate.catalogue_summary import (
    SHARES,
    Duplicates,
    Quantiles,
    Vocabulary,
    cell_side,
    count_duplicates,
    measure_pictures,
    measure_words,
    quantiles,
    weighted_quantiles,
)
from product_classifier.evaluate.category_tree import NONE, Members


def judged(groups: list[int], categories: list[set[int]]) -> Duplicates:
    pairs = [(k, category) for k, found in enumerate(categories) for category in sorted(found)]
    members = Members(*np.array(pairs, np.int64).reshape(-1, 2).T)
    return count_duplicates(np.array(groups, np.int64), members)


def test_a_group_contradicts_itself_without_a_category_in_common() -> None:
    # two agree; three disagree; of two nobody knows where one belongs; one is alone, one has none
    groups = [0, 0, 1, 1, 1, 2, 2, 3, NONE]
    categories = [{5}, {5, 6}, {5}, {6}, {5, 6}, {5}, set(), {7}, {8}]
    assert judged(groups, categories) == Duplicates(
        groups=3, products=7, largest=3, contradicting=1, contradicted=3
    )


def test_products_without_a_group_are_no_duplicates() -> None:
    assert judged([NONE, NONE], [{1}, {2}]) == Duplicates(
        groups=0, products=0, largest=0, contradicting=0, contradicted=0
    )


@given(
    st.lists(
        st.tuples(st.integers(NONE, 4), st.sets(st.integers(0, 3), max_size=3)),
        min_size=1,
        max_size=12,
    )
)
def test_groups_counted_together_equal_groups_counted_one_by_one(
    products: list[tuple[int, set[int]]],
) -> None:
    inside: dict[int, list[set[int]]] = {}
    for group, categories in products:
        if group != NONE:
            inside.setdefault(group, []).append(categories)
    several = [found for found in inside.values() if len(found) > 1]
    against = [found for found in several if all(found) and not set.intersection(*found)]
    assert judged([group for group, _ in products], [found for _, found in products]) == Duplicates(
        groups=len(several),
        products=sum(map(len, several)),
        largest=max(map(len, several), default=0),
        contradicting=len(against),
        contradicted=sum(map(len, against)),
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


def test_sizes_are_summed_up_by_shape_and_by_size() -> None:
    found = measure_pictures(np.array([[200, 100, 3], [99, 400, 2], [300, 310, 5]]))
    assert found.pictures == 10
    assert found.small == 2
    assert (found.upright, found.square, found.wide) == (2, 5, 3)
    assert found.commonest == [(300, 310, 5), (200, 100, 3), (99, 400, 2)]
    assert found.spread["width"] == Quantiles(99, 200, 200, 300, 300)
    assert found.spread["megapixels"] == Quantiles(0.02, 0.02, 0.0396, 0.093, 0.093)


def test_every_picture_lies_in_its_cell() -> None:
    sizes = np.array([[100, 100, 1], [101, 101, 2], [1, 4096, 1], [640, 480, 7]])
    found = measure_pictures(sizes)
    for width, height, count in sizes.tolist():
        inside = [
            n
            for across, up, n in found.cells
            if cell_side(across) <= width < cell_side(across + 1)
            and cell_side(up) <= height < cell_side(up + 1)
        ]
        assert len(inside) == 1
        assert inside[0] >= count
    assert sum(n for *_, n in found.cells) == 11


def test_a_catalogue_without_pictures_has_no_sizes() -> None:
    found = measure_pictures(np.zeros((0, 3), np.int64))
    assert (found.pictures, found.spread, found.commonest, found.cells) == (0, {}, [], [])


def test_cell_sides_double_after_a_fixed_number_of_cells() -> None:
    assert cell_side(4) == pytest.approx(2)
    assert cell_side(28) == pytest.approx(128)


TEXTS = ["blue jeans blue", "blue belt", "belt", "blue hat", "blue shoe", "blue bag", "bag bag bag"]


def measured(texts: list[str], kept: int) -> Vocabulary:
    words = [text.split() for text in texts]
    occurrences = Counter(word for found in words for word in found)
    standing = Counter(word for found in words for word in set(found))
    return measure_words(occurrences, standing, len(texts), kept)


def test_words_are_counted_by_occurrence_and_by_product() -> None:
    found = measured(TEXTS, kept=2)
    assert (found.products, found.words, found.occurrences) == (7, 6, 15)
    assert (found.in_one, found.in_enough) == (3, 1)


def test_the_most_common_words_occur_in_the_most_products() -> None:
    found = measured(TEXTS, kept=2)
    assert found.commonest[:3] == [("blue", 5, 6), ("bag", 2, 4), ("belt", 2, 2)]
    assert found.kept_occurrences == 6 + 4


def test_the_curve_begins_with_the_commonest_and_ends_with_all() -> None:
    found = measured(TEXTS, kept=2)
    assert found.curve[0] == (1, 6 / 15)
    assert found.curve[1] == (2, 10 / 15)
    assert found.curve[-1] == (6, 1.0)


def test_a_catalogue_without_words_has_an_empty_vocabulary() -> None:
    assert measured(["", ""], kept=2) == Vocabulary(
        products=2,
        words=0,
        occurrences=0,
        in_one=0,
        in_enough=0,
        kept=2,
        kept_occurrences=0,
        commonest=[],
        curve=[],
    )
