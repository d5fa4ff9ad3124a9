"""The ShopStyle API → crawl.db, from the bookmarks on."""

from __future__ import annotations

import sqlite3

from product_classifier.records import Query
from product_classifier.sources.shopstyle import REACHABLE, ShopStyle, category_query, cuts_query
from product_classifier.store import bookmarks, catalogue


def crawl_categories(db: sqlite3.Connection, shop: ShopStyle, root: str) -> None:
    """Fetch the tree below root, once. Raises SourceError, as all of these do."""
    query = category_query(root)
    if not bookmarks.bookmark(db, query).finished:
        catalogue.save_categories(db, query, *shop.categories(root))


def crawl_query(db: sqlite3.Connection, shop: ShopStyle, query: Query, maximum: int) -> None:
    """Fetch a query's products from its bookmark on."""
    reached = bookmarks.bookmark(db, query.name)
    if not reached.finished:
        for page in shop.pages(query, reached.offset, maximum):
            catalogue.save_page(db, page)


def crawl_cuts(db: sqlite3.Connection, shop: ShopStyle, leaf: str, maximum: int) -> None:
    """Fetch what lies beyond the API's reach, one range of prices after the other."""
    enough = catalogue.count_products(db, leaf) >= maximum
    if enough or bookmarks.bookmark(db, cuts_query(leaf)).finished:
        return
    for query in shop.cuts(leaf):
        crawl_query(db, shop, query, REACHABLE)
        if catalogue.count_products(db, leaf) >= maximum:
            return
    bookmarks.save_finished(db, cuts_query(leaf))
