"""NULs and halves of characters: no source stores them, because pictures would get lost."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import bson
import pyarrow
import pytest
from pyarrow import parquet

from product_classifier.records import Category, Embedded, Entry, Image, Page, Product, Skipped
from product_classifier.sources.files.cdiscount import read_batch
from product_classifier.sources.formats import SourceOptions, open_source
from product_classifier.store.database import open_database
from product_classifier.store.importing import PagedImport, save_import
from product_classifier.store.legacy_database import copy_legacy_database
from product_classifier.store.products import put_images, save_images, save_page
from tests.hostile.imports import import_file
from tests.store.test_database import EARLIER_SYSTEM

ODD = "a\0b"
ROW = {"id": ODD, "name": ODD, "category_path": f"{ODD}/{ODD}", "description": ODD}
ROW |= {"image": f"http://shop/{ODD}.jpg", "more_images": f"http://shop/{ODD}.png"}
HALVES = {name: value.replace("\0", "\ud800") for name, value in ROW.items()}


def as_csv(folder: Path) -> Path:
    (folder / "a.csv").write_text(f"{','.join(ROW)}\n{','.join(ROW.values())}\n")
    return folder / "a.csv"


def as_json(folder: Path) -> Path:
    (folder / "a.json").write_text(json.dumps([ROW, HALVES | {"id": "c\ud800"}]))
    return folder / "a.json"


def as_json_lines(folder: Path) -> Path:
    lines = [ROW, HALVES | {"id": "c\ud800"}]
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder / "a.jsonl"


def as_parquet(folder: Path) -> Path:
    parquet.write_table(pyarrow.Table.from_pylist([ROW]), folder / "a.parquet")
    return folder / "a.parquet"


def as_shop(folder: Path) -> Path:
    item = {"id": 1, "handle": ODD, "title": ODD, "product_type": "a\ud800", "variants": []}
    (folder / "a.json").write_text(
        json.dumps({"products": [item | {"images": [{"src": ROW["image"]}]}]})
    )
    return folder / "a.json"


def texts(db: sqlite3.Connection) -> list[str]:
    tables = "product", "category", "image", "product_image", "product_category", "skipped"
    rows = [row for table in tables for row in db.execute(f"select * from {table}")]
    return [value for row in rows for value in row if isinstance(value, str)]


def assert_no_picture_is_lost(db: sqlite3.Connection) -> None:
    """Fail unless the row of each product's picture is found by its address."""
    addresses = [a for (a,) in db.execute("select image from product where image is not null")]
    assert addresses
    put_images(db, [Image(address=address, error="gone") for address in addresses])
    lost = "select image from product where image not in (select address from image)"
    assert not db.execute(lost).fetchall()


@pytest.mark.parametrize("write", [as_csv, as_json, as_json_lines, as_parquet, as_shop])
def test_neither_nuls_nor_halves_of_characters_are_stored(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import_file(write(tmp_path))
    with open_database(tmp_path / "crawl.db") as db:
        assert_no_picture_is_lost(db)
        assert db.execute("select count(*) from product where category_id is null").fetchone() == (
            0,
        )
        assert not [text for text in texts(db) if "\0" in text]


def test_categories_that_differ_only_in_a_nul_make_no_cycle(tmp_path: Path) -> None:
    rows = ["id,name,category,category_id", "1,a,A > B,\ufffd > b", "2,a,A > B > C,\ufffd > b > \0"]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n")
    import_file(tmp_path / "a.csv")
    with open_database(tmp_path / "crawl.db") as db:
        categories = db.execute("select id, parent from category order by path").fetchall()
        assert categories == [("\ufffd", None), ("b", "\ufffd")]
        [(reason,)] = db.execute("select reason from skipped")
        assert "appears earlier as" in reason


def test_pictures_of_odd_ids_in_bson_belong_to_their_products(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    path = tmp_path / "\udcff.bson"
    documents = [{"_id": ODD, "category_id": ODD, "imgs": [{"picture": b"1"}]}]
    path.write_bytes(b"".join(map(bson.encode, documents)))
    file = open_source("bson", SourceOptions(path=path, images=tmp_path)).bson
    assert file
    embedded: list[Embedded] = []
    [batch, end] = file.batches(0)
    page = read_batch(path, file.query, batch, embedded.append)
    category = Category(
        id=page.products[0].categories[0], name="a", parent=None, path="a", leaf=True
    )
    page.categories.append(category)
    images = [
        Image(address=picture.address, file="f.jpg", sha256="0" * 64, width=1, height=1)
        for picture in embedded
    ]
    PagedImport(db, file.query).save([(page, [*images])])
    query = "select file, instr(address, char(0)) from product join image on image = address"
    assert db.execute(query).fetchall() == [("f.jpg", 0)]
    assert end.offsets == ()


def test_pictures_of_a_legacy_database_belong_to_their_products(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.executescript(EARLIER_SYSTEM)
        old.execute("update product set image = ?, name = ?", (f"http://shop/{ODD}.jpg", ODD))
        old.commit()
    copy_legacy_database(tmp_path / "old.db", tmp_path / "crawl.db")
    with open_database(tmp_path / "crawl.db") as db:
        assert_no_picture_is_lost(db)
        assert not [text for text in texts(db) if "\0" in text]


@pytest.mark.parametrize("odd", [ODD, "a\ud800b"])
def test_whatever_a_source_yields_is_stored_as_unicode(odd: str, db: sqlite3.Connection) -> None:
    entries: list[Entry] = [
        Category(id=odd, name=odd, parent=None, path=odd, leaf=True, translated=odd),
        Product(
            id=odd, name=odd, description=odd, categories=(odd,), image=odd, more_images=(odd, "c")
        ),
        Product(id="2", name="plain", description="", categories=(odd,), image=None),
        Skipped("product", odd, odd),
    ]
    save_import(db, entries, "a.csv")
    assert_no_picture_is_lost(db)
    save_page(
        db,
        Page(
            query="q",
            products=[
                Product(id=odd, name=odd, description=odd, categories=(odd,), image=f"{odd}2")
            ],
            skipped=[],
            next_offset=1,
            finished=True,
        ),
    )
    save_images(db, [Image(address=f"{odd}2", error=odd)])
    assert_no_picture_is_lost(db)
    assert {text.replace("\ufffd", odd[1]) for text in texts(db)} >= {odd, f"{odd}2"}
    pairs = "select product_id, category_id from product_category order by product_id"
    assert db.execute(pairs).fetchall() == [("2", "a\ufffdb"), ("a\ufffdb", "a\ufffdb")]
