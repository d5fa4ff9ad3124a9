"""Catalogues of other kinds → crawl.db: what is small at once, what is large piece by piece."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from product_classifier.errors import SourceError
from product_classifier.limits import limited_page
from product_classifier.printable import one_line
from product_classifier.recipes.crawl_shopstyle import Fail
from product_classifier.recipes.import_bson import import_parts
from product_classifier.records import Entry, Page, Product
from product_classifier.report.preview import preview_text
from product_classifier.sources.formats import SQLITE, Source, SourceOptions, open_source
from product_classifier.sources.shopify import COLLECTIONS, PRODUCTS, Shopify
from product_classifier.store import bookmarks, products
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import Tell, save_import
from product_classifier.store.legacy_database import read_older

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
    db: sqlite3.Connection,
    shop: Shopify,
    by_collection: bool,
    tell: Tell,
    advance: Advance,
    fail: Fail = lambda query, error: None,
) -> None:
    """Fetch a shop's products; beyond what it hands out at once, collection by collection.

    by_collection: whether the collections are the categories. A list that breaks off is stored as
    failed and told, and does not stop the rest. Raises SourceError where a shop gives nothing.
    """

    def give_up(path: str, error: SourceError) -> None:
        begun = (bookmarks.bookmark(db, shop.query(known)) for known in (PRODUCTS, COLLECTIONS))
        if not any(known.offset or known.finished for known in begun):
            raise error
        bookmarks.save_failure(db, shop.query(path), str(error))
        fail(shop.query(path), str(error))

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
                tell(entry)
            products.save_page(db, page)
            advance(len(page.products))
            finished = page.finished
        return finished

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


def preview(kind: str, source: SourceOptions | Shopify) -> str:
    """Tell what a source is, and show its first products and its tree; of a shop its first page.

    Raises SourceError and StoreError where it is not what it is taken for.
    """
    if isinstance(source, Shopify):
        about, entries = "a Shopify shop, its first page", source.first_page()
    elif kind == SQLITE:
        about, entries = f"{source.path}: of the earlier system", read_older(source.path)
    else:
        opened = open_source(kind, source)
        about, entries = f"{opened.name}: {opened.about}", opened.entries()
    return f"{one_line(about)}\n{preview_text(entries)}"
