"""Counts of products by their contents."""

from __future__ import annotations

import sqlite3

from product_classifier.records import CatalogueState, Decided, Image, Product
from product_classifier.store.catalogue_summary import read_overview
from product_classifier.store.decisions import import_decisions
from product_classifier.store.products import save_images
from tests.conftest import TREE, save_import


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
