"""Imports that are stopped, repeated or strict; shops; files of the earlier system."""

from __future__ import annotations

import collections
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import bson
import pytest

from product_classifier.crawling import imports
from product_classifier.crawling.imports import import_shop, import_source
from product_classifier.errors import SourceError, StoreError
from product_classifier.records import Skipped
from product_classifier.sources import cdiscount
from product_classifier.sources.cdiscount import Sample
from product_classifier.sources.http import Client
from product_classifier.sources.kinds import Asked, open_source
from product_classifier.sources.shopify import Shopify
from product_classifier.store.database import open_database
from product_classifier.store.images import ImageFolder
from product_classifier.store.older import adopt, insist_on_adopted, old_copies
from tests.conftest import jpeg, sha256
from tests.store.test_database import EARLIER_SYSTEM

SCRIPT = Path(__file__).parents[2] / "crawl.py"
COLOURS = ("red", "green", "blue", "white", "black", "grey", "gold")


class StoppedError(Exception):
    """Somebody has pressed Ctrl-C."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty products of one to three pictures, of which one is broken, and one repeated id."""
    monkeypatch.setattr(cdiscount, "PAGE", 3)
    monkeypatch.setattr(imports, "PAGES", 2)
    documents = []
    for k in range(40):
        colours = [COLOURS[(k + place) % 7] for place in range(1 + k % 3)]
        pictures = [{"picture": jpeg(colour, (18, 18 + k))} for colour in colours]
        if k == 11:
            pictures[0] = {"picture": pictures[0]["picture"][:-20]}
        documents.append({"_id": 100 + k, "category_id": 7 + k % 4, "imgs": pictures})
    documents.insert(30, {"_id": 105, "category_id": 7, "imgs": [{"picture": jpeg("pink")}]})
    data = b"".join(map(bson.encode, documents)) + b"\x07"
    (tmp_path / "train.bson").write_bytes(data)
    return tmp_path / "train.bson"


def load(
    file: Path, database: Path, stop_after: int | None = None, sample: Sample | None = None
) -> list[Skipped]:
    told: list[Skipped] = []
    advanced = 0

    def advance(count: int) -> None:
        nonlocal advanced
        advanced += count
        if stop_after is not None and advanced >= stop_after:
            raise StoppedError

    source = open_source("bson", Asked(file, file.parent, sample=sample))
    folder = ImageFolder(database.parent / "images")
    with open_database(database, create=True) as db:
        import_source(db, source, folder, told.append, advance)
    return told


