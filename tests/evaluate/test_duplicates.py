"""Duplicates and contradictions, beside a twin that looks at every group by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.evaluate.catalogue_summary import Duplicates, count_duplicates
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
