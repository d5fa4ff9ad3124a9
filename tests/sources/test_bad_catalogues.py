"""Files with invalid contents: each problem is reported on one line, and the rest is imported."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bson
import pyarrow
import pytest
from pyarrow import parquet

from product_classifier.errors import SourceError
from product_classifier.records import Category, Entry, Product, Skipped
from product_classifier.sources.files import text_stream
from product_classifier.sources.formats import SourceOptions, format_of, open_source


def read(path: Path, **options: Any) -> list[Entry]:
    return list(
        open_source(
            format_of(str(path)), SourceOptions(path=path, images=path.parent, **options)
        ).entries()
    )


def products(entries: list[Entry]) -> list[str]:
    return [entry.id for entry in entries if isinstance(entry, Product)]


def problems(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(entry.item, entry.reason) for entry in entries if isinstance(entry, Skipped)]


def test_json_lines_with_wrong_types_are_skipped(tmp_path: Path) -> None:
    good = {"id": 1, "name": "a", "category_path": ["A", "B"]}
    lines = [
        json.dumps(good),
        '{"id": 2, "name": ',
        json.dumps(good | {"id": 3, "name": {"de": "a"}}),
        "[1, 2]",
        json.dumps(good | {"id": True}),
        json.dumps(good | {"id": 6.0, "name": None, "category_path": [["A", "B"], ["C"]]}),
        json.dumps(good | {"id": 7, "category_path": "A > B"}),
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    entries = read(tmp_path / "a.jsonl")
    assert {p.id: p.categories for p in entries if isinstance(p, Product)} == {
        "1": ("A/B",),
        "6": ("A/B", "C"),
        "7": ("A/B",),
    }
    assert [(item, reason[:20]) for item, reason in problems(entries)] == [
        ("a.jsonl line 2", "not valid JSON (Expe"),
        ("a.jsonl line 3", "its name is not text"),
        ("a.jsonl line 4", "not a JSON object: ["),
        ("a.jsonl line 5", "its id is not text: "),
    ]


def test_endlessly_nested_json_is_skipped_and_a_document_without_list_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"id": 1, "name": "a", "category": "A"}, ' + '{"a":[' * 100_000)
    entries = read(path)
    assert (products(entries), len(problems(entries))) == (["1"], 1)
    path.write_text('{"id": 1}')
    with pytest.raises(SourceError, match="is not a JSON list of objects"):
        read(path)


def test_atlas_items_with_wrong_types_lose_the_wrong_fields_or_are_skipped(tmp_path: Path) -> None:
    good = {"filename": "x/1.jpg", "title": "a", "sentences": [{"tokens": ["Men", "Jeans"]}]}
    url = "http://shop/1.jpg"
    items = [
        good | {"image_url": url, "split": "val"},
        good | {"filename": 7},
        good | {"filename": "2.jpg", "sentences": [{"tokens": "Men"}]},
        good | {"filename": "../../3.jpg"},
        "nothing",
        {"filename": "4.jpg", "label": "zoomed", "title": "b"},
    ]
    (tmp_path / "atlas.json").write_text(json.dumps({"images": items}))
    entries = read(tmp_path / "atlas.json")
    facts = [(p.id, p.categories, p.image, p.part) for p in entries if isinstance(p, Product)]
    assert facts == [
        ("x/1.jpg", ("Men/Jeans",), url, "validation"),
        ("2.jpg", (), f"{tmp_path}/2.jpg", None),
        ("../../3.jpg", ("Men/Jeans",), None, None),
        ("4.jpg", ("zoomed",), f"{tmp_path}/4.jpg", None),
    ]
    assert [item for item, _ in problems(entries)] == [f"atlas.json item {k}" for k in (2, 3, 4, 5)]


def test_a_parquet_row_with_a_wrong_type_is_skipped_and_a_damaged_file_is_refused(
    tmp_path: Path,
) -> None:
    texts = {"id": [1, 2], "name": ["a", "b"], "category": ["A", None]}
    table = pyarrow.table({**texts, "description": [{"de": "a"}, None]})
    parquet.write_table(table, tmp_path / "a.parquet")
    entries = read(tmp_path / "a.parquet")
    assert products(entries) == ["2"]
    assert problems(entries) == [("a.parquet row 1", "its description is not text: {'de': 'a'}")]
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(SourceError, match=r"b\.parquet is not a complete Parquet file"):
        read(tmp_path / "b.parquet")


FEED = """<?xml version="1.0" encoding="utf-8"?>{doctype}
<rss xmlns:g="http://base.google.com/ns/1.0"><channel>
<item><g:id>1</g:id><title>one</title><g:product_type>A &gt; B</g:product_type>
<g:product_type>C</g:product_type><g:google_product_category>187</g:google_product_category>
<g:image_link>http://shop/1.jpg</g:image_link>
<g:additional_image_link>http://shop/2.jpg</g:additional_image_link>
<g:additional_image_link>http://shop/1.jpg</g:additional_image_link></item>
{item}
<item><g:id>3</g:id><title>three</title></item>
</channel></rss>"""


def feed(tmp_path: Path, item: str = "", doctype: str = "") -> list[Entry]:
    text = FEED.format(item=item, doctype=doctype)
    (tmp_path / "feed.xml").write_bytes(text.encode(errors="surrogateescape"))
    return read(tmp_path / "feed.xml")


def test_a_feed_may_repeat_paths_and_pictures(tmp_path: Path) -> None:
    first, last = (entry for entry in feed(tmp_path) if isinstance(entry, Product))
    assert (first.name, first.categories) == ("one", ("A/B", "C"))
    assert (first.image, first.more_images) == ("http://shop/1.jpg", ("http://shop/2.jpg",))
    assert (last.id, last.categories, last.image) == ("3", (), None)


@pytest.mark.parametrize(
    ("item", "ids"),
    [
        ("<item><g:id>2</g:id><title>H&M</title></item>", ["1", "2", "3"]),
        ("<item><g:id>2</g:id><title>caf\udce9</title></item>", ["1", "2", "3"]),
        ("<item><g:id>2</g:id><title>a<b></title></item>", ["1", "3"]),
        ("<item><title>no id</title></item>", ["1", "3"]),
    ],
)
def test_a_broken_item_is_reported_and_does_not_affect_others(
    tmp_path: Path, item: str, ids: list[str]
) -> None:
    entries = feed(tmp_path, item)
    assert products(entries) == ids
    assert problems(entries)
    assert all(place.startswith("feed.xml line ") for place, _ in problems(entries))


BOMB = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL])
def test_a_feed_with_entities_of_its_own_is_refused(tmp_path: Path, doctype: str) -> None:
    with pytest.raises(SourceError, match="declares entities of its own"):
        feed(tmp_path, "<item><g:id>2</g:id><title>&b;&x;</title></item>", doctype)


def bomb(size: int) -> bytes:
    """Return a compressed table with `size` empty lines."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\n" * 1_000_000
    parts = [packer.compress(b"id,name,category\n1,a,A\n")]
    parts += [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*parts, packer.flush()])


