"""Hostile product feeds: items are freed once read, and none takes unlimited memory."""

from __future__ import annotations

import gc
import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.records import Product, Skipped
from product_classifier.sources.formats import SourceOptions, format_of, open_source
from tests.conftest import ROOT
from tests.hostile.imports import import_file

HEAD = b"<rss><channel>"
TAIL = b"</channel></rss>"
MOST_BYTES = 500_000_000


def item(number: int, more: bytes = b"") -> bytes:
    return b"<item><id>%d</id><title>a</title><product_type>A</product_type>%s</item>" % (
        number,
        more,
    )


def read(path: Path) -> tuple[list[str], list[str]]:
    """Return the ids of products, and why the rest is skipped."""
    entries = list(open_source("feed", SourceOptions(path=path, images=path.parent)).entries())
    reasons = [entry.reason for entry in entries if isinstance(entry, Skipped)]
    return [entry.id for entry in entries if isinstance(entry, Product)], reasons


FLOODS = {
    "elements before an item": HEAD + item(1) + b"<a>b</a>" * 6_000_000 + item(2) + TAIL,
    "elements and an ampersand": HEAD + item(1) + b"H&M" + b"<a/>" * 12_000_000 + TAIL,
    "attributes": HEAD + item(1) + b"<a " + b"".join(b"a%d='' " % k for k in range(10**6)) + b"/>",
    "parts of an item": HEAD + item(1) + item(2, b"<a>b</a>" * 10**6) + item(3) + TAIL,
    "entities": HEAD + item(1) + item(2, b"&nbsp;" * 10**6) + TAIL,
    "ampersands": HEAD + item(1) + b"<item>" + b"&" * 2_400_000 + b"a;</item>" + item(3) + TAIL,
    "text": HEAD + item(1) + b"a" * 48_000_000 + TAIL,
    "a comment": HEAD + item(1) + b"<!--" + b"a" * 48_000_000 + b"-->" + TAIL,
}
IMPORT = """
import re, sys
from pathlib import Path
from tests.hostile.imports import import_file
memory = lambda: int(re.findall(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[0])
import_file(Path(sys.argv[1]))
before = memory()
import_file(Path(sys.argv[2]))
print(1024 * (memory() - before))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_takes_little_memory_and_time(name: str, tmp_path: Path) -> None:
    for folder, data in (("plain", HEAD + item(1) + TAIL), ("flood", FLOODS[name])):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "feed.xml").write_bytes(data)
    files = [str(tmp_path / folder / "feed.xml") for folder in ("plain", "flood")]
    started = time.monotonic()
    said = subprocess.run(
        [sys.executable, "-c", IMPORT, *files], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert time.monotonic() - started < 60
    assert int(said.stdout) < MOST_BYTES


LIMITED = """
import sys
from pathlib import Path
from product_classifier.sources.files import feed_rows
from tests.sources.files.test_feed_rows import read
feed_rows.MOST_MEMORY = 10_000_000
print(read(Path(sys.argv[1])))
"""


def test_a_feed_of_millions_of_names_is_not_read_beyond_a_limit_on_memory(tmp_path: Path) -> None:
    """The parser keeps all names, and only the memory of the process shows how many."""
    path = tmp_path / "feed.xml"
    plain = b"".join(map(item, range(1_000)))  # defines the header
    names = [b"".join(b" b%d=''" % k for k in range(n, n + 6_000)) for n in range(0, 10**6, 6_000)]
    named = b"".join(item(1_000 + k, b"<a%s/>" % each) for k, each in enumerate(names))
    path.write_bytes(HEAD + plain + named + item(9_999) + TAIL)
    command = [
        sys.executable,
        "-c",
        LIMITED,
        str(path),
    ]  # names are never freed
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "'999', '1000'" in said
    assert "'9999'" not in said
    assert said.endswith("'the file has too many different names; the rest is not read'])\n")


@pytest.mark.slow
def test_a_million_empty_items_take_seconds_in_any_encoding(tmp_path: Path) -> None:
    declared = b'<?xml version="1.0" encoding="utf-7"?>'
    path = tmp_path / "feed.xml"
    path.write_bytes(declared + (HEAD + item(1) + b"<item/>" * 10**6 + TAIL))
    started = time.process_time()
    import_file(path, "feed")
    assert time.process_time() - started < 30


def test_a_feeds_parser_is_freed_when_reading_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(HEAD + item(1) + b"<a>b</a>" * 1_000_000 + item(2) + TAIL)
    ids, reasons = read(path)
    assert (ids, len(reasons)) == (["1"], 1)
    assert not [item for item in gc.get_objects() if type(item).__name__ == "XMLPullParser"]


def test_items_far_behind_other_items_are_read(tmp_path: Path) -> None:
    channel = b"<channel>%s%s</channel>"
    parts = [channel % (b"<junk>x</junk>" * 100_000, item(k)) for k in range(3)]
    (tmp_path / "feed.xml").write_bytes(b"<rss>" + b"".join(parts) + b"</rss>")
    assert read(tmp_path / "feed.xml") == (["0", "1", "2"], [])


def test_an_endless_item_is_reported_at_the_item_before_it(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(HEAD + item(1) + b"\n<a/>" * 1_000_000 + item(2) + TAIL)
    ids, [reason] = read(path)
    assert ids == ["1"]
    assert reason.startswith("no item ends within 2,")
    path.write_bytes(HEAD + b"<a/>" * 1_000_000 + item(2) + TAIL)
    with pytest.raises(SourceError, match="is XML without any item or entry: no item ends within"):
        read(path)


def test_an_item_of_too_many_elements_is_skipped(tmp_path: Path) -> None:
    parts = b"<a>b</a>" * 10_000
    (tmp_path / "feed.xml").write_bytes(HEAD + item(1) + item(2, parts) + item(3) + TAIL)
    assert read(tmp_path / "feed.xml") == (["1", "3"], ["it has 10,003 elements, more than 10,000"])


def test_bare_ampersands_neither_delay_items_nor_change_them(tmp_path: Path) -> None:
    items = [item(k, b"<description>H&M, %s</description>" % (b"a" * 2_000)) for k in range(3_000)]
    (tmp_path / "feed.xml").write_bytes(HEAD + b"".join(items) + TAIL)
    entries = list(
        open_source("feed", SourceOptions(path=tmp_path / "feed.xml", images=tmp_path)).entries()
    )
    products = [entry for entry in entries if isinstance(entry, Product)]
    assert [product.id for product in products] == [str(k) for k in range(3_000)]
    assert {product.description for product in products} == {"H, " + "a" * 2_000}
    reasons = [entry.reason for entry in entries if isinstance(entry, Skipped)]
    assert len(reasons) == 101
    assert reasons[-1] == "not valid XML in 100 places; later ones are not reported"


def test_a_truncated_feed_yields_no_incomplete_item(tmp_path: Path) -> None:
    whole = HEAD + item(1, b"<description>H&M</description>") + item(2) + TAIL
    for cut in range(len(HEAD), len(whole)):
        (tmp_path / "feed.xml").write_bytes(whole[:cut])
        try:
            ids, reasons = read(tmp_path / "feed.xml")
        except SourceError:
            assert cut < len(HEAD + item(1, b"<description>H&M</description>") + item(2))
            continue
        ends = len(whole) - len(TAIL)
        assert "2" not in ids or cut >= ends - 1
        assert reasons


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_feed_is_recognised_after_a_byte_order_mark(
    encoding: str, packed: bool, tmp_path: Path
) -> None:
    mark = "\ufeff" if encoding.endswith("e") else ""
    items = b"".join(map(item, range(3))).decode().replace("<title>a", "<title>\xe9")
    data = f"{mark}\n<rss><channel>{items}</channel></rss>".encode(encoding)
    path = tmp_path / "feed.data"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert format_of(str(path)) == "feed"
    assert read(path) == (["0", "1", "2"], [])


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_json_in_utf_16_is_recognised(kind: str, tmp_path: Path) -> None:
    rows = [{"id": str(k), "name": "\xe9", "category": "A"} for k in range(2)]
    text = json.dumps(rows) if kind == "json" else "".join(f"{json.dumps(row)}\n" for row in rows)
    path = tmp_path / "products"
    path.write_text(text, encoding="utf-16")
    assert format_of(str(path)) == kind
    import_file(path)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-be"])
@pytest.mark.parametrize("text", ["<rss><item/></rss>", "id,name,category\n1,a,A\n", "[{}]"])
def test_utf_32_is_refused_in_one_line(encoding: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(("\ufeff" * encoding.endswith("be") + text).encode(encoding))
    for kind in ("", "csv", "json", "jsonl"):
        with pytest.raises(SourceError, match="UTF-32, which is not supported; save it as UTF-8"):
            import_file(path, kind)
