"""The categories that are learned at each depth, and the products in them."""

from __future__ import annotations

import sqlite3

import pytest

from product_classifier.errors import StoreError
from product_classifier.recipes.select_products import learnable_labels
from product_classifier.records import Decided
from product_classifier.selection import Labels, Selection
from product_classifier.store.categories_to_learn import read_candidates
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
TRAINED = {product.id: "train" for product in PRODUCTS}


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


def test_a_product_has_a_rolled_up_category_once(
    filled: sqlite3.Connection,
) -> None:
    labels = learned(filled, Selection(depth=1, min_per_category=1))
    assert labels.categories == ["belts", "jeans"]
    assert labels.products == {
        "1": ["jeans"],
        "2": ["jeans"],  # once, though it is in two leaves of it
        "3": ["jeans", "belts"],  # its main category first
        "4": ["belts", "jeans"],
        "5": ["jeans"],  # in the very category
        "6": ["belts"],
        "7": ["belts"],
    }


def test_only_leaves_are_learned_without_a_depth(filled: sqlite3.Connection) -> None:
    labels = learned(filled, Selection(min_per_category=1))
    assert labels.categories == ["belts", "flare"]
    assert "5" not in labels.products
    assert labels.left_out == ["bootcut: 2 products are too few"]


def test_the_second_largest_category_in_the_message_is_rolled_up(
    filled: sqlite3.Connection,
) -> None:
    # of leaves, belts have 4 products, flare 3, bootcut 2; jeans have 5 together
    assert learned(filled, Selection(depth=1, min_per_category=4)).categories == ["belts", "jeans"]
    with pytest.raises(StoreError, match=r"the second largest leaf has 3\)"):
        learned(filled, Selection(min_per_category=4))
    with pytest.raises(StoreError, match=r"second largest category of depth 1 has 4\)"):
        learned(filled, Selection(depth=1, min_per_category=5))


def test_products_without_a_part_are_left_out(filled: sqlite3.Connection) -> None:
    parts = {product: part for product, part in TRAINED.items() if product != "7"}
    labels = learned(filled, Selection(depth=1, min_per_category=3), parts)
    assert labels.products.keys() == {"1", "2", "3", "4", "5", "6"}
    with pytest.raises(StoreError, match=r"second largest category of depth 1 has 3\)"):
        learned(filled, Selection(depth=1, min_per_category=4), parts)


def test_the_minimum_size_counts_crawled_products_and_labels_are_corrected(
    filled: sqlite3.Connection,
) -> None:
    save_import(filled, TREE, [product("8", "belts")], [], "more.csv")
    import_decisions(filled, [Decided(2, "6", "bootcut"), Decided(3, "7", "ambiguous")], "Ada")
    labels = learnable_labels(
        read_candidates(filled, selection := Selection(depth=1, min_per_category=5)),
        TRAINED | {"8": "train"},
        selection,
    )
    assert labels.categories == ["belts", "jeans"]
    assert labels.products["6"] == ["jeans"]
    assert "7" not in labels.products
    assert labels.ambiguous == {"7"}


@pytest.mark.parametrize(
    ("depth", "chosen", "message"),
    [
        (1, ("jeans/bootcut", "belts"), "'jeans/bootcut' is below depth 1; name 'jeans'"),
        (1, ("women", "belts"), "'women' is not of depth 1; .* such as belts,jeans"),
        (2, ("jeans", "belts"), "'jeans' is not of depth 2; .* such as bootcut,flare"),
        (3, (), "no category has depth 3; pass --depth 2 or less"),
        (None, ("jeans", "belts"), "'jeans' is not a leaf; .* such as bootcut,flare"),
    ],
)
def test_a_category_of_another_depth_is_refused_and_the_right_name_suggested(
    filled: sqlite3.Connection, depth: int | None, chosen: tuple[str, ...], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        read_candidates(filled, Selection(depth=depth, categories=chosen))


def test_a_chosen_category_includes_the_products_of_all_below(filled: sqlite3.Connection) -> None:
    labels = learned(filled, Selection(depth=1, categories=("jeans", "belts")))
    assert labels.categories == ["jeans", "belts"]
    assert len(labels.products) == len(PRODUCTS)


def test_a_category_without_a_training_product_in_the_sample_is_left_out_with_a_reason() -> None:
    labels = Labels(["a", "b", "c"], {"1": ["a"], "2": ["b", "c"], "3": ["b"]}, {"4", "5"}, ["x"])
    parts = {"1": "train", "2": "test", "3": "train"}
    sample = labels.restricted_to({"1", "2", "3", "4"}, parts)
    assert sample == Labels(
        ["a", "b"],
        {"1": ["a"], "2": ["b"], "3": ["b"]},
        {"4"},
        ["x", "c: no training product is in the sample"],
    )
    with pytest.raises(StoreError, match="take a larger one"):
        labels.restricted_to({"1", "2"}, parts)
