"""Fill crawl.db with categories, products and pictures: of the ShopStyle API or any catalogue."""

from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=startup.asks_for("--filter-images"))  # before what takes long to load
# isort: split

import argparse
import sqlite3
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from product_classifier.options.crawl_sources import (
    client_of,
    file_of,
    format_of,
    shopify_of,
    shopstyle_of,
)
from product_classifier.options.crawling import arguments
from product_classifier.recipes.crawl_shopstyle import crawl_categories, crawl_products
from product_classifier.recipes.dry_run import Wanted, count_what_is_left, preview
from product_classifier.recipes.export_catalogue import export
from product_classifier.recipes.fetch_pictures import crawl_pictures
from product_classifier.recipes.import_catalogue import import_catalogue, import_shop
from product_classifier.sources.formats import SHOP, SQLITE, open_source
from product_classifier.store import bookmarks, products
from product_classifier.store.database import open_database, snapshot, sole_crawler
from product_classifier.store.legacy_database import copy_legacy_database, insist_on_legacy_copy
from product_classifier.terminal import script


def main() -> int:
    """Fetch categories, then products, then pictures; each is stored as soon as it is there."""
    args = arguments(__doc__)
    if args.export:
        return export_catalogue(args)
    if args.filter_images:
        return filter_images(args)
    if args.dry_run:
        return report_what_is_left(args)
    shop = None if args.source or args.only == "images" else shopstyle_of(args)
    format = format_of(args) if args.source else None
    with sole_crawler(args.db_path), ExitStack() as stack:
        if format == SQLITE and not args.db_path.exists():
            copy_legacy_database(Path(args.source), args.db_path)
        db = stack.enter_context(open_database(args.db_path, create=True))
        if args.refresh:
            bookmarks.reopen(db, args.refresh)
        if shop and args.only in (None, "categories"):
            crawl_categories(db, shop, args.root, script.console)
        if shop and args.only in (None, "products"):
            crawl_products(db, shop, args.root, args.max_per_category, script.console)
        if format and args.only in (None, "products"):
            import_from(db, format, args)
        if args.only in (None, "images"):
            crawl_pictures(
                db,
                client_of(args, per_minute=None, connections=args.connections),
                images=args.images_path,
                pictures=args.pictures,
                refresh=args.refresh,
                images_per_product=args.images_per_product,
                connections=args.connections,
                console=script.console,
            )
        reached = products.progress(db, args.images_per_product)
    script.show(
        f"{args.db_path}: {reached.categories:,} categories, {reached.products:,} products, "
        f"{reached.pictures:,} pictures; {reached.skipped:,} skipped, {reached.failed:,} failed"
        + ("; run it again to retry what failed" if reached.failed else ""),
        asdict(reached),
    )
    return script.UNFINISHED if reached.failed else script.DONE


def import_from(db: sqlite3.Connection, format: str, args: argparse.Namespace) -> None:
    """Import the catalogue of --from."""
    if format == SQLITE:
        insist_on_legacy_copy(db, args.source)
    elif format == SHOP:
        shop = shopify_of(args)
        import_shop(db, shop, script.console, by_collection=args.collections, strict=args.strict)
    else:
        source = open_source(format, file_of(args))
        import_catalogue(db, source, args.images_path, script.console, strict=args.strict)


def report_what_is_left(args: argparse.Namespace) -> int:
    """Show what a crawl would fetch (--dry-run); nothing is changed."""
    lines: list[str] = []
    facts: dict[str, Any] = {"database": str(args.db_path) if args.db_path.exists() else None}
    if args.source and args.only in (None, "products"):
        format = format_of(args)
        lines.append(preview(format, shopify_of(args) if format == SHOP else file_of(args)))
        facts["preview"] = lines[0].splitlines()
    if facts["database"]:
        parts = ("images",) if args.source else ("categories", "products", "images")
        wanted = Wanted(
            *(args.root, args.max_per_category, args.images_per_product),
            *(args.pictures, args.refresh),
        )
        left, values = count_what_is_left(
            args.db_path,
            wanted,
            [part for part in parts if args.only in (None, part)],
            alone=args.only is not None,
        )
        lines += left
        facts |= values
    else:
        verb = "imported" if args.source else "fetched"
        lines.append(f"there is no {args.db_path} yet: everything would be {verb}")
    script.show("\n".join(lines), facts)
    return script.DONE


def export_catalogue(args: argparse.Namespace) -> int:
    """Write all products and categories into a table (--export)."""
    with open_database(args.db_path) as db, snapshot(db):
        rows = export(
            db, args.export, args.images, args.path_separator, args.experiment, raw=args.raw
        )
    script.show(f"{args.export}: {rows:,} rows", {"file": str(args.export), "rows": rows})
    return script.DONE


def filter_images(args: argparse.Namespace) -> int:
    """Mark pictures of an unwanted label (--filter-images); nothing is fetched."""
    from product_classifier.recipes.mark_pictures import mark_pictures

    marked = mark_pictures(
        args.db_path,
        args.images_path,
        args.filter_images,
        args.filter_label,
        args.threshold,
        script.console,
    )
    counts = marked.counts
    facts = {"label": marked.label, "threshold": args.threshold, "not_read": len(marked.lost)}
    return script.end(
        f"{args.db_path}: {counts.looked_at:,} pictures looked at, {counts.marked:,} marked "
        f"{marked.label} at {args.threshold:g}; {counts.marked_only:,} products have marked "
        "pictures only",
        marked.lost,
        {**asdict(counts), **facts},
    )


if __name__ == "__main__":
    script.run(main)
