"""The ShopStyle API → crawl.db, from the bookmarks on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.records import Query
from product_classifier.sources.shopstyle import REACHABLE, ShopStyle, category_query, cuts_query
from product_classifier.store import bookmarks, products

Fail = Callable[[str, str], None]  # takes a query, and why it could not be read on


@contextmanager
def going_on(db: sqlite3.Connection, query: str, fail: Fail) -> Iterator[None]:
    """Store and tell why a query failed, and go on; a key that is rejected stops everything."""
    try:
        yield
    except KeyRejectedError:
        raise
    except SourceError as error:
        bookmarks.save_failure(db, query, str(error))
        fail(query, str(error))


def crawl_categories(db: sqlite3.Connection, shop: ShopStyle, root: str, fail: Fail) -> None:
    """Fetch the tree below root, once.

    Raises SourceError, as all of these do; where leaves are known from before, only tells of it.
    """
    query = category_query(root)
    if bookmarks.bookmark(db, query).finished:
        return
    if products.leaves_below(db, root):
        with going_on(db, query, fail):
            products.save_categories(db, query, *shop.categories(root))
    else:
        products.save_categories(db, query, *shop.categories(root))


def crawl_query(db: sqlite3.Connection, shop: ShopStyle, query: Query, maximum: int) -> None:
    """Fetch a query's products from its bookmark on."""
    reached = bookmarks.bookmark(db, query.name)
    if not reached.finished:
        for page in shop.pages(query, reached.offset, maximum):
            products.save_page(db, page)


def crawl_cuts(db: sqlite3.Connection, shop: ShopStyle, leaf: str, maximum: int) -> None:
    """Fetch what lies beyond the API's reach, one range of prices after the other."""
    enough = products.count_products(db, leaf) >= maximum
    if enough or bookmarks.bookmark(db, cuts_query(leaf)).finished:
        return
    for query in shop.cuts(leaf):
        crawl_query(db, shop, query, REACHABLE)
        if products.count_products(db, leaf) >= maximum:
            return
    bookmarks.save_finished(db, cuts_query(leaf))
