"""The sources that the command line of crawl.py names: the API, a shop, or a file or folder."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.options.crawling import PARTS
from product_classifier.records import CrawlScope
from product_classifier.sources import BSON, formats
from product_classifier.sources.files.cdiscount import BsonSample, find_category_names
from product_classifier.sources.shopify import Shopify
from product_classifier.sources.shopstyle import ShopStyle
from product_classifier.sources.web.client import Client

API_REQUESTS_PER_MINUTE = 750
SHOP_REQUESTS_PER_MINUTE = 120


def format_of(args: argparse.Namespace) -> str:
    """Return the format of --from: the one of --format, or else what the source looks like.

    Raises SourceError for --sample with another format than BSON.
    """
    format: str = args.format or formats.format_of(args.source)
    if args.sample and format != BSON:
        raise SourceError("--sample is for BSON; categorizers take a --sample of what is imported")
    return format


def file_of(args: argparse.Namespace) -> formats.SourceOptions:
    """Return the file or folder of --from, with the options that say how to read it."""
    path = Path(args.source)
    return formats.SourceOptions(
        path=path,
        images=args.pictures,
        by_id=args.images is not None,
        columns=args.columns,
        separator=args.path_separator,
        encoding=args.encoding,
        category_names=args.category_names or find_category_names(path),
        sample=BsonSample(args.sample, args.seed) if args.sample else None,
    )


def shopify_of(args: argparse.Namespace) -> Shopify:
    """Return the Shopify shop of --from, which needs no key."""
    per_minute = args.requests_per_minute or SHOP_REQUESTS_PER_MINUTE
    return Shopify(client_of(args, per_minute=per_minute, connections=1), args.source)


def shopstyle_of(args: argparse.Namespace) -> ShopStyle:
    """Return the ShopStyle API with its key from --api-key-file or SHOPSTYLE_API_KEY.

    Raises KeyRejectedError for a key that is missing or not text, SourceError for a bad file.
    """
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
    if not key.isprintable():  # bytes of the environment that are not text are not printable
        raise KeyRejectedError("the API key is not a line of plain text; copy it again")
    per_minute = args.requests_per_minute or API_REQUESTS_PER_MINUTE
    return ShopStyle(client_of(args, per_minute=per_minute, connections=1), key, args.api_url)


def client_of(args: argparse.Namespace, *, per_minute: float | None, connections: int) -> Client:
    """Return a client that asks servers as the options say; per_minute: requests to each host."""
    return Client(
        per_minute,
        connections,
        allow_private=args.allow_private,
        contact=args.contact,
        environment_proxies=args.environment_proxies,
    )


def scope_of(args: argparse.Namespace) -> CrawlScope:
    """Return the categories, products and pictures that are to be fetched."""
    return CrawlScope(
        root=args.root,
        max_per_category=args.max_per_category,
        images_per_product=args.images_per_product,
        pictures=args.pictures,
        refresh=args.refresh,
        parts=(args.only,) if args.only else PARTS,
    )
