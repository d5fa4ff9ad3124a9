"""Fill crawl.db with the categories, products and pictures of the ShopStyle API or a CSV file."""

import argparse
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from product_classifier import cli
from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.records import Query
from product_classifier.sources.csvfile import read_csv
from product_classifier.sources.http import Client
from product_classifier.sources.pictures import fetch_pictures
from product_classifier.sources.shopstyle import (
    API_URL,
    REACHABLE,
    ShopStyle,
    category_query,
    cuts_query,
)
from product_classifier.store import bookmarks, catalogue
from product_classifier.store.database import open_database, sole_crawler
from product_classifier.store.images import ImageFolder

EXAMPLES = """\
  SHOPSTYLE_API_KEY=... python crawl.py
  python crawl.py --api-key-file key.txt --root women --max-per-category 200
  python crawl.py --from products.csv --images pictures --path-separator ' > '
Ctrl-C stops it; the same command goes on where it stopped."""


def main() -> int:
    """Fetch categories, then products, then pictures; each is stored as soon as it is there."""
    args = arguments()
    if args.dry_run:
        return tell_what_is_left(args)
    shop = None if args.source or args.only == "images" else shopstyle(args)
    with sole_crawler(args.db_path), open_database(args.db_path, create=True) as db:
        if args.refresh:
            bookmarks.reopen(db, args.refresh)
        if shop and args.only in (None, "categories"):
            crawl_categories(db, shop, args.root)
        if shop and args.only in (None, "products"):
            crawl_products(db, shop, args.root, args.max_per_category)
        if args.source:
            import_csv(db, args)
        if args.only in (None, "images"):
            crawl_pictures(db, args)
        found = catalogue.progress(db)
    if args.log_json:
        print(json.dumps(asdict(found)))
    else:
        print(
            f"{args.db_path}: {found.categories:,} categories, {found.products:,} products, "
            f"{found.pictures:,} pictures; {found.skipped:,} skipped, {found.failed:,} failed"
            + ("; run it again to retry what failed" if found.failed else "")
        )
    return cli.UNFINISHED if found.failed else cli.DONE


def tell_what_is_left(args: argparse.Namespace) -> int:
    """Print what a crawl would fetch; nobody is asked and nothing is changed."""
    if not args.db_path.exists():
        print(f"there is no {args.db_path} yet: everything below {args.root} would be fetched")
        return cli.DONE
    with open_database(args.db_path) as db:
        limits = min(args.max_per_category, REACHABLE), args.refresh
        tree = bookmarks.is_done(db, category_query(args.root), 1, args.refresh)
        leaves = catalogue.leaves_below(db, args.root)
        left = [leaf for leaf in leaves if not bookmarks.is_done(db, Query(leaf).name, *limits)]
        folder = picture_folder(args) if args.source else None
        pictures = catalogue.count_pending_images(db, folder, args.refresh)
    print(f"categories below {args.root}: {'none' if tree else 'all'} to fetch")
    print(f"products: of {len(left):,} leaves of {len(leaves):,}")
    print(f"pictures: {pictures:,}, and those of new products")
    return cli.DONE


def crawl_categories(db: sqlite3.Connection, shop: ShopStyle, root: str) -> None:
    """Fetch the tree below root, once."""
    query = category_query(root)
    if not bookmarks.bookmark(db, query).finished:
        catalogue.save_categories(db, query, *shop.categories(root))


def crawl_products(db: sqlite3.Connection, shop: ShopStyle, root: str, maximum: int) -> None:
    """Fetch the products of each leaf; one that fails does not stop the rest."""
    for leaf in cli.progress(catalogue.leaves_below(db, root), "leaves"):
        whole = Query(leaf)
        with failure_stored(db, whole.name):
            crawl_query(db, shop, whole, maximum)
        if maximum > REACHABLE and bookmarks.bookmark(db, whole.name).offset >= REACHABLE:
            with failure_stored(db, cuts_query(leaf)):
                crawl_cuts(db, shop, leaf, maximum)


def crawl_query(db: sqlite3.Connection, shop: ShopStyle, query: Query, maximum: int) -> None:
    """Fetch a query's products from its bookmark on."""
    reached = bookmarks.bookmark(db, query.name)
    if not reached.finished:
        for page in shop.pages(query, reached.offset, maximum):
            catalogue.save_page(db, page)


