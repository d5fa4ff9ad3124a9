"""Fetch every picture that crawl.db names and images/ lacks, many at a time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from product_classifier.console import Console
from product_classifier.records import CrawlScope
from product_classifier.sources.web.client import Client
from product_classifier.sources.web.download_pictures import fetch_pictures
from product_classifier.store import bookmarks, products
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.legacy_database import legacy_pictures


def crawl_pictures(
    db: sqlite3.Connection,
    client: Client,
    scope: CrawlScope,
    images: Path,
    *,
    connections: int,
    console: Console,
) -> None:
    """Fetch pictures into the folder images; a picture that fails is stored with the reason.

    connections: pictures that are fetched at the same time.
    """
    store = ImageFolder(images)
    store.sweep()
    wanted = scope.pictures, scope.refresh, scope.images_per_product
    addresses = bookmarks.pending_images(db, *wanted)
    copies = legacy_pictures(db, scope.pictures)
    counts = {"failed": 0}
    progress = None
    for batch in fetch_pictures(addresses, client, scope.pictures, store, connections, copies):
        if not progress:  # servers are at work while a million addresses are counted
            progress = console.counter(
                "pictures",
                bookmarks.count_pending_images(db, *wanted),
                lambda: counts | {"pauses": client.pauses},
            )
        products.save_images(db, batch)
        counts["failed"] += sum(picture.error is not None for picture in batch)
        progress.advance(len(batch))
    if progress:
        progress.close()
