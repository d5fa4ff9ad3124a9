"""What a crawl writes, row by row."""

import sqlite3
from pathlib import Path

import pytest

from product_classifier.records import Category, Image, Page, Product, Skipped
from product_classifier.store import bookmarks, catalogue
from product_classifier.store.bookmarks import Bookmark
from tests.conftest import TREE, product

QUERY = "products?cat=bootcut"


def page(*products: Product, offset: int = 50, finished: bool = False) -> Page:
    return Page(QUERY, list(products), [], offset, finished)


def start(db: sqlite3.Connection) -> None:
    catalogue.save_categories(db, "categories?cat=women", TREE, [])


def rows(db: sqlite3.Connection, query: str) -> list[tuple[object, ...]]:
    return db.execute(query).fetchall()


def test_a_page_and_its_bookmark_are_stored_together(db: sqlite3.Connection) -> None:
    start(db)
    catalogue.save_page(db, page(product("1", "bootcut"), offset=50))
    assert rows(db, "select id, category_id from product") == [("1", "bootcut")]
    assert bookmarks.bookmark(db, QUERY) == Bookmark(50, False)


def test_a_page_that_fails_moves_no_bookmark(db: sqlite3.Connection) -> None:
    start(db)
    broken = Product("2", "x", None, ("bootcut",), None)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        catalogue.save_page(db, page(product("1", "bootcut"), broken))
    assert rows(db, "select * from product") == []
    assert bookmarks.bookmark(db, QUERY) == Bookmark(0, False)


def test_a_product_met_under_two_leaves_is_one_row_with_two_categories(
    db: sqlite3.Connection,
) -> None:
    start(db)
    catalogue.save_page(db, page(product("1", "bootcut")))
    catalogue.save_page(db, page(product("1", "flare")))
    assert rows(db, "select id, category_id from product") == [("1", "bootcut")]
    assert rows(db, "select category_id from product_category order by 1") == [
        ("bootcut",),
        ("flare",),
    ]


def test_the_last_visit_wins(db: sqlite3.Connection) -> None:
    start(db)
    catalogue.save_page(db, page(product("1", "bootcut", name="old", image="http://a")))
    catalogue.save_page(db, page(product("1", "bootcut", name="new", image="http://b")))
    assert rows(db, "select name, image from product") == [("new", "http://b")]


def test_categories_outside_the_tree_are_not_kept(db: sqlite3.Connection) -> None:
    start(db)
    catalogue.save_page(db, page(product("1", "bootcut", "mens-jeans")))
    assert rows(db, "select * from product_category") == [("1", "bootcut")]


def test_product_count_counts_products_once(db: sqlite3.Connection) -> None:
    start(db)
    catalogue.save_page(db, page(product("1", "bootcut"), product("2", "bootcut", "flare")))
    catalogue.save_page(db, page(product("1", "bootcut"), product("3", "bootcut")))
    assert rows(db, "select id, product_count from category where leaf order by id") == [
        ("belts", 0),
        ("bootcut", 3),
        ("flare", 1),
    ]


def test_a_failure_keeps_the_bookmark_and_the_next_page_clears_it(db: sqlite3.Connection) -> None:
    start(db)
    catalogue.save_page(db, page(offset=100))
    bookmarks.save_failure(db, QUERY, "HTTP 503")
    assert bookmarks.bookmark(db, QUERY) == Bookmark(100, False)
    assert catalogue.progress(db).failed == 1
    catalogue.save_page(db, page(offset=150))
    assert catalogue.progress(db).failed == 0


def test_leaves_are_found_below_any_category(db: sqlite3.Connection) -> None:
    start(db)
    assert catalogue.leaves_below(db, "women") == ["belts", "bootcut", "flare"]
    assert catalogue.leaves_below(db, "jeans") == ["bootcut", "flare"]
    assert catalogue.leaves_below(db, "belts") == ["belts"]


