"""Show what a source holds, and count what a crawl would still fetch; nothing is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from product_classifier.printable import one_line
from product_classifier.records import CrawlScope, Query
from product_classifier.report.crawl import preview_text
from product_classifier.sources import SQLITE
from product_classifier.sources.formats import SourceOptions, open_source
from product_classifier.sources.shopify import Shopify
from product_classifier.sources.shopstyle import REACHABLE, category_query
from product_classifier.store import bookmarks, products
from product_classifier.store.database import open_database
from product_classifier.store.legacy_database import read_legacy_entries


def dry_run(
    path: Path, scope: CrawlScope, format: str | None, source: SourceOptions | Shopify | None
) -> tuple[str, dict[str, Any]]:
    """Return what a crawl into the database at path would do, as text and as values.

    source: what is to be imported, of the format; None for the ShopStyle API.
    """
    lines: list[str] = []
    values: dict[str, Any] = {"database": str(path) if path.exists() else None}
    if format and source and "products" in scope.parts:
        lines.append(preview(format, source))
        values["preview"] = lines[0].splitlines()
    if values["database"]:
        left, counts = count_what_is_left(path, scope, crawls=source is None)
        lines += left
        values |= counts
    else:
        verb = "imported" if source else "fetched"
        lines.append(f"there is no {path} yet: everything would be {verb}")
    return "\n".join(lines), values


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


def count_what_is_left(
    path: Path, scope: CrawlScope, *, crawls: bool
) -> tuple[list[str], dict[str, Any]]:
    """Return lines, and the same as values, on what a crawl would fetch into the database at path.

    crawls: whether categories and products are fetched from the API.
    """
    lines: list[str] = []
    facts: dict[str, Any] = {}
    root, refresh, parts = scope.root, scope.refresh, scope.parts
    with open_database(path) as db:
        if crawls and "categories" in parts:
            facts["tree"] = not bookmarks.is_done(db, category_query(root), 0, refresh)
            lines.append(f"categories below {root}: {'all' if facts['tree'] else 'none'}")
        if crawls and "products" in parts:
            leaves, most = products.leaves_below(db, root), min(scope.max_per_category, REACHABLE)
            left = [
                leaf
                for leaf in leaves
                if not bookmarks.is_done(db, Query(leaf).name, most, refresh)
            ]
            facts |= {"leaves": len(left), "of_leaves": len(leaves)}
            lines.append(f"products: of {len(left):,} leaves of {len(leaves):,}")
        if "images" in parts:
            count = bookmarks.count_pending_images(
                db, scope.pictures, refresh, scope.images_per_product
            )
            facts["pictures"] = count
            more = ", and those of new products" if "products" in parts else ""
            lines.append(f"pictures: {count:,}{more}")
    return lines, facts