def crawl_cuts(db: sqlite3.Connection, shop: ShopStyle, leaf: str, maximum: int) -> None:
    """Fetch what lies beyond the API's reach, one range of prices after the other."""
    if bookmarks.bookmark(db, cuts_query(leaf)).finished:
        return
    for query in shop.cuts(leaf):
        if catalogue.count_products(db, leaf) >= maximum:
            return
        crawl_query(db, shop, query, REACHABLE)
    bookmarks.save_finished(db, cuts_query(leaf))


@contextmanager
def failure_stored(db: sqlite3.Connection, query: str) -> Iterator[None]:
    """Store why a query failed, and go on; a key that is rejected stops everything."""
    try:
        yield
    except KeyRejectedError:
        raise
    except SourceError as error:
        bookmarks.save_failure(db, query, str(error))
        cli.say(f"{query}: {error}")


def import_csv(db: sqlite3.Connection, args: argparse.Namespace) -> None:
    """Read a whole file into the database."""
    contents = read_csv(args.source, picture_folder(args), args.path_separator, args.encoding)
    catalogue.save_import(
        db, contents.categories, contents.products, contents.skipped, args.source.name
    )
    cli.warn([f"{entry.item}: {entry.reason}" for entry in contents.skipped], "skipped")


def crawl_pictures(db: sqlite3.Connection, args: argparse.Namespace) -> None:
    """Fetch every picture that is not there yet, many at a time."""
    folder = picture_folder(args) if args.source else None
    store = ImageFolder(args.images_path)
    store.sweep()
    wanted = catalogue.count_pending_images(db, folder, args.refresh)
    pending = catalogue.pending_images(db, folder, args.refresh)
    client = web(args, per_minute=None, connections=args.connections)
    failed = 0

    def notes() -> dict[str, int]:
        return {"failed": failed, "pauses": client.pauses}

    progress = cli.Progress("pictures", wanted, notes, args.log_json)
    for some in fetch_pictures(pending, client, folder, store.put, args.connections):
        catalogue.save_images(db, some)
        failed += sum(picture.error is not None for picture in some)
        progress.advance(len(some))
    progress.close()


def picture_folder(args: argparse.Namespace) -> Path:
    """Where the pictures of an imported file lie."""
    return Path(args.images or args.source.parent).resolve()


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


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = cli.new_parser(__doc__, EXAMPLES)
    cli.add_database(parser)
    cli.add_images(parser)
    api = parser.add_argument_group("from the ShopStyle API")
    api.add_argument("--root", default="women", help="category to start below (women)")
    api.add_argument(
        "--max-per-category", type=cli.positive, default=1000, metavar="N", help="products (1000)"
    )
    api.add_argument("--api-key-file", type=Path, metavar="FILE", help="or SHOPSTYLE_API_KEY")
    api.add_argument("--api-url", default=API_URL, metavar="URL", help=f"({API_URL})")
    api.add_argument(
        "--requests-per-minute", type=cli.positive, default=750, metavar="N", help="(750)"
    )
    table = parser.add_argument_group("from a file")
    table.add_argument(
        "--from", dest="source", type=Path, metavar="FILE.csv", help="instead of the API"
    )
    table.add_argument(
        "--images", type=Path, metavar="DIR", help="where its pictures lie (beside the file)"
    )
    table.add_argument(
        "--path-separator", default="/", metavar="S", help="in the column category_path (/)"
    )
    table.add_argument("--encoding", default="utf-8-sig", help="of the file (utf-8)")
    add = parser.add_argument
    add("--only", choices=("categories", "products", "images"), help="fetch nothing else")
    add("--refresh", type=cli.age, metavar="AGE", help="also what is older than 30d, 12h or 5m")
    add("--dry-run", action="store_true", help="tell what would be fetched, ask nobody")
    add("--contact", default="", metavar="ADDRESS", help="yours, for those who run the servers")
    add("--environment-proxies", action="store_true", help="ask through those of HTTPS_PROXY etc.")
    add("--log-json", action="store_true", help="progress and result as lines of JSON")
    parser.add_argument(
        "--connections", type=cli.positive, default=16, metavar="N", help="pictures at once (16)"
    )
    parser.add_argument(
        "--allow-private", action="store_true", help="also ask loopback and private addresses"
    )
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
