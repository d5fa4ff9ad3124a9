"""Fill crawl.db with categories, products and pictures: of the ShopStyle API or any catalogue."""

from product_classifier.sources import SHOP, SQLITE
from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=startup.asks_for("--filter-images"))
# isort: split
from product_classifier.options.crawling import arguments

if __name__ == "__main__":
    arguments(__doc__)  # --help and wrong usage end here, before what takes long to load
# isort: split

import argparse
import sqlite3
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from product_classifier.options import crawl_sources
from product_classifier.recipes.crawl_shopstyle import crawl_api
from product_classifier.recipes.dry_run import dry_run
from product_classifier.recipes.export_catalogue import export
from product_classifier.recipes.fetch_pictures import crawl_pictures
from product_classifier.recipes.import_catalogue import import_catalogue, import_shop
from product_classifier.records import CrawlScope
from product_classifier.sources.formats import open_source
from product_classifier.store import bookmarks, products
from product_classifier.store.database import open_database, snapshot, sole_crawler
from product_classifier.store.legacy_database import copy_legacy_database, insist_on_legacy_copy
from product_classifier.terminal import script


def main() -> int:
    """Do what the options ask for: export, mark pictures, show what a crawl would do, or crawl."""
    args = arguments(__doc__)
    if args.export:
        return export_catalogue(args)
    if args.filter_images:
        return filter_images(args)
    format = crawl_sources.format_of(args) if args.source else None
    scope = crawl_sources.scope_of(args)
    return (show_dry_run if args.dry_run else crawl)(args, format, scope)


def crawl(args: argparse.Namespace, format: str | None, scope: CrawlScope) -> int:
    """Fetch categories, then products, then pictures; each is stored as soon as it is there."""
    api = crawl_sources.shopstyle_of(args) if not format and scope.parts != ("images",) else None
    with sole_crawler(args.db_path), ExitStack() as stack:
        if format == SQLITE and not args.db_path.exists():
            copy_legacy_database(Path(args.source), args.db_path)
        db = stack.enter_context(open_database(args.db_path, create=True))
        if args.refresh:
            bookmarks.reopen(db, args.refresh)
        if api:
            crawl_api(db, api, scope, script.console)
        if format and "products" in scope.parts:
            import_from(db, format, args)
        if "images" in scope.parts:
            crawl_pictures(
                db,
                crawl_sources.client_of(args, per_minute=None, connections=args.connections),
                scope,
                args.images_path,
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
        shop, by_collection = crawl_sources.shopify_of(args), args.collections
        import_shop(db, shop, script.console, by_collection=by_collection, strict=args.strict)
    else:
        source = open_source(format, crawl_sources.file_of(args))
        import_catalogue(db, source, args.images_path, script.console, strict=args.strict)


def show_dry_run(args: argparse.Namespace, format: str | None, scope: CrawlScope) -> int:
    """Show what a crawl would fetch; nothing is changed."""
    read = crawl_sources.shopify_of if format == SHOP else crawl_sources.file_of
    source = read(args) if format else None
    script.show(*dry_run(args.db_path, scope, format, source))
    return script.DONE


def export_catalogue(args: argparse.Namespace) -> int:
    """Write all products and categories into a table."""
    choices = args.images, args.path_separator, args.experiment, args.raw
    with open_database(args.db_path) as db, snapshot(db):
        rows = export(db, args.export, *choices)
    script.show(f"{args.export}: {rows:,} rows", {"file": str(args.export), "rows": rows})
    return script.DONE


def filter_images(args: argparse.Namespace) -> int:
    """Mark pictures of an unwanted label; nothing is fetched."""
    from product_classifier.recipes.mark_pictures import mark_pictures

    model, label, threshold = args.filter_images, args.filter_label, args.threshold
    paths = args.db_path, args.images_path
    marked = mark_pictures(*paths, model, label, threshold, script.console)
    return script.end(f"{args.db_path}: {marked.text()}", marked.lost, marked.values())


if __name__ == "__main__":
    script.run(main)