def dump(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("category", "product", "product_category", "product_image", "image", "skipped")
    with open_database(database) as db:
        found = {table: db.execute(f"select * from {table}").fetchall() for table in tables}
    dated = ("product", "image", "skipped")
    for table in dated:
        found[table] = [row[:-1] for row in found[table]]
    return found


def test_bson_is_read_with_its_pictures(file: Path, tmp_path: Path) -> None:
    told = load(file, tmp_path / "crawl.db")
    found = dump(tmp_path / "crawl.db")
    assert [row[0] for row in found["product"]] == [str(100 + k) for k in range(40)]
    assert found["product"][4][:3] == ("104", "7", "bson:train.bson/104/0")
    assert found["product_image"][:3] == [
        ("101", 1, "bson:train.bson/101/1"),
        ("102", 1, "bson:train.bson/102/1"),
        ("102", 2, "bson:train.bson/102/2"),
    ]
    counts = sorted(found["category"])
    assert [(row[0], row[3]) for row in counts] == [("10", 10), ("7", 10), ("8", 10), ("9", 10)]
    images = {row[0]: row[1:] for row in found["image"]}
    stored = jpeg(COLOURS[5], (18, 23))
    file_of = f"{sha256(stored)[:2]}/{sha256(stored)}.jpg"
    assert images["bson:train.bson/105/0"] == (file_of, sha256(stored), 18, 23, None)
    assert (tmp_path / "images" / file_of).read_bytes() == stored
    told_of = {row[2] for row in found["product"] + found["product_image"]}
    assert images.keys() == told_of - {"bson:train.bson/111/0"}
    assert [(entry.kind, entry.reason[:24]) for entry in told] == [
        ("image", "broken picture (image fi"),
        ("product", "id 105 stands in an earl"),
        ("product", "the file ends in the mid"),
    ]


@pytest.mark.parametrize("stops", [(1,), (7, 7), (14, 3, 11)])
def test_bson_stopped_and_resumed_is_the_same(
    stops: tuple[int, ...], file: Path, tmp_path: Path
) -> None:
    load(file, tmp_path / "whole.db")
    for stop in stops:
        with pytest.raises(StoppedError):
            load(file, tmp_path / "crawl.db", stop)
    load(file, tmp_path / "crawl.db")
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")
    assert load(file, tmp_path / "crawl.db") == []
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")


def test_a_sample_of_bson_is_of_that_size_and_the_same_when_it_was_stopped(
    file: Path, tmp_path: Path
) -> None:
    load(file, tmp_path / "whole.db", sample=Sample(20))
    assert len(dump(tmp_path / "whole.db")["product"]) == 20
    with pytest.raises(StoppedError):
        load(file, tmp_path / "crawl.db", 7, Sample(20))
    load(file, tmp_path / "crawl.db", sample=Sample(20))
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")
    load(file, tmp_path / "all.db", sample=Sample(99))
    assert len(dump(tmp_path / "all.db")["product"]) == 40


def test_a_product_that_is_cut_is_not_drawn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
    spans = list(cdiscount.document_spans(file))
    assert (len(spans), spans[-1].stop) == (41, file.stat().st_size)
    drawn = cdiscount.sample_offsets(file, Sample(99))
    assert drawn == [span.start for span in spans[:-1]]


def test_every_product_of_bson_is_as_likely_to_be_drawn(file: Path) -> None:
    met = collections.Counter(
        offset for seed in range(400) for offset in cdiscount.sample_offsets(file, Sample(10, seed))
    )
    assert len(met) == 41
    assert all(abs(count - 400 * 10 / 41) < 45 for count in met.values())  # 5 standard deviations


def test_a_strict_import_stores_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name,category\n1,a,A\n1,b,A\n")
    source = open_source("csv", Asked(tmp_path / "a.csv", tmp_path))

    def refuse(entry: Skipped) -> None:
        raise SourceError(entry.reason)

    with open_database(tmp_path / "crawl.db", create=True) as db:
        with pytest.raises(SourceError, match="id 1 stands in an earlier place"):
            import_source(db, source, ImageFolder(tmp_path), refuse, lambda count: None)
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
    """Serve 600 products of three collections as Shopify does: 250 a page and so many in all."""
    kinds = ("Belts", "Women > Hats", "")
    products = [shop_product(k, kinds[k % 3]) for k in range(600)]
    asked: collections.Counter[str] = collections.Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
            page, limit = query["page"], min(query["limit"], 250)
            asked[self.path] += 1
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


def crawl(address: str, db: sqlite3.Connection, by_collection: bool = False) -> list[Skipped]:
    told: list[Skipped] = []
    client = Client(allow_private=True)
    import_shop(db, Shopify(client, address), by_collection, told.append, lambda count: None)
    return told


def test_a_shop_is_read_page_by_page_and_its_types_are_the_categories(
    db: sqlite3.Connection,
) -> None:
    with shop(broken=3) as address:
        told = crawl(address, db)
        again = crawl(address, db)
    facts = db.execute("select id, name, image, category_id from product order by rowid").fetchall()
    assert facts[:2] == [
        ("0", "Thing 0", "http://cdn.shop/0-0.jpg", "Belts"),
        ("1", "Thing 1", "http://cdn.shop/1-0.jpg", "Women/Hats"),
    ]
    assert len(facts) == 600
    counts = "select path, product_count from category order by path"
    assert db.execute(counts).fetchall() == [("Belts", 200), ("Women", 0), ("Women/Hats", 200)]
    assert [entry.reason for entry in told] == ["it is no object: 'nonsense'"]
    assert again == []


def test_what_a_shop_hands_out_no_more_is_read_by_its_collections(db: sqlite3.Connection) -> None:
    with shop(reachable=500) as address:
        crawl(address, db)
    assert db.execute("select count(*) from product").fetchall() == [(600,)]


def test_collections_may_be_the_categories(db: sqlite3.Connection) -> None:
    with shop() as address:
        crawl(address, db, by_collection=True)
    counts = "select name, product_count from category order by path"
    assert db.execute(counts).fetchall() == [(f"Shelf {k}", 200) for k in range(3)]


def test_an_address_without_a_shop_says_so() -> None:
    with shop() as address, pytest.raises(SourceError, match=r"has no none\.json of a Shopify"):
        list(Shopify(Client(allow_private=True), address).pages("none", 0))


def test_a_file_of_the_earlier_system_becomes_a_database_of_its_own(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "crawl.db"
    with sqlite3.connect(old) as db:
        db.executescript(EARLIER_SYSTEM)
        db.execute("insert into category (id, parent, leaf) values ('x', 'y', 0), ('y', 'x', 1)")
        db.execute("insert into product (id, category_id, name) values (9, 'nowhere', 'lost')")
    db.close()
    before = old.read_bytes()
    told = [(entry.item, entry.reason) for entry in adopt(old, new)]
    assert told == [
        ("old.db x", "it lies below itself: a cycle"),
        ("old.db y", "it lies below itself: a cycle"),
        ("old.db 9", "it names the category nowhere, which is not there"),
        ("old.db 472", "it names the category lost-category, which is not there"),
    ]
    assert old.read_bytes() == before
    with open_database(new) as db:
        insist_on_adopted(db, str(old))
        assert db.execute("select count(*) from product where id in ('9', '471')").fetchall()
        assert len(db.execute("select * from skipped").fetchall()) == 4
        copy = old_copies(db, tmp_path / "images")
        name = "7ab8" + "0" * 28
        assert copy(f"http://img/xim/7a/b8/{name}.jpg") == tmp_path / f"images/7a/{name}.jpg"
        assert copy(f"http://img/pim/{name}_xlarge.jpg") is not None
        assert copy(f"http://img/sim/{name}_xlarge/red-belt.jpg") is None
    with pytest.raises(StoreError, match=r"crawl\.db is there already; pass another --db-path"):
        adopt(old, new)


def test_a_file_that_is_none_of_the_earlier_system_is_refused(tmp_path: Path) -> None:
    with open_database(tmp_path / "today.db", create=True):
        pass
    with pytest.raises(StoreError, match=r"if it is a crawl\.db, pass it as"):
        adopt(tmp_path / "today.db", tmp_path / "crawl.db")
    (tmp_path / "cut.db").write_bytes((tmp_path / "today.db").read_bytes()[:5_000])
    with pytest.raises(StoreError, match=r"cut\.db is damaged"):
        adopt(tmp_path / "cut.db", tmp_path / "crawl.db")
    assert not (tmp_path / "crawl.db").exists()


def test_pictures_that_cannot_be_written_stop_an_import(file: Path, tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(b"")
    with pytest.raises(StoreError, match="images cannot be written"):
        load(file, tmp_path / "crawl.db")
    assert dump(tmp_path / "crawl.db")["product"] == []
    (tmp_path / "images").unlink()
    load(file, tmp_path / "crawl.db")
    load(file, tmp_path / "whole.db")
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")


def test_rows_wait_until_their_pictures_are_kept(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: ImageFolder) -> None:
        raise StoreError("the disk fails")

    monkeypatch.setattr(ImageFolder, "keep", fail)
    with pytest.raises(StoreError, match="the disk fails"):
        load(file, tmp_path / "crawl.db")
    assert dump(tmp_path / "crawl.db")["product"] == []


def test_an_import_says_when_what_stores_its_pictures_is_ended(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ended:
        ended.setattr(imports, "put_embedded", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        with pytest.raises(StoreError, match="ended from outside; run it again"):
            load(file, tmp_path / "crawl.db")
    load(file, tmp_path / "crawl.db")
    load(file, tmp_path / "whole.db")
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")


def test_an_import_that_is_killed_goes_on_and_ends_whole(tmp_path: Path) -> None:
    picture = jpeg()
    documents = (
        {"_id": k, "category_id": 7, "imgs": [{"picture": picture + b"%d\xff\xd9" % k}]}
        for k in range(12_000)
    )
    (tmp_path / "a.bson").write_bytes(b"".join(map(bson.encode, documents)))
    command = [sys.executable, str(SCRIPT), "--from", "a.bson", "--only", "products"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as crawl:
        while crawl.poll() is None and not any(tmp_path.glob("images/??")):
            time.sleep(0.01)
        crawl.kill()
        crawl.communicate(timeout=30)  # which waits for the processes that it has begun
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with open_database(tmp_path / "crawl.db") as db:
        stored = db.execute("select file, sha256 from image").fetchall()
    assert len(stored) == 12_000
    assert all(sha256((tmp_path / "images" / name).read_bytes()) == own for name, own in stored)
