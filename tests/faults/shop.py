"""A healthy shop for the fault server: the demo's catalogue with pictures that are fast to make."""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image as PillowImage

import crawl
from demo.catalogue.products import make_catalogue
from demo.server import API, KEY
from demo.shopstyle_api import Shop
from tests.faults.faults import JPEG, JSON
from tests.faults.server import Body

Healthy = Callable[[str, str], Body]


@lru_cache
def picture(side: int = 130) -> bytes:
    """Return a picture that hardly compresses: about 20 kB."""
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    PillowImage.fromarray(noise).save(file, "JPEG", quality=75)
    return file.getvalue()


def signed(path: str, plain: bytes | None = None) -> bytes:
    """Return a picture with the path as a comment, so that no two paths have the same bytes."""
    plain, comment = plain or picture(), path.encode()
    return plain[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + plain[2:]


def healthy_shop(products: int) -> Healthy:
    """Return a server function: the ShopStyle API, and a picture for any other path."""
    shop = Shop(make_catalogue(products=products))

    def answer(path: str, address: str) -> Body:
        target = urlsplit(path)
        if not target.path.startswith(API):
            return Body(JPEG, signed(target.path))
        parameters = parse_qs(target.query)
        if target.path.endswith("/categories"):
            return Body(JSON, json.dumps(shop.categories(parameters)).encode())
        return Body(JSON, json.dumps(shop.products(parameters, address)).encode())

    return answer


def run_crawl(folder: Path, address: str, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """Run crawl.py in this process, where its deadlines can be shortened."""
    paths = ["--db-path", folder / "crawl.db", "--images-path", folder / "images"]
    api = ["--api-url", f"{address}{API}", "--requests-per-minute", "1000000"]
    monkeypatch.setattr(sys, "argv", ["crawl.py", *map(str, paths), *api, *options])
    monkeypatch.setenv("SHOPSTYLE_API_KEY", KEY)
    return crawl.main()


def contents(folder: Path, address: str) -> dict[str, list[str]]:
    """Return the rows and pictures of a crawl, without times and the address of the server."""
    connection = sqlite3.connect(folder / "crawl.db")
    queries = {
        "category": "select id, parent, leaf, product_count, path, name from category",
        "product": "select id, category_id, image, name, description from product",
        "product_category": "select * from product_category",
        "image": "select address, file, sha256, width, height, error from image",
        "bookmark": "select query, next_offset, finished, error from bookmark",
        "skipped": "select kind, item, reason from skipped",
    }
    contents_of = {
        name: sorted(str(row).replace(address, "") for row in connection.execute(query))
        for name, query in queries.items()
    }
    connection.close()
    return contents_of
