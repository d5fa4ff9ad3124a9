"""Import a large BSON file into crawl.db; several processes read it and store its pictures."""

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

WORKERS = 3  # processes: one more than two cores need, because one often waits for the disk
AHEAD = 2 * WORKERS  # pages read ahead, so that no process waits for the database
PAGES = 4  # pages of a transaction: the indexes are written once for all of them
StoredPictures = list[Image | Skipped]


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
