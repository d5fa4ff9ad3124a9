"""What products have and lack."""

from __future__ import annotations

import sqlite3

from product_classifier.records import CatalogueState, Decided, Image, Product
from product_classifier.store.catalogue_summary import read_overview
from product_classifier.store.decisions import import_decisions
from product_classifier.store.products import save_images
from tests.conftest import TREE, save_import


def test_products_are_counted_by_what_they_have(db: sqlite3.Connection) -> None:
    products = [
        Product("a", "belt", "wide", ("belts",), "a.jpg"),
        Product("b", "belt", " ", ("belts",), "lost.jpg"),
        Product("c", "", "wide", ("belts",), "lost.jpg"),
        Product("d", " ", "", ("belts",), "slow.jpg"),
        Product("e", "belt", "wide", (), None),
        Product("f", "belt", "wide", (), "waiting.jpg"),
    ]
    save_import(db, TREE, products, [], "products.csv")
    images = [Image("a.jpg", "a", "aa", 9, 9), Image("lost.jpg", error="HTTP 404")]
    save_images(db, [*images, Image("slow.jpg", error="timed out")])
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


def test_an_empty_catalogue_has_nothing(db: sqlite3.Connection) -> None:
    assert read_overview(db) == CatalogueState(0, 0, 0, 0, 0, 0, 0, {}, [], {})
