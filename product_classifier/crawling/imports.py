"""Catalogues of other kinds → crawl.db: what is small at once, what is large page by page."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from product_classifier.records import Embedded, Entry, Image, Page, Product, Skipped
from product_classifier.sources.kinds import Source
from product_classifier.sources.pictures import store_pictures
from product_classifier.sources.shopify import PRODUCTS, Shopify
from product_classifier.store import bookmarks, catalogue
from product_classifier.store.images import ImageFolder
from product_classifier.store.importing import PagedImport, Tell, save_import

Advance = Callable[[int], None]
ADVANCE = 1_000  # products at a time
WRITERS = 2  # pages whose pictures are stored at once


def import_source(
    db: sqlite3.Connection, source: Source, folder: ImageFolder, tell: Tell, advance: Advance
) -> None:
    """Import a file or folder: whole or not at all; one that has pages, from the bookmark on.

    tell may raise, and then nothing more is stored.
    """
    if source.pages:
        _import_pages(db, source, folder, tell, advance)
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


def _import_pages(
    db: sqlite3.Connection, source: Source, folder: ImageFolder, tell: Tell, advance: Advance
) -> None:
    importing = PagedImport(db, source.query, tell)
    if source.pages is None or importing.reached.finished:
        return
    pages = source.pages(importing.reached.offset)
    for page, found in _with_stored_pictures(pages, folder):
        importing.save(page, found)
        advance(len(page.products))


def _with_stored_pictures(
    pages: Iterable[tuple[Page, list[Embedded]]], folder: ImageFolder
) -> Iterator[tuple[Page, list[Image | Skipped]]]:
    """Store the pictures of a few pages while those before are put into the database."""
    waiting: deque[tuple[Page, Future[list[Image | Skipped]]]] = deque()
    with ThreadPoolExecutor(WRITERS) as workers:
        for page, pictures in pages:
            waiting.append((page, workers.submit(store_pictures, pictures, folder)))
            if len(waiting) > WRITERS:
                page, storing = waiting.popleft()
                yield page, storing.result()
        for page, storing in waiting:
            yield page, storing.result()


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
