"""Fill crawl.db with the categories, products and pictures of the ShopStyle API or a CSV file."""

import argparse
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial

from product_classifier import cli
from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.options.crawling import arguments
from product_classifier.records import Query
from product_classifier.sources.csvfile import Contents, read_csv
from product_classifier.sources.http import Client
from product_classifier.sources.pictures import fetch_pictures
from product_classifier.sources.shopstyle import (
    REACHABLE,
    ShopStyle,
    category_query,
    cuts_query,
)
from product_classifier.store import bookmarks, catalogue, pending
from product_classifier.store.database import open_database, sole_crawler
from product_classifier.store.images import ImageFolder


def main() -> int:
    """Fetch categories, then products, then pictures; each is stored as soon as it is there."""
    args = arguments(__doc__)
    if args.filter_images:
        return filter_images(args)
    if args.dry_run:
        return tell_what_is_left(args)
    shop = None if args.source or args.only == "images" else shopstyle(args)
    with sole_crawler(args.db_path), open_database(args.db_path, create=True) as db:
        if args.refresh:
            bookmarks.reopen(db, args.refresh)
        if shop and args.only in (None, "categories"):
            crawl_categories(db, shop, args.root)
        if shop and args.only in (None, "products"):
            crawl_products(db, shop, args)
        if args.source and not args.only:
            import_csv(db, args)
        if args.only in (None, "images"):
            crawl_pictures(db, args)
        found = catalogue.progress(db, args.images_per_product)
    if args.log_json:
        print(json.dumps(asdict(found)))
    else:
        print(
            f"{args.db_path}: {found.categories:,} categories, {found.products:,} products, "
            f"{found.pictures:,} pictures; {found.skipped:,} skipped, {found.failed:,} failed"
            + ("; run it again to retry what failed" if found.failed else "")
        )
    return cli.UNFINISHED if found.failed else cli.DONE


def filter_images(args: argparse.Namespace) -> int:
    """Mark pictures of an unwanted label; nobody is asked and nothing is fetched."""
    from product_classifier.marking import mark_pictures  # --help need not wait for it

    track = partial(cli.progress, as_json=args.log_json)
    asked = args.filter_images, args.filter_label, args.threshold
    found = mark_pictures(args.db_path, args.images_path, *asked, track)
    counts = found.counts
    if args.log_json:
        facts = {"label": found.label, "threshold": args.threshold, "not_read": len(found.lost)}
        return cli.end(json.dumps({**asdict(counts), **facts}), found.lost)
    return cli.end(
        f"{args.db_path}: {counts.looked_at:,} pictures looked at, {counts.marked:,} marked "
        f"{found.label} at {args.threshold:g}; {counts.marked_only:,} products have marked "
        "pictures only",
        found.lost,
    )


def tell_what_is_left(args: argparse.Namespace) -> int:
    """Print what a crawl would fetch; nobody is asked and nothing is changed."""
    if args.source and not args.only:
        contents = read_file(args)
        print(f"products: {len(contents.products):,}, {len(contents.skipped):,} to be skipped")
    if not args.db_path.exists():
        print(f"there is no {args.db_path} yet: everything would be fetched")
        return cli.DONE
    with open_database(args.db_path) as db:
        if not args.source and args.only in (None, "categories"):
            tree = bookmarks.is_done(db, category_query(args.root), 0, args.refresh)
            print(f"categories below {args.root}: {'none' if tree else 'all'}")
        if not args.source and args.only in (None, "products"):
            limits = min(args.max_per_category, REACHABLE), args.refresh
            leaves = catalogue.leaves_below(db, args.root)
            left = [leaf for leaf in leaves if not bookmarks.is_done(db, Query(leaf).name, *limits)]
            print(f"products: of {len(left):,} leaves of {len(leaves):,}")
        if args.only in (None, "images"):
            asked = args.images, args.refresh, args.images_per_product
            pictures = pending.count_pending_images(db, *asked)
            print(f"pictures: {pictures:,}" + ("" if args.only else ", and those of new products"))
    return cli.DONE


def crawl_categories(db: sqlite3.Connection, shop: ShopStyle, root: str) -> None:
    """Fetch the tree below root, once."""
    query = category_query(root)
    if not bookmarks.bookmark(db, query).finished:
        catalogue.save_categories(db, query, *shop.categories(root))


