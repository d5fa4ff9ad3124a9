"""Import a catalogue into crawl.db: a file, a folder, or the products of a Shopify shop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from product_classifier.console import Console, Counter, Problems
from product_classifier.errors import SourceError
from product_classifier.limits import limited_page
from product_classifier.recipes.crawl_shopstyle import report_failure
from product_classifier.recipes.import_bson import import_parts
from product_classifier.records import Entry, Page, Product, Skipped
from product_classifier.sources.formats import Source
from product_classifier.sources.shopify import COLLECTIONS, PRODUCTS, Shopify
from product_classifier.store import bookmarks, products
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import OnSkipped, save_import

BETWEEN_COUNTS = 1_000  # products that are counted at once


def import_catalogue(
    db: sqlite3.Connection, source: Source, images: Path, console: Console, *, strict: bool = False
) -> None:
    """Import a file or folder and report what is skipped; images: where its pictures are kept.

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
    """Import a file or folder, whole or not at all; BSON page by page from the bookmark on.

    Whatever on_skipped raises ends the import, and nothing more is stored.
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
    """Fetch a shop's products; beyond what it hands out at once, collection by collection.

    by_collection: whether the collections are the categories. A list that breaks off is stored as
    failed and reported, and does not stop the rest. Raises SourceError if a shop gives nothing, or
    if strict and anything is skipped.
    """
    problems, progress = console.problems("skipped"), console.counter("records")
    on_skipped = _reporting(problems, strict)

    def give_up(path: str, error: SourceError) -> None:
        begun = (bookmarks.bookmark(db, shop.query(known)) for known in (PRODUCTS, COLLECTIONS))
        if not any(known.offset or known.finished for known in begun):
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
    """Return what reports a skipped entry or, if strict, raises SourceError for it."""

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
