"""Catalogues of other kinds → crawl.db: what is small at once, what is large piece by piece."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from product_classifier.crawling.parts import import_parts
from product_classifier.limits import limited_page
from product_classifier.records import Entry, Product
from product_classifier.sources.kinds import Source
from product_classifier.sources.shopify import PRODUCTS, Shopify
from product_classifier.store import bookmarks, catalogue
from product_classifier.store.images import ImageFolder
from product_classifier.store.importing import Tell, save_import

Advance = Callable[[int], None]
ADVANCE = 1_000  # products at a time


def import_source(
    db: sqlite3.Connection, source: Source, folder: ImageFolder, tell: Tell, advance: Advance
) -> None:
    """Import a file or folder: whole or not at all; BSON, from the bookmark on.

    tell may raise, and then nothing more is stored.
    """
    if source.bson:
        import_parts(db, source.bson, folder, tell, advance)
    else:
        save_import(db, _counted(source.entries(), advance), source.name, tell)


def import_shop(
    db: sqlite3.Connection, shop: Shopify, by_collection: bool, tell: Tell, advance: Advance
) -> None:
    """Fetch a shop's products; beyond what it hands out at once, collection by collection.

    by_collection: whether the collections are the categories. Raises SourceError.
    """

    def fetch(path: str, category: str | None) -> bool:
        reached = bookmarks.bookmark(db, shop.query(path))
        finished = reached.finished
        for page in () if finished else shop.pages(path, reached.offset, category):
            page = limited_page(page)
            for entry in page.skipped:
                tell(entry)
            catalogue.save_page(db, page)
            advance(len(page.products))
            finished = page.finished
        return finished

    if not by_collection and fetch(PRODUCTS, None):
        return
    for collection in shop.collections():
        fetch(collection.path, collection.title if by_collection else None)


def _counted(entries: Iterable[Entry], advance: Advance) -> Iterator[Entry]:
    """Pass entries on, and count the products among them."""
    count = 0
    for entry in entries:
        count += isinstance(entry, Product)
        yield entry
        if count == ADVANCE:
            advance(count)
            count = 0
    advance(count)
