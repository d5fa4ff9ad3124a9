"""The rows that a crawl writes."""

import dataclasses
import sqlite3

import pytest

from product_classifier.records import Category, Image, Page, Product, Skipped
from product_classifier.store import bookmarks, products
from product_classifier.store.bookmarks import Bookmark
from tests.conftest import TREE, product, save_import

QUERY = "products?cat=bootcut"


def page(*entries: Product, offset: int = 50, finished: bool = False) -> Page:
    return Page(
        query=QUERY, products=list(entries), skipped=[], next_offset=offset, finished=finished
    )


def start(db: sqlite3.Connection) -> None:
    products.save_categories(db, "categories?cat=women", TREE, [])


def rows(db: sqlite3.Connection, query: str) -> list[tuple[object, ...]]:
    return db.execute(query).fetchall()


def test_a_page_and_its_bookmark_are_stored_together(db: sqlite3.Connection) -> None:
    start(db)
    products.save_page(db, page(product("1", "bootcut"), offset=50))
    assert rows(db, "select id, category_id from product") == [("1", "bootcut")]
    assert bookmarks.bookmark(db, QUERY) == Bookmark(50, False)


def test_a_failed_page_leaves_the_bookmark_unchanged(db: sqlite3.Connection) -> None:
    start(db)
    broken = dataclasses.replace(page(product("1", "bootcut")), next_offset=None)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        products.save_page(db, broken)
    assert rows(db, "select * from product") == []
    assert bookmarks.bookmark(db, QUERY) == Bookmark(0, False)


def test_a_product_crawled_under_two_leaves_is_one_row_with_two_categories(
    db: sqlite3.Connection,
) -> None:
    start(db)
    products.save_page(db, page(product("1", "bootcut")))
    products.save_page(db, page(product("1", "flare")))
    assert rows(db, "select id, category_id from product") == [("1", "bootcut")]
    assert rows(db, "select category_id from product_category order by 1") == [
        ("bootcut",),
        ("flare",),
    ]


def test_the_last_visit_wins(db: sqlite3.Connection) -> None:
    start(db)
    products.save_page(db, page(product("1", "bootcut", name="old", image="http://a")))
    products.save_page(db, page(product("1", "bootcut", name="new", image="http://b")))
    assert rows(db, "select name, image from product") == [("new", "http://b")]


def test_categories_outside_the_tree_are_not_stored(db: sqlite3.Connection) -> None:
    start(db)
    products.save_page(db, page(product("1", "bootcut", "mens-jeans")))
    assert rows(db, "select * from product_category") == [("1", "bootcut")]


def test_product_count_counts_products_once(db: sqlite3.Connection) -> None:
    start(db)
    products.save_page(db, page(product("1", "bootcut"), product("2", "bootcut", "flare")))
    products.save_page(db, page(product("1", "bootcut"), product("3", "bootcut")))
    assert rows(db, "select id, product_count from category where leaf order by id") == [
        ("belts", 0),
        ("bootcut", 3),
        ("flare", 1),
    ]


def test_a_failure_keeps_the_bookmark_and_the_next_page_clears_it(db: sqlite3.Connection) -> None:
    start(db)
    products.save_page(db, page(offset=100))
    bookmarks.save_failure(db, QUERY, "HTTP 503")
    assert bookmarks.bookmark(db, QUERY) == Bookmark(100, False)
    assert products.progress(db).failed == 1
    products.save_page(db, page(offset=150))
    assert products.progress(db).failed == 0


def test_the_leaves_below_any_category_are_listed(db: sqlite3.Connection) -> None:
    start(db)
    assert products.leaves_below(db, "women") == ["belts", "bootcut", "flare"]
    assert products.leaves_below(db, "jeans") == ["bootcut", "flare"]
    assert products.leaves_below(db, "belts") == ["belts"]


def test_further_pictures_keep_the_sources_order_and_the_last_visit_wins(
    db: sqlite3.Connection,
) -> None:
    start(db)
    stored = "select product_id, place, address from product_image order by 1, 2"
    shown = product("1", "bootcut", image="http://a", more=("http://z", "http://b"))
    products.save_page(db, page(shown, product("2", "flare", more=("http://b",))))
    assert rows(db, stored) == [("1", 1, "http://z"), ("1", 2, "http://b"), ("2", 1, "http://b")]
    products.save_page(db, page(product("1", "bootcut", image="http://a", more=("http://c",))))
    assert rows(db, stored) == [("1", 1, "http://c"), ("2", 1, "http://b")]