def test_pending_pictures_are_the_untried_then_the_failed(db: sqlite3.Connection) -> None:
    start(db)
    names = ["http://failed", "http://done", "http://new", "http://new", "/etc/passwd"]
    products = [product(str(k), "bootcut", image=name) for k, name in enumerate(names)]
    catalogue.save_page(db, page(*products, product("none", "bootcut")))
    catalogue.save_images(db, [Image("http://failed", error="HTTP 404")])
    catalogue.save_images(db, [Image("http://done", "ab/ab.jpg", "ab", 3, 4)])
    assert list(catalogue.pending_images(db, None)) == ["http://new", "http://failed"]
    assert list(catalogue.pending_images(db, Path("/etc"))) == [
        "http://new",
        "/etc/passwd",
        "http://failed",
    ]


def test_what_was_skipped_can_be_queried(db: sqlite3.Connection) -> None:
    skipped = [Skipped("product", "line 3", "it has no id")]
    catalogue.save_import(db, TREE, [product("1", "belts")], skipped, "products.csv")
    assert rows(db, "select kind, item, reason from skipped") == [
        ("product", "line 3", "it has no id")
    ]


def test_a_later_import_may_put_categories_below_a_leaf(db: sqlite3.Connection) -> None:
    start(db)
    below = [Category("wide-belts", "Wide", "belts", "belts/wide-belts", True)]
    catalogue.save_import(db, below, [], [], "products.csv")
    assert catalogue.leaves_below(db, "belts") == ["wide-belts"]


def test_a_corrected_file_corrects_categories_and_counts(db: sqlite3.Connection) -> None:
    catalogue.save_import(db, TREE, [product("1", "belts", "flare")], [], "products.csv")
    catalogue.save_import(db, TREE, [product("1", "bootcut")], [], "products.csv")
    assert rows(db, "select id, category_id from product") == [("1", "bootcut")]
    assert rows(db, "select * from product_category") == [("1", "bootcut")]
    assert rows(db, "select id from category where product_count > 0") == [("bootcut",)]


def test_a_corrected_file_leaves_nothing_skipped_and_nothing_failed(
    db: sqlite3.Connection,
) -> None:
    skipped = [Skipped("product", "a.csv line 3", "it has no id")]
    catalogue.save_import(db, TREE, [product("1", "belts", image="/old/1.jpg")], skipped, "a.csv")
    catalogue.save_images(db, [Image("/old/1.jpg", error="No such file or directory")])
    other = [Skipped("product", "b.csv line 9", "it has no id")]
    catalogue.save_import(db, [], [], other, "b.csv")
    assert catalogue.progress(db) == catalogue.Progress(5, 1, 0, skipped=2, failed=1)
    catalogue.save_import(db, TREE, [product("1", "belts", image="/new/1.jpg")], [], "a.csv")
    assert catalogue.progress(db) == catalogue.Progress(5, 1, 0, skipped=1, failed=0)


def test_a_smaller_tree_crawled_later_keeps_the_paths_of_the_larger(
    db: sqlite3.Connection,
) -> None:
    start(db)
    before = rows(db, "select id, parent, path, leaf from category order by id")
    jeans = [
        Category("jeans", "Jeans", "women", "", False),
        Category("bootcut", "Bootcut", "jeans", "bootcut", True),
        Category("flare", "Flare", "jeans", "flare", True),
    ]
    catalogue.save_categories(db, "categories?cat=jeans", jeans, [])
    leaf = [Category("flare", "Flare", "jeans", "flare", True)]
    catalogue.save_categories(db, "categories?cat=flare", leaf, [])
    assert rows(db, "select id, parent, path, leaf from category order by id") == before


def test_an_import_is_stored_whole_or_not_at_all(db: sqlite3.Connection) -> None:
    broken = Product("2", "x", None, ("belts",), None)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        catalogue.save_import(db, TREE, [product("1", "belts"), broken], [], "products.csv")
    assert catalogue.progress(db) == catalogue.Progress(0, 0, 0, 0, 0)
