"""A catalogue of six products as columns, counted by hand."""

from __future__ import annotations

import numpy as np

from product_classifier.evaluate.catalogue_counts import (
    CatalogueColumns,
    compare_leaves,
    compare_levels,
    count_categories,
    count_filed,
    count_kept_leaves,
    measure_names,
)
from product_classifier.evaluate.catalogue_summary import (
    CategoryCount,
    FilingCounts,
    KeptLeaves,
    LevelSizes,
    NameLengths,
    Quantiles,
)
from product_classifier.evaluate.category_tree import (
    NONE,
    Members,
    Sizes,
    build_tree,
    with_ancestors,
)
from tests.conftest import TREE

# women > jeans > bootcut, flare; women > belts
PLACES = {category.id: place for place, category in enumerate(TREE)}
FILED = {0: ["bootcut", "flare"], 1: ["bootcut"], 2: ["jeans"], 3: ["jeans", "belts"], 4: []}
WORDS = [2, 3, 4, 5, 6, 7]
PICTURES = [2, 0, 1, 1, 0, 1]


def columns() -> CatalogueColumns:
    pairs = [(product, PLACES[name]) for product, names in FILED.items() for name in names]
    parents = [PLACES.get(category.parent or "", NONE) for category in TREE]
    tree = build_tree(parents, [not category.path for category in TREE])
    members = Members(*np.array(pairs).T)
    nothing = np.zeros(6, np.int64)
    return CatalogueColumns(
        rows=np.arange(6),
        categories=TREE,
        places=PLACES,
        leaf=np.array([category.leaf for category in TREE]),
        tree=tree,
        members=members,
        within=with_ancestors(members, tree),
        true=members,
        before=np.array(WORDS),
        after=np.array(WORDS) + 1,
        text=nothing,
        picture=nothing,
        pictures=np.array(PICTURES),
    )


def test_a_category_counts_what_is_in_it_and_below() -> None:
    assert count_categories(columns()) == [
        CategoryCount(
            id="jeans",
            path="jeans",
            name="Jeans",
            level=1,
            leaf=False,
            looped=False,
            products=4,
            pictures=4,
            pictured=3,
        ),
        CategoryCount(
            id="bootcut",
            path="jeans/bootcut",
            name="Bootcut",
            level=2,
            leaf=True,
            looped=False,
            products=2,
            pictures=2,
            pictured=1,
        ),
        CategoryCount(
            id="flare",
            path="jeans/flare",
            name="Flare",
            level=2,
            leaf=True,
            looped=False,
            products=1,
            pictures=2,
            pictured=1,
        ),
        CategoryCount(
            id="belts",
            path="belts",
            name="Belts",
            level=1,
            leaf=True,
            looped=False,
            products=1,
            pictures=1,
            pictured=1,
        ),
        CategoryCount(
            id="women",
            path="",
            name="Women",
            level=0,
            leaf=False,
            looped=False,
            products=0,
            pictures=0,
            pictured=0,
        ),
    ]


def test_levels_and_leaves_are_compared_by_their_products() -> None:
    first, second = compare_levels(columns())
    assert first == LevelSizes(
        4, Sizes(categories=2, empty=0, largest=4, median=2.5, smallest=1, half=1), [4, 1]
    )
    assert second == LevelSizes(
        2, Sizes(categories=2, empty=0, largest=2, median=1.5, smallest=1, half=1), [2, 1]
    )
    assert compare_leaves(columns()) == LevelSizes(
        3, Sizes(categories=3, empty=0, largest=2, median=1.0, smallest=1, half=1), [2, 1, 1]
    )


def test_kept_leaves_leave_out_small_leaves_and_their_products() -> None:
    assert count_kept_leaves(columns(), 1) == KeptLeaves(1, 3, 3)
    assert count_kept_leaves(columns(), 2) == KeptLeaves(2, 1, 2)
    assert count_kept_leaves(columns(), 3) == KeptLeaves(3, 0, 0)


def test_products_are_counted_by_number_and_kind_of_categories() -> None:
    assert count_filed(columns()) == FilingCounts(in_none=2, in_several=2, in_inner=2, in_no_leaf=1)


def test_names_are_measured_for_all_for_top_categories_and_for_leaves() -> None:
    found = list(measure_names(columns(), count_categories(columns())))
    assert [(one.group, one.category, one.products) for one in found] == [
        ("all", "all products", 6),
        ("level 1", "jeans", 4),
        ("leaves", "jeans/bootcut", 2),
        ("leaves", "jeans/flare", 1),
        ("leaves", "belts", 1),
    ]
    assert found[1] == NameLengths(
        group="level 1",
        category="jeans",
        products=4,
        before=Quantiles(2, 2, 3, 4, 5),
        after=Quantiles(3, 3, 4, 5, 6),
    )
    assert found[3].before == Quantiles(2, 2, 2, 2, 2)


def test_a_category_label_is_its_path_and_a_name_that_differs() -> None:
    def label(path: str, name: str) -> str:
        return CategoryCount(
            id="x",
            path=path,
            name=name,
            level=1,
            leaf=True,
            looped=False,
            products=0,
            pictures=0,
            pictured=0,
        ).label

    assert label("womens-shoes/day-dresses", "Women's Day Dresses") == "womens-shoes/day-dresses"
    assert label("1000010653/1000010667", "Sandales") == "1000010653/1000010667 (Sandales)"
    assert label("a/b%2Fc", "b/c") == "a/b%2Fc"
    assert label("", "Women") == "Women"