def test_failures_count_only_for_requested_pictures(db: sqlite3.Connection) -> None:
    start(db)
    products.save_page(
        db, page(product("1", "bootcut", image="http://a", more=("http://b", "http://c")))
    )
    products.save_images(
        db, [Image(address="http://b", file="bb/b.jpg", sha256="bb", width=3, height=4)]
    )
    products.save_images(
        db, [Image(address=name, error="HTTP 404") for name in ("http://a", "http://c")]
    )
    products.save_images(db, [Image(address="http://of-no-product", error="HTTP 404")])
    found = [products.progress(db, pictures) for pictures in (1, 2, 3)]
    assert [(one.pictures, one.failed) for one in found] == [(1, 1), (1, 1), (1, 2)]


def test_skipped_entries_can_be_queried(db: sqlite3.Connection) -> None:
    skipped = [Skipped("product", "line 3", "it has no id")]
    save_import(db, TREE, [product("1", "belts")], skipped, "products.csv")
    assert rows(db, "select kind, item, reason from skipped") == [
        ("product", "line 3", "it has no id")
    ]


def test_a_later_import_may_put_categories_below_a_leaf(db: sqlite3.Connection) -> None:
    start(db)
    below = [
        Category(id="wide-belts", name="Wide", parent="belts", path="belts/wide-belts", leaf=True)
    ]
    save_import(db, below, [], [], "products.csv")
    assert products.leaves_below(db, "belts") == ["wide-belts"]


def test_a_corrected_file_corrects_categories_and_counts(db: sqlite3.Connection) -> None:
    save_import(db, TREE, [product("1", "belts", "flare")], [], "products.csv")
    save_import(db, TREE, [product("1", "bootcut")], [], "products.csv")
    assert rows(db, "select id, category_id from product") == [("1", "bootcut")]
    assert rows(db, "select * from product_category") == [("1", "bootcut")]
    assert rows(db, "select id from category where product_count > 0") == [("bootcut",)]


def test_importing_a_corrected_file_clears_skipped_entries_and_failures(
    db: sqlite3.Connection,
) -> None:
    skipped = [Skipped("product", "a.csv line 3", "it has no id")]
    save_import(db, TREE, [product("1", "belts", image="/old/1.jpg")], skipped, "a.csv")
    products.save_images(db, [Image(address="/old/1.jpg", error="No such file or directory")])
    other = [Skipped("product", "b.csv line 9", "it has no id")]
    save_import(db, [], [], other, "b.csv")
    assert products.progress(db) == products.Progress(
        categories=5, products=1, pictures=0, skipped=2, failed=1
    )
    save_import(db, TREE, [product("1", "belts", image="/new/1.jpg")], [], "a.csv")
    assert products.progress(db) == products.Progress(
        categories=5, products=1, pictures=0, skipped=1, failed=0
    )


def test_a_subtree_crawled_later_keeps_the_paths_of_the_larger_tree(
    db: sqlite3.Connection,
) -> None:
    start(db)
    before = rows(db, "select id, parent, path, leaf from category order by id")
    jeans = [
        Category(id="jeans", name="Jeans", parent="women", path="", leaf=False),
        Category(id="bootcut", name="Bootcut", parent="jeans", path="bootcut", leaf=True),
        Category(id="flare", name="Flare", parent="jeans", path="flare", leaf=True),
    ]
    products.save_categories(db, "categories?cat=jeans", jeans, [])
    leaf = [Category(id="flare", name="Flare", parent="jeans", path="flare", leaf=True)]
    products.save_categories(db, "categories?cat=flare", leaf, [])
    assert rows(db, "select id, parent, path, leaf from category order by id") == before


def test_an_import_is_stored_completely_or_not_at_all(db: sqlite3.Connection) -> None:
    broken = Product(id="2", name="x", description="", categories=("unheard of",), image=None)
    with pytest.raises(sqlite3.IntegrityError):
        save_import(db, TREE, [product("1", "belts"), broken], [], "products.csv")
    assert products.progress(db) == products.Progress(
        categories=0, products=0, pictures=0, skipped=0, failed=0
    )
