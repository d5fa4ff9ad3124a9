"""Crawl the ShopStyle API into crawl.db: first the categories, then the products of each leaf.

Each query continues from its bookmark. A query that fails is stored with the reason and reported,
and the crawl continues with the next query.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from product_classifier.console import Console
from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.records import CrawlScope, Query
from product_classifier.sources.shopstyle import (
    REACHABLE,
    ShopStyle,
    by_price_query,
    category_query,
)
from product_classifier.store import bookmarks, products


def crawl_api(db: sqlite3.Connection, shop: ShopStyle, scope: CrawlScope, console: Console) -> None:
    """Fetch the categories and the products in scope.

    Raises SourceError if nothing can be fetched, and KeyRejectedError if the API rejects the key.
    """
    if "categories" in scope.parts:
        crawl_categories(db, shop, scope.root, console)
    if "products" in scope.parts:
        crawl_products(db, shop, scope.root, scope.max_per_category, console)


def crawl_categories(db: sqlite3.Connection, shop: ShopStyle, root: str, console: Console) -> None:
    """Fetch the category tree below root, unless that is done.

    Raises SourceError if that fails and no leaf below root is known from an earlier crawl.
    """
    query = category_query(root)
    if bookmarks.bookmark(db, query).finished:
        return
    if products.leaves_below(db, root):
        with continued_after_failure(db, query, console):
            products.save_categories(db, query, *shop.categories(root))
    else:
        products.save_categories(db, query, *shop.categories(root))


def crawl_products(
    db: sqlite3.Connection, shop: ShopStyle, root: str, maximum: int, console: Console
) -> None:
    """Fetch the products of each leaf below root; maximum: products of a leaf.

    Raises SourceError if no leaf is known, and KeyRejectedError if the API rejects the key.
    """
    leaves = products.leaves_below(db, root)
    if not leaves:
        raise SourceError(f"no category below {root} is known yet; leave out --only")
    failed: list[str] = []
    progress = console.counter(
        "leaves", len(leaves), lambda: {"failed": len(failed), "pauses": shop.client.pauses}
    )
    for leaf in leaves:
        whole = Query(leaf)
        with continued_after_failure(db, whole.name, console, failed):
            crawl_query(db, shop, whole, maximum)
        if maximum > REACHABLE and bookmarks.bookmark(db, whole.name).offset >= REACHABLE:
            with continued_after_failure(db, by_price_query(leaf), console, failed):
                crawl_by_price(db, shop, leaf, maximum)
        progress.advance()
    progress.close()


def crawl_query(db: sqlite3.Connection, shop: ShopStyle, query: Query, maximum: int) -> None:
    """Fetch the products of a query from its bookmark on. Raises SourceError."""
    reached = bookmarks.bookmark(db, query.name)
    if not reached.finished:
        for page in shop.pages(query, reached.offset, maximum):
            products.save_page(db, page)


def crawl_by_price(db: sqlite3.Connection, shop: ShopStyle, leaf: str, maximum: int) -> None:
    """Fetch a leaf's products by queries for price ranges, which return further products.

    Raises SourceError.
    """
    enough = products.count_products(db, leaf) >= maximum
    if enough or bookmarks.bookmark(db, by_price_query(leaf)).finished:
        return
    for query in shop.queries_by_price(leaf):
        crawl_query(db, shop, query, REACHABLE)
        if products.count_products(db, leaf) >= maximum:
            return
    bookmarks.save_finished(db, by_price_query(leaf))


@contextmanager
def continued_after_failure(
    db: sqlite3.Connection, query: str, console: Console, failed: list[str] | None = None
) -> Iterator[None]:
    """Store and report why a query failed, append it to failed, and continue.

    Raises KeyRejectedError: without a key, no query succeeds.
    """
    try:
        yield
    except KeyRejectedError:
        raise
    except SourceError as error:
        bookmarks.save_failure(db, query, str(error))
        report_failure(query, str(error), console)
        if failed is not None:
            failed.append(query)


def report_failure(query: str, error: str, console: Console) -> None:
    """Write why a query could not be read to its end."""
    console.say(f"{query}: {error}", {"query": query, "error": error})
