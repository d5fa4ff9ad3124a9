"""Fill crawl.db with categories, products and pictures: of the ShopStyle API or any catalogue."""

from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=startup.asks_for("--filter-images"))  # before what takes long to load
# isort: split

import argparse
import os
import sqlite3
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.options.crawling import arguments, asked_of
from product_classifier.recipes.crawl_shopstyle import (
    crawl_categories,
    crawl_cuts,
    crawl_query,
    going_on,
)
from product_classifier.recipes.export_catalogue import export
from product_classifier.recipes.import_catalogue import import_shop, import_source, preview
from product_classifier.records import Query, Skipped
from product_classifier.sources import formats
from product_classifier.sources.shopify import Shopify
from product_classifier.sources.shopstyle import REACHABLE, ShopStyle, category_query, cuts_query
from product_classifier.sources.web.client import Client
from product_classifier.sources.web.download_pictures import fetch_pictures
from product_classifier.store import bookmarks, pending_pictures, products
from product_classifier.store.database import open_database, snapshot, sole_crawler
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.legacy_database import adopt, insist_on_adopted, old_copies
from product_classifier.terminal import script


def main() -> int:
    """Fetch categories, then products, then pictures; each is stored as soon as it is there."""
    args = arguments(__doc__)
    if args.export:
        return export_catalogue(args)
    if args.filter_images:
        return filter_images(args)
    if args.dry_run:
        return tell_what_is_left(args)
    shop = None if args.source or args.only == "images" else shopstyle(args)
    kind = format_of(args) if args.source else None
    with sole_crawler(args.db_path), ExitStack() as stack:
        if kind == formats.SQLITE and not args.db_path.exists():
            adopt(Path(args.source), args.db_path)
        db = stack.enter_context(open_database(args.db_path, create=True))
        if args.refresh:
            bookmarks.reopen(db, args.refresh)
        if shop and args.only in (None, "categories"):
            crawl_categories(db, shop, args.root, tell_failure)
        if shop and args.only in (None, "products"):
            crawl_products(db, shop, args)
        if kind and args.only in (None, "products"):
            import_catalogue(db, kind, args)
        if args.only in (None, "images"):
            crawl_pictures(db, args)
        found = products.progress(db, args.images_per_product)
    script.show(
        f"{args.db_path}: {found.categories:,} categories, {found.products:,} products, "
        f"{found.pictures:,} pictures; {found.skipped:,} skipped, {found.failed:,} failed"
        + ("; run it again to retry what failed" if found.failed else ""),
        asdict(found),
    )
    return script.UNFINISHED if found.failed else script.DONE


def export_catalogue(args: argparse.Namespace) -> int:
    """Write what is known into a table."""
    with open_database(args.db_path) as db, snapshot(db):
        asked = args.images, args.path_separator, args.experiment, args.raw
        rows = export(db, args.export, *asked)
    script.show(f"{args.export}: {rows:,} rows", {"file": str(args.export), "rows": rows})
    return script.DONE


def filter_images(args: argparse.Namespace) -> int:
    """Mark pictures of an unwanted label; nobody is asked and nothing is fetched."""
    from product_classifier.recipes.mark_pictures import mark_pictures

    asked = args.filter_images, args.filter_label, args.threshold
    found = mark_pictures(args.db_path, args.images_path, *asked, script.progress)
    counts = found.counts
    facts = {"label": found.label, "threshold": args.threshold, "not_read": len(found.lost)}
    return script.end(
        f"{args.db_path}: {counts.looked_at:,} pictures looked at, {counts.marked:,} marked "
        f"{found.label} at {args.threshold:g}; {counts.marked_only:,} products have marked "
        "pictures only",
        found.lost,
        {**asdict(counts), **facts},
    )


def tell_what_is_left(args: argparse.Namespace) -> int:
    """Show what a crawl would fetch; nobody is asked and nothing is changed."""
    lines: list[str] = []
    facts: dict[str, Any] = {"database": str(args.db_path) if args.db_path.exists() else None}
    if args.source and args.only in (None, "products"):
        kind = format_of(args)
        lines.append(preview(kind, shop_of(args) if kind == formats.SHOP else asked_of(args)))
        facts["preview"] = lines[0].splitlines()
    if facts["database"]:
        with open_database(args.db_path) as db:
            parts = (args.only,) if args.only else ("categories", "products", "images")
            refresh = args.refresh
            if not args.source and "categories" in parts:
                facts["tree"] = not bookmarks.is_done(db, category_query(args.root), 0, refresh)
                lines.append(f"categories below {args.root}: {'all' if facts['tree'] else 'none'}")
            if not args.source and "products" in parts:
                leaves, most = products.leaves_below(db, args.root), args.max_per_category
                limits = min(most, REACHABLE), refresh
                left = [
                    leaf for leaf in leaves if not bookmarks.is_done(db, Query(leaf).name, *limits)
                ]
                facts |= {"leaves": len(left), "of_leaves": len(leaves)}
                lines.append(f"products: of {len(left):,} leaves of {len(leaves):,}")
            if "images" in parts:
                asked = args.pictures, refresh, args.images_per_product
                pictures = facts["pictures"] = pending_pictures.count_pending_images(db, *asked)
                more = "" if args.only else ", and those of new products"
                lines.append(f"pictures: {pictures:,}{more}")
    else:
        verb = "imported" if args.source else "fetched"
        lines.append(f"there is no {args.db_path} yet: everything would be {verb}")
    script.show("\n".join(lines), facts)
    return script.DONE


