"""Show what a source holds, and count what a crawl would still fetch; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from product_classifier.printable import one_line
from product_classifier.records import Query
from product_classifier.report.preview import preview_text
from product_classifier.sources.formats import SQLITE, SourceOptions, open_source
from product_classifier.sources.shopify import Shopify
from product_classifier.sources.shopstyle import REACHABLE, category_query
from product_classifier.store import bookmarks, pending_pictures, products
from product_classifier.store.database import open_database
from product_classifier.store.legacy_database import read_legacy_entries


def preview(format: str, source: SourceOptions | Shopify) -> str:
    """Return what a source is, its first products and its tree; of a shop, those of its first page.

    Raises SourceError and StoreError where the source is not of the format.
    """
    if isinstance(source, Shopify):
        about, entries = "a Shopify shop, its first page", source.first_page()
    elif format == SQLITE:
        about, entries = f"{source.path}: of the earlier system", read_legacy_entries(source.path)
    else:
        opened = open_source(format, source)
        about, entries = f"{opened.name}: {opened.about}", opened.entries()
    return f"{one_line(about)}\n{preview_text(entries)}"


class Wanted(NamedTuple):
    """What a crawl is to fetch."""

    root: str
    max_per_category: int
    images_per_product: int
    pictures: Path | None  # a local folder that file names lead into
    refresh: str | None  # fetch anew what was fetched before this date


def count_what_is_left(
    path: Path, wanted: Wanted, parts: Sequence[str], *, alone: bool
) -> tuple[list[str], dict[str, Any]]:
    """Return lines, and the same as values, on what a crawl would fetch into the database at path.

    parts: of categories, products and images; alone: whether pictures are fetched without a crawl
    before that may find new ones.
    """
    lines: list[str] = []
    facts: dict[str, Any] = {}
    root, maximum, per_product, pictures, refresh = wanted
    with open_database(path) as db:
        if "categories" in parts:
            facts["tree"] = not bookmarks.is_done(db, category_query(root), 0, refresh)
            lines.append(f"categories below {root}: {'all' if facts['tree'] else 'none'}")
        if "products" in parts:
            leaves, most = products.leaves_below(db, root), min(maximum, REACHABLE)
            left = [
                leaf
                for leaf in leaves
                if not bookmarks.is_done(db, Query(leaf).name, most, refresh)
            ]
            facts |= {"leaves": len(left), "of_leaves": len(leaves)}
            lines.append(f"products: of {len(left):,} leaves of {len(leaves):,}")
        if "images" in parts:
            count = pending_pictures.count_pending_images(db, pictures, refresh, per_product)
            facts["pictures"] = count
            lines.append(f"pictures: {count:,}{'' if alone else ', and those of new products'}")
    return lines, facts
