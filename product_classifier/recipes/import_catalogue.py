"""Import a catalogue into crawl.db: a file, a folder, or the products of a Shopify shop.

A BSON file is too large to be read at once. Several processes read its parts and store their
pictures, and this process stores the rows in order, page by page.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from product_classifier.console import Console, Counter, Problems
from product_classifier.errors import SourceError, StoreError
from product_classifier.limits import limited_page
from product_classifier.recipes.crawl_shopstyle import report_failure
from product_classifier.records import Entry, Image, Page, Product, Skipped
from product_classifier.sources.files.cdiscount import (
    BsonFile,
    DocumentBatch,
    KnownCategories,
    read_batch,
)
from product_classifier.sources.formats import Source
from product_classifier.sources.shopify import COLLECTIONS, PRODUCTS, Shopify
from product_classifier.sources.web.download_pictures import put_embedded
from product_classifier.store import bookmarks, products
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import OnSkipped, PagedImport, save_import

WORKERS = 3  # processes: one more than two cores need, because one often waits for the disk
AHEAD = 2 * WORKERS  # pages read ahead, so that no process waits for the database
PAGES = 4  # pages of a transaction: the indexes are written once for all of them
StoredPictures = list[Image | Skipped]
BETWEEN_COUNTS = 1_000  # products between two updates of the progress


def import_catalogue(
    db: sqlite3.Connection, source: Source, images: Path, console: Console, *, strict: bool = False
) -> None:
    """Import a file or folder and report skipped entries; images: the folder for its pictures.

    Raises SourceError if strict and anything is skipped.
    """
    console.say(f"{source.name}: {source.about}", {"source": source.name, "about": source.about})
    problems, progress = console.problems("skipped"), console.counter("records")
    import_source(db, source, ImageFolder(images), _reporting(problems, strict), progress)
    progress.close()
    problems.close()


def import_source(
    db: sqlite3.Connection,
    source: Source,
    images: ImageFolder,
    on_skipped: OnSkipped,
    progress: Counter,
) -> None:
    """Import a file or folder in one transaction; BSON page by page from the bookmark on.

    An exception of on_skipped ends the import, and nothing more is stored.
    """
    if source.bson:
        import_parts(db, source.bson, images, on_skipped, progress)
    else:
        save_import(db, _counted(source.entries(), progress), source.name, on_skipped)


def import_shop(
    db: sqlite3.Connection,
    shop: Shopify,
    console: Console,
    *,
    by_collection: bool = False,
    strict: bool = False,
) -> None:
    """Fetch a shop's products: all, as far as the shop lists them, then those of collections.

    by_collection: fetch by collections only, which become the categories. A list with an error is
    stored as failed and reported, and the others are fetched. Raises SourceError if a shop returns
    nothing, or if strict and anything is skipped.
    """
    problems, progress = console.problems("skipped"), console.counter("records")
    on_skipped = _reporting(problems, strict)

    def give_up(path: str, error: SourceError) -> None:
        begun = (bookmarks.bookmark(db, shop.query(name)) for name in (PRODUCTS, COLLECTIONS))
        if not any(bookmark.offset or bookmark.finished for bookmark in begun):
            raise error
        bookmarks.save_failure(db, shop.query(path), str(error))
        report_failure(shop.query(path), str(error), console)

    def pages(path: str, offset: int, category: str | None) -> Iterator[Page]:
        try:
            yield from shop.pages(path, offset, category)
        except SourceError as error:
            give_up(path, error)

    def fetch(path: str, category: str | None) -> bool:
        reached = bookmarks.bookmark(db, shop.query(path))
        finished = reached.finished
        for page in () if finished else pages(path, reached.offset, category):
            page = limited_page(page)
            for entry in page.skipped:
                on_skipped(entry)
            products.save_page(db, page)
            progress.advance(len(page.products))
            finished = page.finished
        return finished

    def fetch_all() -> None:
        if not by_collection and fetch(PRODUCTS, None):
            return
        try:
            collections = shop.collections()
        except SourceError as error:
            give_up(COLLECTIONS, error)
            return
        bookmarks.save_finished(db, shop.query(COLLECTIONS))
        for collection in collections:
            fetch(collection.path, collection.title if by_collection else None)

    fetch_all()
    progress.close()
    problems.close()


def _reporting(problems: Problems, strict: bool) -> OnSkipped:
    """Return a function that reports a skipped entry or, if strict, raises SourceError."""

    def report(entry: Skipped) -> None:
        if strict:
            raise SourceError(f"{entry.item}: {entry.reason}; without --strict the rest is stored")
        problems.add(entry.item, entry.reason)

    return report


def _counted(entries: Iterable[Entry], progress: Counter) -> Iterator[Entry]:
    """Yield the entries, and count the products among them."""
    count = 0
    for entry in entries:
        count += isinstance(entry, Product)
        yield entry
        if count == BETWEEN_COUNTS:
            progress.advance(count)
            count = 0
    progress.advance(count)


def import_parts(
    db: sqlite3.Connection,
    source: BsonFile,
    folder: ImageFolder,
    on_skipped: OnSkipped,
    progress: Counter,
) -> None:
    """Import a file from its bookmark on, PAGES pages and their pictures in a transaction.

    Raises StoreError if a process was killed, and any exception of on_skipped.
    """
    importing = PagedImport(db, source.query, on_skipped)
    if importing.reached.finished:
        return
    categories = KnownCategories(source.categories)
    with _workers() as workers:
        pages = _read_ahead(workers, source, importing.reached.offset, folder)
        complete = ((categories.complete(page), pictures) for page, pictures in pages)
        while batch := list(islice(complete, PAGES)):
            importing.save(batch)
            progress.advance(sum(len(page.products) for page, _ in batch))


def _read_ahead(
    workers: Executor, source: BsonFile, start: int, folder: ImageFolder
) -> Iterator[tuple[Page, StoredPictures]]:
    """Yield pages and their stored pictures; at most AHEAD further pages are being read."""
    futures: deque[Future[tuple[Page, StoredPictures]]] = deque()
    for part in source.batches(start):
        futures.append(workers.submit(_read_part, source.path, source.query, part, folder.path))
        if len(futures) > AHEAD:
            yield futures.popleft().result()
    for future in futures:
        yield future.result()


def _read_part(
    file: Path, query: str, part: DocumentBatch, images: Path
) -> tuple[Page, StoredPictures]:
    """Return a page and its pictures, which are flushed to disk; runs in another process."""
    folder, pictures = ImageFolder(images), StoredPictures()
    page = read_batch(
        file, query, part, lambda picture: pictures.append(put_embedded(picture, folder))
    )
    folder.keep()
    return page, pictures


@contextmanager
def _workers() -> Iterator[Executor]:
    """Start the processes: threads would wait for each other's lock at each of a million files.

    Raises StoreError if one of them is killed.
    """
    workers = ProcessPoolExecutor(WORKERS, initializer=_start_worker)
    try:
        yield workers
    except BrokenProcessPool:
        raise StoreError(
            "a process that stores pictures was killed; run crawl.py again to continue"
        ) from None
    finally:
        workers.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Ignore Ctrl-C, which the crawl handles, and exit with the crawl, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_crawl, daemon=True).start()


def _exit_with_crawl() -> None:
    if crawl := multiprocessing.parent_process():
        crawl.join()
        os._exit(1)
