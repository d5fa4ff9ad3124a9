"""The arrays and the counts of small catalogues."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from product_classifier.records import CatalogueState, Decided, Image, Product, Sample
from product_classifier.store.catalogue_summary import (
    read_further_pictures,
    read_identities_in_order,
    read_members,
    read_overview,
    read_picture_sizes,
    read_rowids,
    read_sample,
    read_texts_by_rowid,
    read_tree,
)
from product_classifier.store.decisions import import_decisions
from product_classifier.store.products import save_images
from tests.conftest import TREE, product, save_import

PRODUCTS = [
    product("z", "belts", "flare", image="a.jpg", more=("b.jpg", "c.jpg", "d.jpg")),
    product("gone", "belts", image="a.jpg"),
    product("y", "jeans", image="c.jpg"),
    product("x", image="a.jpg", more=("b.jpg",)),
]
IMAGES = [
    Image(address="a.jpg", file="aa/aa.jpg", sha256="aa", width=30, height=40),
    Image(address="b.jpg", file="bb/bb.jpg", sha256="bb", width=30, height=40),
    Image(address="c.jpg", error="HTTP 404"),
    Image(address="unused.jpg", file="ee/ee.jpg", sha256="ee", width=1, height=1),
]


@pytest.fixture
def filled(db: sqlite3.Connection) -> sqlite3.Connection:
    """A catalogue with a gap between its rowids."""
    save_import(db, TREE, PRODUCTS, [], "products.csv")
    save_images(db, IMAGES)
    db.execute("delete from product_category where product_id = 'gone'")
    db.execute("delete from product where id = 'gone'")
    return db


def test_members_are_indexes_of_products_and_categories(filled: sqlite3.Connection) -> None:
    rows, tree = read_rowids(filled), read_tree(filled)
    assert rows.tolist() == [1, 3, 4]
    assert [category.id for category in tree] == ["women", "belts", "jeans", "bootcut", "flare"]
    found = read_members(filled, rows, tree)
    assert sorted(zip(*(column.tolist() for column in found), strict=True)) == [
        *((0, 1), (0, 4), (1, 2)),
    ]


def test_members_can_be_read_after_corrections(filled: sqlite3.Connection) -> None:
    import_decisions(filled, [Decided(2, "y", "belts")], "Ada")
    rows, tree = read_rowids(filled), read_tree(filled)
    as_met = read_members(filled, rows, tree)
    corrected = read_members(filled, rows, tree, corrected=True)
    assert (1, 2) in zip(*(column.tolist() for column in as_met), strict=True)
    assert (1, 1) in zip(*(column.tolist() for column in corrected), strict=True)


def test_a_catalogue_without_any_category_has_no_pairs(db: sqlite3.Connection) -> None:
    save_import(db, [], [product("a")], [], "products.csv")
    assert [column.tolist() for column in read_members(db, read_rowids(db), [])] == [[], []]


def test_complete_pictures_are_counted_and_measured(filled: sqlite3.Connection) -> None:
    assert read_further_pictures(filled, read_rowids(filled)).tolist() == [1, 0, 1]
    assert read_picture_sizes(filled).tolist() == [[30, 40, 2]]


def test_products_are_read_in_the_order_of_their_rows(filled: sqlite3.Connection) -> None:
    assert [(one.product_id, one.sha256) for one in read_identities_in_order(filled)] == [
        *(("z", "aa"), ("y", None), ("x", "aa")),
    ]


def test_texts_and_samples_are_read_in_the_order_of_the_rows(
    filled: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("product_classifier.store.catalogue_summary.BATCH", 2)
    rows = np.array([4, 1, 3])
    assert list(read_texts_by_rowid(filled, rows)) == ["product x\n", "product z\n", "product y\n"]
    assert read_sample(filled, rows[:2]) == [
        Sample("x", "product x", "a.jpg", "aa/aa.jpg"),
        Sample("z", "product z", "a.jpg", "aa/aa.jpg"),
    ]


def test_products_are_counted_by_their_contents(db: sqlite3.Connection) -> None:
    products = [
        Product(id="a", name="belt", description="wide", categories=("belts",), image="a.jpg"),
        Product(id="b", name="belt", description=" ", categories=("belts",), image="lost.jpg"),
        Product(id="c", name="", description="wide", categories=("belts",), image="lost.jpg"),
        Product(id="d", name=" ", description="", categories=("belts",), image="slow.jpg"),
        Product(id="e", name="belt", description="wide", categories=(), image=None),
        Product(id="f", name="belt", description="wide", categories=(), image="waiting.jpg"),
    ]
    save_import(db, TREE, products, [], "products.csv")
    images = [
        Image(address="a.jpg", file="a", sha256="aa", width=9, height=9),
        Image(address="lost.jpg", error="HTTP 404"),
    ]
    save_images(db, [*images, Image(address="slow.jpg", error="timed out")])
    db.executemany(
        "insert into image_mark values (?, 'zoomed', ?, ?, '', '')",
        [("aa", 0.9, 1), ("bb", 0.2, 0), ("cc", 0.8, 1)],
    )
    import_decisions(db, [Decided(2, "a", "keep"), Decided(3, "b", "flare")], "Ada")
    assert read_overview(db) == CatalogueState(
        products=6,
        no_name=2,
        no_description=2,
        no_text=1,
        no_picture=1,
        waiting_pictures=1,
        lost_pictures=3,
        reasons={"HTTP 404": 2, "timed out": 1},
        marks=[("zoomed", 3, 2)],
        decided={"keep": 1, "move": 1},
    )


def test_all_counts_of_an_empty_catalogue_are_zero(db: sqlite3.Connection) -> None:
    assert read_overview(db) == CatalogueState(
        products=0,
        no_name=0,
        no_description=0,
        no_text=0,
        no_picture=0,
        waiting_pictures=0,
        lost_pictures=0,
        reasons={},
        marks=[],
        decided={},
    )
