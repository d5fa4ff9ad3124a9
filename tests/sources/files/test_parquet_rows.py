"""Parquet files of other programs: bad values lose their row, small files take little memory."""

from __future__ import annotations

import datetime
import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
from pyarrow import parquet as format

from product_classifier.errors import SourceError
from product_classifier.records import Product, Skipped
from product_classifier.sources.files import parquet_rows
from product_classifier.sources.formats import SourceOptions, format_of, open_source
from tests.conftest import ROOT

MOST_BYTES = 500_000_000


def table(**columns: Any) -> arrow.Table:
    count = len(next(iter(columns.values()), [1]))
    usual = {
        "id": [str(k) for k in range(count)],
        "name": ["a"] * count,
        "category_path": ["A"] * count,
    }
    return arrow.table(usual | columns)


def read(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the ids of products, and what is skipped with the reasons."""
    entries = list(
        open_source(format_of(str(path)), SourceOptions(path=path, images=path.parent)).entries()
    )
    skipped = [(entry.item, entry.reason) for entry in entries if isinstance(entry, Skipped)]
    return [entry.id for entry in entries if isinstance(entry, Product)], skipped


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        (arrow.array([None, 9_000_000, None], arrow.int32()).view(arrow.date32()), "a date32[day]"),
        (arrow.array([None, 2**60, None], arrow.timestamp("ms")), "a timestamp[ms]"),
        (arrow.array([None, 2**62, None], arrow.timestamp("ns")), ""),
        (arrow.array([None, 0, None], arrow.timestamp("ms", "Mars/Olympus")), "a timestamp[ms, tz"),
        (arrow.array([None, 2**62, None], arrow.duration("us")), "datetime.time"),
        (arrow.array([None, [("a", "b")], None], arrow.map_(arrow.string(), arrow.string())), "("),
        (arrow.array([None, b"0" * 16, None], arrow.uuid()), "UUID("),
    ],
)
def test_a_value_that_is_not_text_loses_only_its_row(
    description: arrow.Array, reason: str, tmp_path: Path
) -> None:
    format.write_table(table(description=description), tmp_path / "a.parquet")
    products, [(item, problem)] = read(tmp_path / "a.parquet")
    assert products == ["0", "2"]
    assert item == "a.parquet row 2"
    assert problem.startswith(f"its description is not text: {reason}")


def test_a_text_that_is_not_unicode_loses_only_its_row(tmp_path: Path) -> None:
    names = arrow.array([b"a", b"\xff", b"c"], arrow.binary()).view(arrow.string())
    format.write_table(table(name=names), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (
        ["0", "2"],
        [("a.parquet row 2", "its name is not valid Unicode")],
    )


def test_unused_columns_are_not_read(tmp_path: Path) -> None:
    date = datetime.date(2026, 11, 29)
    more = {"made": [date, date], "embedding": [[0.5] * 8] * 2, "picture": [{"bytes": b"x"}] * 2}
    format.write_table(table(**more), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (["0", "1"], [])


def test_of_columns_with_the_same_name_the_first_is_read(tmp_path: Path) -> None:
    columns = [["1"], ["a"], ["A"], ["2"]]
    names = ["id", "name", "category_path", "id"]
    twice = arrow.Table.from_arrays([arrow.array(column) for column in columns], names)
    format.write_table(twice, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (["1"], [])


def write_bomb(path: Path, kind: str) -> None:
    if kind == "one long text in each row":
        bomb = table(description=["a" * 1_500_000] * 600)
    elif kind == "one long text of a dictionary":
        texts = arrow.array(["a" * 3_000_000])
        bomb = table(description=arrow.DictionaryArray.from_arrays([0] * 1_000, texts))
    elif kind == "one very long text":
        bomb = table(description=["a" * 600_000_000])
    elif kind == "one very long list":
        parts = arrow.nulls(20_000_000, arrow.string())
        bomb = table(description=arrow.ListArray.from_arrays([0, len(parts)], parts))
    else:
        nothing = arrow.nulls(2_000_000, arrow.string())
        bomb = arrow.table(dict.fromkeys(("id", "name", "category_path"), nothing))
    options = {"use_dictionary": "very long" not in kind, "write_statistics": False}
    format.write_table(bomb, path, compression="zstd", store_schema="dictionary" in kind, **options)


CRAWL = """
import re, resource, runpy, sys
sys.argv = ["crawl.py", *sys.argv[1:]]
try:
    runpy.run_path("crawl.py", run_name="__main__")
finally:
    own = int(re.findall(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[0])
    print("took", 1024 * max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "one long text in each row",
        "one long text of a dictionary",
        "one very long text",
        "one very long list",
        "empty rows",
    ],
)
def test_a_bomb_is_refused_without_taking_much_memory(kind: str, tmp_path: Path) -> None:
    write_bomb(tmp_path / "a.parquet", kind)
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    options = ("--from", tmp_path / "a.parquet", "--db-path", tmp_path / "crawl.db")
    words = [sys.executable, "-c", CRAWL, *options, "--only", "products"]
    started = time.monotonic()
    said = subprocess.run([*map(str, words)], cwd=ROOT, capture_output=True, text=True)
    taken = time.monotonic() - started
    *_, last = said.stderr.splitlines()
    assert "grows more than 200 times" in last or "none of its" in last
    assert taken < 60
    assert int(said.stdout.split()[-1]) < MOST_BYTES + 70_000_000  # of Python and Arrow


def crash(receiver: Connection, sender: Connection, path: Path, names: Sequence[str]) -> None:
    if not names:
        sender.send_bytes(b'["id", "name", "category_path"]')
        return
    os.kill(os.getpid(), signal.SIGKILL)  # not SIGSEGV, because pytest would print its trace


def hang(*arguments: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    signal.sigwait([signal.SIGUSR1])


def test_a_crash_and_a_hang_of_the_library_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format.write_table(table(), tmp_path / "a.parquet")
    monkeypatch.setattr(parquet_rows, "decode", crash)
    with pytest.raises(
        SourceError, match=r"the rest of the file cannot be read: .* crashes \(-9\)"
    ):
        read(tmp_path / "a.parquet")
    monkeypatch.setattr(parquet_rows, "decode", hang)
    with pytest.raises(SourceError, match="a part of it takes more than 60 s"):
        read(tmp_path / "a.parquet")


def test_no_process_is_left_when_reading_stops(tmp_path: Path) -> None:
    format.write_table(table(name=["x" * 100] * 50_000), tmp_path / "a.parquet")
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text() if children.exists() else ""
    rows = parquet_rows.read_parquet(tmp_path / "a.parquet", ["id", "name"])
    assert next(rows) == (1, ["0", "x" * 100])
    rows.close()  # type: ignore[attr-defined]
    assert (children.read_text() if children.exists() else "") == before


def test_a_compressed_file_must_be_unpacked_first(tmp_path: Path) -> None:

    format.write_table(table(), tmp_path / "a.parquet")
    data = gzip.compress((tmp_path / "a.parquet").read_bytes())
    (tmp_path / "a.parquet.gz").write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.parquet\.gz is compressed; unpack it first"):
        read(tmp_path / "a.parquet.gz")
