"""Small files that would take unlimited space, time or memory, and damaged files."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from product_classifier.console import SILENT
from product_classifier.errors import SourceError
from product_classifier.recipes.import_catalogue import import_source
from product_classifier.records import Category, Entry, Product, Skipped
from product_classifier.sources.files import category_tree
from product_classifier.sources.formats import SourceOptions, format_of, open_source
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import ignore_skipped

DEEP = ["abcde"] * 20_000
Write = Callable[[Path], Path]


def read(path: Path, **options: Any) -> list[Entry]:
    return list(
        open_source(
            format_of(str(path)), SourceOptions(path=path, images=path.parent, **options)
        ).entries()
    )


def ids(entries: list[Entry]) -> list[str]:
    return [entry.id for entry in entries if isinstance(entry, Product)]


def reasons(entries: list[Entry]) -> list[str]:
    return [entry.reason for entry in entries if isinstance(entry, Skipped)]


def deep_csv(folder: Path) -> Path:
    path = folder / "a.csv"
    path.write_text(f"id,name,category\n1,Boot,{'/'.join(DEEP)}\n2,Belt,Belts\n")
    return path


def deep_json(folder: Path) -> Path:
    path = folder / "a.json"
    items = [{"id": 1, "name": "x", "category": DEEP}, {"id": 2, "name": "y", "category": "Belts"}]
    path.write_text(json.dumps(items))
    return path


def deep_atlas(folder: Path) -> Path:
    path = folder / "a.json"
    items = [
        {"filename": f"{k}", "sentences": [{"tokens": DEEP[: 10**5 * (2 - k)] or ["Belts"]}]}
        for k in (1, 2)
    ]
    path.write_text(json.dumps(items))
    return path


def deep_shopify(folder: Path) -> Path:
    path = folder / "a.json"
    kinds = {1: " > ".join(DEEP), 2: "Belts"}
    items = [
        {"id": k, "handle": "h", "variants": [], "product_type": kind} for k, kind in kinds.items()
    ]
    path.write_text(json.dumps(items))
    return path


def deep_feed(folder: Path) -> Path:
    path = folder / "a.xml"
    item = "<item><id>{}</id><title>x</title><product_type>{}</product_type></item>"
    parts = item.format(1, "&gt;".join(DEEP)) + item.format(2, "Belts")
    path.write_text(f"<rss><channel>{parts}</channel></rss>")
    return path


@pytest.mark.parametrize("write", [deep_csv, deep_json, deep_atlas, deep_shopify, deep_feed])
def test_a_product_loses_a_category_path_of_twenty_thousand_levels(
    write: Write, tmp_path: Path, db: sqlite3.Connection
) -> None:
    path = write(tmp_path)
    entries = read(path)
    assert ids(entries) == ["1", "2"]
    assert [entry.id for entry in entries if isinstance(entry, Category)] == ["Belts"]
    assert reasons(entries) == [
        "its category path has 20,000 levels, more than 50; is the separator right?"
    ]
    source = open_source(format_of(str(path)), SourceOptions(path=path, images=path.parent))
    import_source(db, source, ImageFolder(tmp_path), ignore_skipped, SILENT.counter("records"))
    [(size,)] = db.execute("select page_count * page_size from pragma_page_count, pragma_page_size")
    assert size < 500_000  # bytes


def test_a_tree_of_parents_ends_at_the_fiftieth_level(tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    path.write_text(json.dumps([{"id": str(k), "parent": str(k - 1)} for k in range(20_000)]))
    entries = read(path)
    assert len([entry for entry in entries if isinstance(entry, Category)]) == 50
    first, *rest = reasons(entries)
    assert first == "its path has 51 levels, more than 50"
    assert set(rest) == {"its parent category cannot be used"}


def test_categories_beyond_a_limit_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(category_tree, "MOST_CATEGORIES", 10)
    path = tmp_path / "a.csv"
    path.write_text("id,name,category\n" + "".join(f"{k},Boot,c{k}\n" for k in range(30)))
    entries = read(path)
    assert len(ids(entries)) == 30
    assert len([entry for entry in entries if isinstance(entry, Category)]) == 10
    assert "the source has more than 10 categories" in reasons(entries)[-1]


def test_of_a_hundred_thousand_pictures_and_categories_a_product_keeps_the_first(
    tmp_path: Path,
) -> None:
    many = [str(k) for k in range(100_000)]
    item = {"id": 1, "name": "x", "category": [[name] for name in many], "more_images": many}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([item]))
    entries = read(path)
    [product] = [entry for entry in entries if isinstance(entry, Product)]
    assert (len(product.categories), len(product.more_images)) == (250, 250)
    assert reasons(entries) == [
        "it has 100,000 categories; the first 250 are used",
        "it has 100,000 further pictures; the first 250 are used",
    ]


def test_a_header_may_be_longer_than_the_default_limit_of_the_csv_module(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,name,category,{'x' * 200_000}\n1,Boot,Boots,\n")
    assert ids(read(path)) == ["1"]
    path.write_text(f"id,name,category,{'x' * 2_000_000}\n1,Boot,Boots,\n")
    with pytest.raises(SourceError, match="has no header that can be read"):
        read(path)


def test_a_table_of_a_hundred_thousand_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(["id", "name", "category", *map(str, range(100_000))]) + "\n1,a,b\n")
    with pytest.raises(SourceError, match=r"has 100,003 columns, more than 10,000"):
        read(path)


@pytest.mark.parametrize(
    "line", ['"\n', '1,2,"a\n', '1,x"x","\n', '"a""\n', '"\n","', '1,"' + "y" * 40 + "\n"]
)
def test_unclosed_quotes_take_time_in_proportion_to_the_file(line: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name,category\n0,Boot,Boots\n" + line * 50_000)
    started = time.process_time()
    assert "0" in ids(read(path))
    assert time.process_time() - started < 10


def test_an_unclosed_quote_before_long_rows_loses_only_its_own_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rest = "".join(f"{k},Boot {'x' * 1_000},Boots\n" for k in range(6_000))
    path.write_text(f'id,name,category\n0,"Boot,Boots\n{rest}')
    entries = read(path)
    assert (len(ids(entries)), len(reasons(entries))) == (6_000, 1)


def test_values_of_unused_columns_may_have_any_type(tmp_path: Path) -> None:
    item = {"id": 1, "name": "Boot", "category": "Boots", "in_stock": True, "price": {"eur": 3}}
    for name, text in (("a.json", json.dumps([item])), ("a.jsonl", json.dumps(item))):
        (tmp_path / name).write_text(text)
        entries = read(tmp_path / name)
        assert (ids(entries), reasons(entries)) == (["1"], [])


@pytest.mark.parametrize("name", [float("inf"), True, [[["x"]]], {"a": 1}, 10**400])
def test_a_name_that_is_not_text_loses_only_its_own_product(name: object, tmp_path: Path) -> None:
    good = {"id": 1, "name": "Boot", "category": "Boots"}
    (tmp_path / "a.json").write_text(json.dumps([good | {"id": 0, "name": name}, good]))
    entries = read(tmp_path / "a.json")
    assert "1" in ids(entries)
    assert all(len(reason) < 200 for reason in reasons(entries))


def test_deeply_nested_lists_are_not_quoted_again_and_again(tmp_path: Path) -> None:
    value: Any = "'\"\\"
    for _ in range(200):
        value = [value]
    items = [{"id": k, "name": "x", "category": value if k else "Boots"} for k in range(2)]
    (tmp_path / "a.json").write_text(json.dumps(items))
    assert ids(read(tmp_path / "a.json")) == ["0"]


def test_a_file_whose_name_is_not_unicode_is_imported(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    path = folder / os.fsdecode(b"\xfe.csv")
    path.write_text("id,name,category,image\n1,Boot,Boots,1.jpg\n,,,\n")
    source = open_source("csv", SourceOptions(path=path, images=folder))
    import_source(db, source, ImageFolder(tmp_path), ignore_skipped, SILENT.counter("records"))
    assert db.execute("select id, image from product").fetchall() == [("1", None)]
    reasons_by_kind = dict(db.execute("select kind, reason from skipped").fetchall())
    assert reasons_by_kind["image"].endswith(
        "is in a folder whose name is not valid Unicode; rename the folder"
    )


def test_an_archive_of_too_many_members_or_with_invalid_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(5_000):
            archive.writestr(f"{k:01000}", b"")
    with pytest.raises(SourceError, match="contains too many files, and one is needed"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("é.csv", b"id,name,category\n")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xff"))
    with pytest.raises(SourceError, match=r"a\.zip is not a valid \.zip file"):
        read(path)


def test_halves_of_characters_are_replaced_in_every_json_format(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    half = "a\ud800"
    product = {"id": half, "name": half, "category": half, "image": half}
    atlas = {"filename": half, "title": half, "label": half, "image_url": f"http://{half}"}
    node = {"id": half, "name": half, "parent": half}
    shop = {"id": half, "handle": half, "variants": [], "images": [{"src": f"http://{half}"}]}
    for k, item in enumerate((product, atlas, node, shop | {"title": half, "product_type": half})):
        path = tmp_path / f"{k}.json"
        path.write_text(json.dumps([item]))
        source = open_source("json", SourceOptions(path=path, images=tmp_path))
        import_source(db, source, ImageFolder(tmp_path), ignore_skipped, SILENT.counter("records"))
    assert db.execute("select id from product").fetchall() == [("a\ufffd",)]
