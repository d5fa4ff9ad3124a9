"""A file too large to be read at once → crawl.db, its parts read by several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from product_classifier.console import Counter
from product_classifier.errors import StoreError
from product_classifier.records import Image, Page, Skipped
from product_classifier.sources.files.cdiscount import (
    BsonFile,
    DocumentBatch,
    KnownCategories,
    read_batch,
)
from product_classifier.sources.web.download_pictures import put_embedded
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import OnSkipped, PagedImport

WORKERS = 3  # processes that read pages: one more than keep two cores busy, for one that waits
AHEAD = 2 * WORKERS  # pages that are begun, so that none waits while others are put
PAGES = 4  # that are put into the database at once, so that its indexes are written seldom
Stored = list[Image | Skipped]


def import_parts(
    db: sqlite3.Connection,
    source: BsonFile,
    folder: ImageFolder,
    on_skipped: OnSkipped,
    progress: Counter,
) -> None:
    """Import a file on from its bookmark, each time a few pages with their pictures.

    Raises StoreError, and whatever on_skipped raises; then nothing more is stored.
    """
    importing = PagedImport(db, source.query, on_skipped)
    if importing.reached.finished:
        return
    categories = KnownCategories(source.categories)
    with _workers() as workers:
        pages = _read_ahead(workers, source, importing.reached.offset, folder)
        while some := [(categories.complete(page), found) for page, found in islice(pages, PAGES)]:
            importing.save(some)
            progress.advance(sum(len(page.products) for page, _ in some))


def _read_ahead(
    workers: Executor, source: BsonFile, start: int, folder: ImageFolder
) -> Iterator[tuple[Page, Stored]]:
    """Read pages and store their pictures, while those before are put into the database."""
    begun: deque[Future[tuple[Page, Stored]]] = deque()
    for part in source.batches(start):
        begun.append(workers.submit(_read_part, source.path, source.query, part, folder.path))
        if len(begun) > AHEAD:
            yield begun.popleft().result()
    for reading in begun:
        yield reading.result()


def _read_part(file: Path, query: str, part: DocumentBatch, images: Path) -> tuple[Page, Stored]:
    """Read a page, and store its pictures so that they stay."""
    folder, found = ImageFolder(images), Stored()
    page = read_batch(
        file, query, part, lambda picture: found.append(put_embedded(picture, folder))
    )
    folder.keep()
    return page, found


@contextmanager
def _workers() -> Iterator[Executor]:
    """Begin processes, since threads would wait for each other at each of a million files.

    Raises StoreError where one of them is ended from outside.
    """
    workers = ProcessPoolExecutor(WORKERS, initializer=_begin_work)
    try:
        yield workers
    except BrokenProcessPool:
        raise StoreError("what stores pictures was ended from outside; run it again") from None
    finally:
        workers.shutdown(cancel_futures=True)


def _begin_work() -> None:
    """Let the crawl alone hear Ctrl-C, and end with it, even where it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_crawl, daemon=True).start()


def _end_with_crawl() -> None:
    if crawl := multiprocessing.parent_process():
        crawl.join()
        os._exit(1)