def tell_failure(query: str, error: str) -> None:
    """Report a query that could not be read to its end, and why."""
    script.say(f"{query}: {error}", {"query": query, "error": error})


def crawl_products(db: sqlite3.Connection, shop: ShopStyle, args: argparse.Namespace) -> None:
    """Fetch the products of each leaf; one that fails does not stop the rest."""
    leaves, maximum = products.leaves_below(db, args.root), args.max_per_category
    if not leaves:
        raise SourceError(f"no category below {args.root} is known yet; leave out --only")
    failed: list[str] = []

    def notes() -> dict[str, int]:
        return {"failed": len(failed), "pauses": shop.client.pauses}

    def fail(query: str, error: str) -> None:
        failed.append(query)
        tell_failure(query, error)

    progress = script.Progress("leaves", len(leaves), notes)
    for leaf in leaves:
        whole = Query(leaf)
        with going_on(db, whole.name, fail):
            crawl_query(db, shop, whole, maximum)
        if maximum > REACHABLE and bookmarks.bookmark(db, whole.name).offset >= REACHABLE:
            with going_on(db, cuts_query(leaf), fail):
                crawl_cuts(db, shop, leaf, maximum)
        progress.advance()
    progress.close()


def import_catalogue(db: sqlite3.Connection, kind: str, args: argparse.Namespace) -> None:
    """Read a catalogue of another kind into the database."""
    if kind == formats.SQLITE:
        insist_on_adopted(db, args.source)
        return
    problems = script.Problems("skipped")

    def tell(entry: Skipped) -> None:
        if args.strict:
            raise SourceError(f"{entry.item}: {entry.reason}; without --strict the rest is stored")
        problems.tell(entry.item, entry.reason)

    progress = script.Progress("records")
    if kind == formats.SHOP:
        asked = shop_of(args), args.collections, tell, progress.advance
        import_shop(db, *asked, tell_failure)
    else:
        source = formats.open_source(kind, asked_of(args))
        script.say(f"{source.name}: {source.about}", {"source": source.name, "about": source.about})
        import_source(db, source, ImageFolder(args.images_path), tell, progress.advance)
    progress.close()
    problems.close()


def crawl_pictures(db: sqlite3.Connection, args: argparse.Namespace) -> None:
    """Fetch every picture that is not there yet, many at a time."""
    store = ImageFolder(args.images_path)
    store.sweep()
    client = web(args, per_minute=None, connections=args.connections)
    asked = args.pictures, args.refresh, args.images_per_product
    addresses = pending_pictures.pending_images(db, *asked)
    copies = old_copies(db, args.pictures)
    progress, failed = None, 0

    def notes() -> dict[str, int]:
        return {"failed": failed, "pauses": client.pauses}

    for some in fetch_pictures(addresses, client, args.pictures, store, args.connections, copies):
        if not progress:  # servers are at work while a million addresses are counted
            wanted = pending_pictures.count_pending_images(db, *asked)
            progress = script.Progress("pictures", wanted, notes)
        products.save_images(db, some)
        failed += sum(picture.error is not None for picture in some)
        progress.advance(len(some))
    if progress:
        progress.close()


def format_of(args: argparse.Namespace) -> str:
    """Tell what kind of source is meant, told or found."""
    kind: str = args.format or formats.format_of(args.source)
    if args.sample and kind != formats.BSON:
        raise SourceError("--sample is for BSON; categorizers take a --sample of what is imported")
    return kind


def shop_of(args: argparse.Namespace) -> Shopify:
    """Set up a shop, which needs no key."""
    return Shopify(web(args, args.requests_per_minute or 120, connections=1), args.source)


def shopstyle(args: argparse.Namespace) -> ShopStyle:
    """Set up the API with its key, which comes from a file or the environment."""
    if args.api_key_file:
        try:
            key = args.api_key_file.read_text(encoding="utf-8-sig").strip()
        except OSError as error:
            raise SourceError(f"{args.api_key_file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SourceError(f"{args.api_key_file} is not plain text; save it as UTF-8") from None
    else:
        key = os.environ.get("SHOPSTYLE_API_KEY", "").strip()
    if not key:
        raise KeyRejectedError("there is no API key; set SHOPSTYLE_API_KEY or pass --api-key-file")
    if not key.isprintable():  # bytes of the environment that are no text are not, either
        raise KeyRejectedError("the API key is no line of plain text; copy it again")
    return ShopStyle(web(args, args.requests_per_minute or 750, connections=1), key, args.api_url)


def web(args: argparse.Namespace, per_minute: float | None, connections: int) -> Client:
    """Set up how servers are asked."""
    return Client(
        per_minute,
        connections,
        allow_private=args.allow_private,
        contact=args.contact,
        environment_proxies=args.environment_proxies,
    )


if __name__ == "__main__":
    script.run(main)
