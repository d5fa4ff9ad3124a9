"""Parquet files from elsewhere: one value costs its row, and no small file takes much memory."""

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
    some = {
        "id": [str(k) for k in range(count)],
        "name": ["a"] * count,
        "category_path": ["A"] * count,
    }
    return arrow.table(some | columns)


def read(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the ids of products, and what is skipped with the reasons."""
    entries = list(open_source(format_of(str(path)), SourceOptions(path, path.parent)).entries())
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
def test_a_value_that_is_no_text_costs_its_row_alone(
    description: arrow.Array, reason: str, tmp_path: Path
) -> None:
    format.write_table(table(description=description), tmp_path / "a.parquet")
    products, [(item, told)] = read(tmp_path / "a.parquet")
    assert products == ["0", "2"]
    assert item == "a.parquet row 2"
    assert told.startswith(f"its description is no text: {reason}")


def test_a_text_that_is_no_unicode_costs_its_row_alone(tmp_path: Path) -> None:
    names = arrow.array([b"a", b"\xff", b"c"], arrow.binary()).view(arrow.string())
    format.write_table(table(name=names), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (
        ["0", "2"],
        [("a.parquet row 2", "its name is no Unicode")],
    )


def test_columns_that_are_not_used_are_not_read(tmp_path: Path) -> None:
    date = datetime.date(2026, 11, 29)
    more = {"made": [date, date], "embedding": [[0.5] * 8] * 2, "picture": [{"bytes": b"x"}] * 2}
    format.write_table(table(**more), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (["0", "1"], [])


def test_columns_of_one_name_are_the_first_of_them(tmp_path: Path) -> None:
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
    elif kind == "one text that never ends":
        bomb = table(description=["a" * 600_000_000])
    elif kind == "one list that never ends":
        parts = arrow.nulls(20_000_000, arrow.string())
        bomb = table(description=arrow.ListArray.from_arrays([0, len(parts)], parts))
    else:
        nothing = arrow.nulls(2_000_000, arrow.string())
        bomb = arrow.table(dict.fromkeys(("id", "name", "category_path"), nothing))
    options = {"use_dictionary": "never" not in kind, "write_statistics": False}
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
        "one text that never ends",
        "one list that never ends",
        "rows of nothing",
    ],
)
def test_a_bomb_is_refused_within_bounds_of_memory(kind: str, tmp_path: Path) -> None:
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


def crash(unused: Connection, answers: Connection, path: Path, names: Sequence[str]) -> None:
    if not names:
        answers.send_bytes(b'["id", "name", "category_path"]')
        return
    os.kill(os.getpid(), signal.SIGKILL)  # as SIGSEGV, whose trace pytest would print


def hang(unused: Connection, answers: Connection, *asked: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    signal.sigwait([signal.SIGUSR1])


def test_what_crashes_or_hangs_the_library_is_one_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format.write_table(table(), tmp_path / "a.parquet")
    monkeypatch.setattr(parquet_rows, "decode", crash)
    with pytest.raises(SourceError, match=r"nothing from here on can be read: .* crashes \(-9\)"):
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


def test_a_compressed_file_is_to_be_unpacked_first(tmp_path: Path) -> None:

    format.write_table(table(), tmp_path / "a.parquet")
    data = gzip.compress((tmp_path / "a.parquet").read_bytes())
    (tmp_path / "a.parquet.gz").write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.parquet\.gz is compressed; unpack it first"):
        read(tmp_path / "a.parquet.gz")
