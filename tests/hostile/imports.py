"""Import a hostile file as crawl.py does, into a database beside it."""

from __future__ import annotations

from pathlib import Path

from product_classifier.console import SILENT
from product_classifier.recipes.import_catalogue import import_source
from product_classifier.sources import formats
from product_classifier.store.database import open_database
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import ignore_skipped


def import_file(path: Path, kind: str = "") -> None:
    """Detect the format of a file, and import it without reporting skipped entries."""
    kind = kind or formats.format_of(str(path))
    source = formats.open_source(kind, formats.SourceOptions(path=path, images=path.parent))
    with open_database(path.parent / "crawl.db", create=True) as db:
        folder = ImageFolder(path.parent / "images")
        import_source(db, source, folder, ignore_skipped, SILENT.counter("records"))
