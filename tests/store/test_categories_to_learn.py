"""Which categories are learned at which depth, and which of them products are in."""

from __future__ import annotations

import sqlite3

import pytest

from product_classifier.errors import StoreError
from product_classifier.records import Decided
from product_classifier.selection import Selection
from product_classifier.store.categories_to_learn import Labels, learnable_labels, read_candidates
from product_classifier.store.decisions import import_decisions
from tests.conftest import TREE, product, save_import

PRODUCTS = [
    product("1", "bootcut"),
    product("2", "bootcut", "flare"),
    product("3", "flare", "belts"),
    product("4", "belts", "flare"),
    product("5", "jeans"),  # in no leaf
    product("6", "belts"),
    product("7", "belts"),
]
TRAINED = {found.id: "train" for found in PRODUCTS}


@pytest.fixture
def filled(db: sqlite3.Connection) -> sqlite3.Connection:
    save_import(db, TREE, PRODUCTS, [], "products.csv")
    return db


def learned(
    db: sqlite3.Connection, selection: Selection, parts: dict[str, str] | None = None
) -> Labels:
    return learnable_labels(
        read_candidates(db, selection), TRAINED if parts is None else parts, selection
    )


def test_leaves_of_one_product_that_are_folded_into_one_are_one(
    filled: sqlite3.Connection,
) -> None:
    found = learned(filled, Selection(depth=1, min_per_category=1))
    assert found.categories == ["belts", "jeans"]
    assert found.products == {
        "1": ["jeans"],
        "2": ["jeans"],  # once, though it is in two leaves of it
        "3": ["jeans", "belts"],  # its main category first
        "4": ["belts", "jeans"],
        "5": ["jeans"],  # in the very category
        "6": ["belts"],
        "7": ["belts"],
    }


def test_leaves_alone_count_without_a_depth(filled: sqlite3.Connection) -> None:
    found = learned(filled, Selection(min_per_category=1))
    assert found.categories == ["belts", "flare"]
    assert "5" not in found.products
    assert found.left_out == ["bootcut: 2 products are too few"]


def test_the_smallest_categories_are_told_after_folding(filled: sqlite3.Connection) -> None:
    # of leaves, belts have 4 products, flare 3, bootcut 2; jeans have 5 together
    assert learned(filled, Selection(depth=1, min_per_category=4)).categories == ["belts", "jeans"]
    with pytest.raises(StoreError, match=r"the second largest leaf has 3\)"):
        learned(filled, Selection(min_per_category=4))
    with pytest.raises(StoreError, match=r"second largest category of depth 1 has 4\)"):
        learned(filled, Selection(depth=1, min_per_category=5))


def test_products_that_are_in_no_part_do_not_count(filled: sqlite3.Connection) -> None:
    parts = {product: part for product, part in TRAINED.items() if product != "7"}
    found = learned(filled, Selection(depth=1, min_per_category=3), parts)
    assert found.products.keys() == {"1", "2", "3", "4", "5", "6"}
    with pytest.raises(StoreError, match=r"second largest category of depth 1 has 3\)"):
        learned(filled, Selection(depth=1, min_per_category=4), parts)


def test_the_size_of_a_category_is_that_of_the_crawl_and_labels_are_corrected(
    filled: sqlite3.Connection,
) -> None:
    save_import(filled, TREE, [product("8", "belts")], [], "more.csv")
    import_decisions(filled, [Decided(2, "6", "bootcut"), Decided(3, "7", "ambiguous")], "Ada")
    found = learnable_labels(
        read_candidates(filled, asked := Selection(depth=1, min_per_category=5)),
        TRAINED | {"8": "train"},
        asked,
    )
    assert found.categories == ["belts", "jeans"]
    assert found.products["6"] == ["jeans"]
    assert "7" not in found.products
    assert found.unclear == {"7"}


@pytest.mark.parametrize(
    ("depth", "chosen", "message"),
    [
        (1, ("jeans/bootcut", "belts"), "'jeans/bootcut' lies below depth 1; name 'jeans'"),
        (1, ("women", "belts"), "'women' is not of depth 1; .* such as belts,jeans"),
        (2, ("jeans", "belts"), "'jeans' is not of depth 2; .* such as bootcut,flare"),
        (3, (), "no category has depth 3; pass --depth 2 or less"),
        (None, ("jeans", "belts"), "'jeans' is not a leaf; .* such as bootcut,flare"),
    ],
)
def test_a_category_of_another_depth_is_refused_and_the_right_one_named(
    filled: sqlite3.Connection, depth: int | None, chosen: tuple[str, ...], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        read_candidates(filled, Selection(depth=depth, categories=chosen))


def test_categories_of_a_depth_are_chosen_with_all_below_them(filled: sqlite3.Connection) -> None:
    found = learned(filled, Selection(depth=1, categories=("jeans", "belts")))
    assert found.categories == ["jeans", "belts"]
    assert len(found.products) == len(PRODUCTS)


def test_a_category_that_loses_all_it_could_be_learned_from_is_left_out_and_said() -> None:
    labels = Labels(["a", "b", "c"], {"1": ["a"], "2": ["b", "c"], "3": ["b"]}, {"4", "5"}, ["x"])
    parts = {"1": "train", "2": "test", "3": "train"}
    found = labels.only({"1", "2", "3", "4"}, parts)
    assert found == Labels(
        ["a", "b"],
        {"1": ["a"], "2": ["b"], "3": ["b"]},
        {"4"},
        ["x", "c: no training product is in the sample"],
    )
    with pytest.raises(StoreError, match="take a larger one"):
        labels.only({"1", "2"}, parts)