def crawl_products(db: sqlite3.Connection, shop: ShopStyle, args: argparse.Namespace) -> None:
    """Fetch the products of each leaf; one that fails does not stop the rest."""
    leaves, maximum = catalogue.leaves_below(db, args.root), args.max_per_category
    if not leaves:
        raise SourceError(f"no category below {args.root} is known yet; leave out --only")
    failed: list[str] = []

    def notes() -> dict[str, int]:
        return {"failed": len(failed), "pauses": shop.client.pauses}

    def fail(query: str, error: str) -> None:
        failed.append(query)
        bookmarks.save_failure(db, query, error)
        facts = {"query": query, "error": error}
        cli.say(json.dumps(facts) if args.log_json else f"{query}: {error}")

    progress = cli.Progress("leaves", len(leaves), notes, args.log_json)
    for leaf in leaves:
        whole = Query(leaf)
        with telling(fail, whole.name):
            crawl_query(db, shop, whole, maximum)
        if maximum > REACHABLE and bookmarks.bookmark(db, whole.name).offset >= REACHABLE:
            with telling(fail, cuts_query(leaf)):
                crawl_cuts(db, shop, leaf, maximum)
        progress.advance()
    progress.close()


def crawl_query(db: sqlite3.Connection, shop: ShopStyle, query: Query, maximum: int) -> None:
    """Fetch a query's products from its bookmark on."""
    reached = bookmarks.bookmark(db, query.name)
    if not reached.finished:
        for page in shop.pages(query, reached.offset, maximum):
            catalogue.save_page(db, page)


def crawl_cuts(db: sqlite3.Connection, shop: ShopStyle, leaf: str, maximum: int) -> None:
    """Fetch what lies beyond the API's reach, one range of prices after the other."""
    enough = catalogue.count_products(db, leaf) >= maximum
    if enough or bookmarks.bookmark(db, cuts_query(leaf)).finished:
        return
    for query in shop.cuts(leaf):
        crawl_query(db, shop, query, REACHABLE)
        if catalogue.count_products(db, leaf) >= maximum:
            return
    bookmarks.save_finished(db, cuts_query(leaf))


@contextmanager
def telling(fail: Callable[[str, str], None], query: str) -> Iterator[None]:
    """Tell why a query failed, and go on; a key that is rejected stops everything."""
    try:
        yield
    except KeyRejectedError:
        raise
    except SourceError as error:
        fail(query, str(error))


def import_csv(db: sqlite3.Connection, args: argparse.Namespace) -> None:
    """Read a whole file into the database."""
    contents = read_file(args)
    catalogue.save_import(
        db, contents.categories, contents.products, contents.skipped, args.source.name
    )
    if args.log_json:
        for entry in contents.skipped:
            cli.say(json.dumps({"skipped": entry.item, "reason": entry.reason}))
    else:
        cli.warn([f"{entry.item}: {entry.reason}" for entry in contents.skipped], "skipped")


def crawl_pictures(db: sqlite3.Connection, args: argparse.Namespace) -> None:
    """Fetch every picture that is not there yet, many at a time."""
    store = ImageFolder(args.images_path)
    store.sweep()
    client = web(args, per_minute=None, connections=args.connections)
    asked = args.images, args.refresh, args.images_per_product
    addresses = pending.pending_images(db, *asked)
    progress, failed = None, 0

    def notes() -> dict[str, int]:
        return {"failed": failed, "pauses": client.pauses}

    for some in fetch_pictures(addresses, client, args.images, store, args.connections):
        if not progress:  # servers are at work while a million addresses are counted
            wanted = pending.count_pending_images(db, *asked)
            progress = cli.Progress("pictures", wanted, notes, args.log_json)
        catalogue.save_images(db, some)
        failed += sum(picture.error is not None for picture in some)
        progress.advance(len(some))
    if progress:
        progress.close()


def read_file(args: argparse.Namespace) -> Contents:
    """Read a catalogue from a file."""
    return read_csv(args.source, args.images, args.path_separator, args.encoding)


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
    return ShopStyle(web(args, args.requests_per_minute, connections=1), key, args.api_url)


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
    cli.run(main)
