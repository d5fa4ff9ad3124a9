"""Catalogues of other kinds → crawl.db: what is small at once, what is large page by page."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

from product_classifier.errors import StoreError
from product_classifier.records import Embedded, Entry, Image, Page, Product, Skipped
from product_classifier.sources.kinds import Source
from product_classifier.sources.pictures import store_pictures
from product_classifier.sources.shopify import PRODUCTS, Shopify
from product_classifier.store import bookmarks, catalogue
from product_classifier.store.images import ImageFolder
from product_classifier.store.importing import PagedImport, Tell, save_import

Advance = Callable[[int], None]
ADVANCE = 1_000  # products at a time
WRITERS = 2  # processes that store a page's pictures at once


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
    with _collecting_no_garbage():
        for page, found in _with_stored_pictures(pages, folder):
            importing.save(page, found)
            advance(len(page.products))


@contextmanager
def _collecting_no_garbage() -> Iterator[None]:
    """Look for no cycles, of which records make none: it takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _with_stored_pictures(
    pages: Iterable[tuple[Page, list[Embedded]]], folder: ImageFolder
) -> Iterator[tuple[Page, list[Image | Skipped]]]:
    """Store the pictures of some pages while one before them is put into the database.

    Each by a process of its own, which has the page's pictures since it is forked: threads would
    wait for each other at each of a million files. Raises StoreError.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        yield from ((page, store_pictures(pictures, folder)) for page, pictures in pages)
        return
    begun: deque[tuple[Page, Connection]] = deque()
    for page, pictures in pages:
        begun.append((page, _begin_to_store(pictures, folder)))
        if len(begun) > WRITERS:
            page, storing = begun.popleft()
            yield page, _stored(storing)
    for page, storing in begun:
        yield page, _stored(storing)


def _begin_to_store(pictures: list[Embedded], folder: ImageFolder) -> Connection:
    """Let another process store pictures, and return where it will tell of them."""
    here, there = multiprocessing.Pipe(duplex=False)
    with there:
        context = multiprocessing.get_context("fork")
        context.Process(target=_store, args=(pictures, folder, there, here)).start()
    return here


def _store(
    pictures: list[Embedded], folder: ImageFolder, told: Connection, others: Connection
) -> None:
    others.close()  # so that nobody is left to tell once the crawl is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the crawl hears it; what is begun is stored
    with suppress(BrokenPipeError):  # nobody waits for it any more
        try:
            told.send(store_pictures(pictures, folder))
        except StoreError as error:
            told.send(error)


def _stored(told: Connection) -> list[Image | Skipped]:
    """Wait for what another process has stored."""
    with told:
        try:
            found: list[Image | Skipped] | StoreError = told.recv()
        except EOFError:
            raise StoreError("what stores pictures was ended from outside; run it again") from None
    if isinstance(found, StoreError):
        raise found
    return found


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