@pytest.mark.parametrize("suffix", ["gz", "zip"])
def test_a_compression_bomb_is_refused(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_stream, "ALWAYS_ALLOWED", 100_000)
    path = tmp_path / f"bomb.csv.{suffix}"
    data = bomb(4_000_000)
    if suffix == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", gzip.decompress(data))
    else:
        path.write_bytes(data)
    with pytest.raises(SourceError, match="grows more than 200 times when it is unpacked"):
        read(path)


def test_an_archive_of_several_files_and_one_with_a_password_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "id,name,category\n")
        archive.writestr("b.csv", "id,name,category\n")
    with pytest.raises(SourceError, match=r"contains 2 files \(a.csv, b.csv\), and one is needed"):
        read(path)
    data = bytearray(io_zip("a.csv", b"id,name,category\n1,a,A\n"))
    data[6] |= 1  # encrypted
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"cannot be unpacked .*; unpack it first"):
        read(path)


def io_zip(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


def document(**fields: object) -> bytes:
    value: Mapping[str, object] = {"_id": 1, "category_id": 10, "imgs": [{"picture": b"x"}]}
    return bson.encode({**value, **fields})


def test_bson_with_wrong_types_is_skipped_and_unknown_categories_are_dropped(
    tmp_path: Path,
) -> None:
    (tmp_path / "names.csv").write_text("category_id,category_level1\n10,A\n")
    documents = [
        document(),
        document(_id=None),
        document(_id=3, imgs=[{"picture": "text"}]),
        document(_id=8, imgs=7),
        document(_id=4, category_id=99),
        document(_id=5)[:-1] + b"\1",
        document(_id=6, category_id=None, imgs=[]),
        document(_id=7)[:-9],
    ]
    (tmp_path / "a.bson").write_bytes(b"".join(documents))
    entries = read(tmp_path / "a.bson", category_names=tmp_path / "names.csv")
    facts = [(p.id, p.categories) for p in entries if isinstance(p, Product)]
    assert facts == [("1", ("10",)), ("4", ()), ("6", ())]
    places = [sum(map(len, documents[:k])) for k in (1, 2, 3, 5, 7, 4)]  # unknown categories last
    assert [item for item, _ in problems(entries)] == [f"a.bson byte {k}" for k in places]
    assert [reason.partition(":")[0] for _, reason in problems(entries)] == [
        "its _id is neither a number nor a text",
        "one of its pictures is not binary data",
        "its imgs is not a list",
        "not a valid BSON document",
        "the file ends in the middle of it",
        "its category 99 is not in the file of category names",
    ]


def test_bson_is_not_read_beyond_an_invalid_length(tmp_path: Path) -> None:
    (tmp_path / "a.bson").write_bytes(document() + b"\xff\xff\xff\x7f" + document(_id=2))
    entries = read(tmp_path / "a.bson")
    assert products(entries) == ["1"]
    assert [reason for _, reason in problems(entries)] == [
        "not valid BSON; the rest of the file cannot be read"
    ]
    assert [c.id for c in entries if isinstance(c, Category)] == ["10"]


def test_a_tree_with_a_cycle_keeps_the_categories_below_its_root(tmp_path: Path) -> None:
    nodes = [
        {"id": "b", "name": "B", "parent": "a"},
        {"id": "a", "name": "A", "parent": None},
        {"id": "x", "name": "X", "parent": "y"},
        {"id": "y", "name": "Y", "parent": "x"},
        {"id": "a", "name": "Again", "parent": None},
        {"name": "nameless", "parent": "a"},
    ]
    (tmp_path / "tree.json").write_text(json.dumps(nodes))
    entries = read(tmp_path / "tree.json")
    assert [(c.id, c.parent, c.path) for c in entries if isinstance(c, Category)] == [
        ("a", None, "a"),
        ("b", "a", "a/b"),
    ]
    assert [reason for _, reason in problems(entries)] == [
        "id a appears earlier",
        "it has no id",
        "category x is below itself: a cycle",
        "category y is below itself: a cycle",
    ]


def test_a_tree_whose_paths_contradict_each_other_keeps_the_first(tmp_path: Path) -> None:
    def node(*path: str) -> dict[str, object]:
        named = [{"id": identity, "name": identity.upper()} for identity in path]
        return {**named[-1], "path": named}

    nodes = [node("a", "b"), node("c", "b"), node("a", "d"), node("b", "a")]
    (tmp_path / "tree.json").write_text(json.dumps(nodes))
    entries = read(tmp_path / "tree.json")
    assert [c.path for c in entries if isinstance(c, Category)] == ["a", "a/b", "c", "a/d"]
    assert [item for item, _ in problems(entries)] == ["tree.json item 2", "tree.json item 4"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(SourceError, match="has no pictures in it"):
        read(tmp_path)
