"""Strict imports, and imports of Shopify shops."""

from __future__ import annotations

import collections
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from product_classifier.console import SILENT
from product_classifier.errors import SourceError
from product_classifier.recipes.import_catalogue import import_shop, import_source
from product_classifier.records import Skipped
from product_classifier.sources.formats import SourceOptions, open_source
from product_classifier.sources.shopify import Shopify
from product_classifier.sources.web.client import Client
from product_classifier.store.database import open_database
from product_classifier.store.image_folder import ImageFolder
from tests.consoles import Recorder


def test_a_strict_import_stores_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name,category\n1,a,A\n1,b,A\n")
    source = open_source("csv", SourceOptions(path=tmp_path / "a.csv", images=tmp_path))

    def refuse(entry: Skipped) -> None:
        raise SourceError(entry.reason)

    with open_database(tmp_path / "crawl.db", create=True) as db:
        with pytest.raises(
            SourceError, match="id 1 has another name or picture at an earlier place"
        ):
            import_source(db, source, ImageFolder(tmp_path), refuse, SILENT.counter("records"))
        assert db.execute("select * from product").fetchall() == []
        assert db.execute("pragma foreign_keys").fetchall() == [(1,)]
        indexes = "select count(*) from sqlite_master where type = 'index' and sql not null"
        with open_database(tmp_path / "new.db", create=True) as new:
            assert db.execute(indexes).fetchall() == new.execute(indexes).fetchall()


def shop_product(number: int, kind: str = "") -> dict[str, object]:
    return {
        "id": number,
        "title": f"Thing {number}",
        "handle": f"thing-{number}",
        "body_html": "<p>A thing</p>",
        "product_type": kind,
        "variants": [],
        "images": [{"src": f"http://cdn.shop/{number}-{k}.jpg"} for k in range(2)],
    }


@contextmanager
def shop(reachable: int = 25_000, broken: int | None = None) -> Iterator[str]:
    """Serve 600 products of three collections as Shopify does: 250 a page, `reachable` in all."""
    kinds = ("Belts", "Women > Hats", "")
    products = [shop_product(k, kinds[k % 3]) for k in range(600)]
    requests: collections.Counter[str] = collections.Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
            page, limit = query["page"], min(query["limit"], 250)
            requests[self.path] += 1
            status, listed = 200, products
            body: dict[str, Any] = {"errors": "Not Found"}
            if parts.path == "/collections.json":
                titles = [{"handle": f"c-{k}", "title": f"Shelf {k}"} for k in range(3)]
                body = {"collections": titles if page == 1 else []}
            elif page * limit > reachable:
                status, body = 400, {"errors": f"Page * Limit exceeds the {reachable} limit."}
            elif not parts.path.endswith("/products.json"):
                status = 404
            else:
                if parts.path.startswith("/collections/c-"):
                    which = int(parts.path.split("/")[2].removeprefix("c-"))
                    listed = products[which::3]
                chosen: list[Any] = listed[(page - 1) * limit : page * limit]
                if broken is not None and page == 1:
                    chosen = [*chosen[:broken], "nonsense", *chosen[broken:]]
                body = {"products": chosen}
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def crawl(
    address: str, db: sqlite3.Connection, by_collection: bool = False
) -> list[tuple[str, str]]:
    console = Recorder()
    client = Client(allow_private=True)
    import_shop(db, Shopify(client, address), console, by_collection=by_collection)
    return console.skipped


def test_a_shop_is_read_page_by_page_and_its_types_are_the_categories(
    db: sqlite3.Connection,
) -> None:
    with shop(broken=3) as address:
        skipped = crawl(address, db)
        again = crawl(address, db)
    facts = db.execute("select id, name, image, category_id from product order by rowid").fetchall()
    assert facts[:2] == [
        ("0", "Thing 0", "http://cdn.shop/0-0.jpg", "Belts"),
        ("1", "Thing 1", "http://cdn.shop/1-0.jpg", "Women/Hats"),
    ]
    assert len(facts) == 600
    counts = "select path, product_count from category order by path"
    assert db.execute(counts).fetchall() == [("Belts", 200), ("Women", 0), ("Women/Hats", 200)]
    assert [reason for _, reason in skipped] == ["not a JSON object: 'nonsense'"]
    assert again == []


def test_products_that_a_shop_does_not_list_are_read_by_collections(
    db: sqlite3.Connection,
) -> None:
    with shop(reachable=500) as address:
        crawl(address, db)
    assert db.execute("select count(*) from product").fetchall() == [(600,)]


def test_collections_may_be_the_categories(db: sqlite3.Connection) -> None:
    with shop() as address:
        crawl(address, db, by_collection=True)
    counts = "select name, product_count from category order by path"
    assert db.execute(counts).fetchall() == [(f"Shelf {k}", 200) for k in range(3)]


def test_an_address_without_a_shop_is_an_error() -> None:
    with shop() as address, pytest.raises(SourceError, match=r"has no none\.json of a Shopify"):
        list(Shopify(Client(allow_private=True), address).pages("none", 0))
