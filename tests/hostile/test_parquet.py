"""Hostile Parquet files: odd types, false footers and pages, bombs, changed bytes."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
from pyarrow import parquet

from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.imports import import_file
from tests.hostile.mutations import TEXTS, changed_bytes
from tests.hostile.thrift import Reader, leaves, written

pytestmark = pytest.mark.slow
CODECS = ("none", "none", "snappy", "zstd", "gzip", "lz4", "brotli")
EXTREME = (
    *(0, 1, -1, 2, 3, 7, 8, 16, 31, 100, 1_000, 2**15, 2**16, 2**20, 2**24, 2**30),
    *(2**31 - 1, -(2**31), 2**31, 2**32, 2**40, 2**63 - 1, -(2**63)),
)
NUMBERS = (None, 0, 1, -1, 10**9, 2**62, -(2**62))  # of days, seconds, …
MAGIC = 8  # bytes at the end: the footer's length, PAR1
# numbers of fields in Parquet's thrift definitions
ROW_GROUPS, COLUMNS, METADATA = 4, 1, 3
COMPRESSED_SIZE, DATA_OFFSET, DICTIONARY_OFFSET = 7, 9, 11


def plain_parquet(folder: Path) -> None:
    table = arrow.table({"id": ["1"], "name": ["Boot"], "category_path": ["Shoes/Boots"]})
    parquet.write_table(table, folder / "products.parquet")
    import_file(folder / "products.parquet")


def hostile_parquet(chance: random.Random, folder: Path) -> Path:
    path = folder / "products.parquet"
    kind = chance.random()
    if kind < 0.3:
        path.write_bytes(_odd(chance))
    elif kind < 0.32:
        path.write_bytes(_bomb(chance))
    else:
        change = chance.choices(
            (_lying_footer, _lying_page, _damaged_page, changed_bytes), (3, 4, 4, 1)
        )[0]
        path.write_bytes(change(chance, _plain(chance)))
    return path


def _written(table: arrow.Table, chance: random.Random, **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, compression=chance.choice(CODECS), **options)
    return file.getvalue()


def _plain(chance: random.Random) -> bytes:
    """Write a catalogue in all encodings of Parquet."""
    count = chance.choice([1, 5, 60, 300])
    rows = range(count)
    names = [f"n{k % 3}" if k % 7 else None for k in rows]
    table = arrow.table(
        {
            "id": [str(k) for k in rows],
            "name": arrow.array(names, arrow.string()),
            "category_path": [["A", f"B{k % 9}"] for k in rows],
            "price": list(rows),
            "weight": [k * 1.5 for k in rows],
            "description": arrow.array([f"d{k % 5}" for k in rows]).dictionary_encode(),
        }
    )
    options: dict[str, Any] = {"use_dictionary": chance.random() < 0.5}
    if not options["use_dictionary"]:
        texts = ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY")
        options["column_encoding"] = {
            "id": chance.choice(texts),
            "name": chance.choice(texts),
            "price": chance.choice(("PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT")),
        }
    return _written(
        table,
        chance,
        data_page_version=chance.choice(["1.0", "2.0"]),
        row_group_size=max(1, count // chance.choice([1, 3])),
        store_schema=chance.random() < 0.3,
        write_statistics=chance.random() < 0.3,
        **options,
    )


def _odd(chance: random.Random) -> bytes:
    """Write a catalogue with columns that are not text."""
    count = chance.choice([1, 3, 40])
    header = ["id", "name", "category_path", "description", "image", "more_images", "category_id"]
    chance.shuffle(header)
    columns: dict[str, arrow.Array] = {}
    for name in {"id", "name", "category_path", *header[: chance.randint(0, 7)]}:
        make = chance.choice(ODD) if chance.random() < 0.4 else _texts
        columns[name] = make(chance, count)
    names = [chance.choice(TEXTS) if chance.random() < 0.02 else name for name in columns]
    names = [name.encode(errors="replace").decode() for name in names]
    return _written(arrow.Table.from_arrays(list(columns.values()), names), chance)


def _texts(chance: random.Random, count: int) -> arrow.Array:
    texts = [
        chance.choice(TEXTS).encode(errors="replace").decode() if chance.random() < 0.2 else f"x{k}"
        for k in range(count)
    ]
    return arrow.array(texts, chance.choice([arrow.string(), arrow.large_string()]))


def _no_unicode(chance: random.Random, count: int) -> arrow.Array:
    data = [chance.choice([b"a", b"\xff", b"\xed\xa0\x80", None]) for _ in range(count)]
    return arrow.array(data, arrow.binary()).view(arrow.string())


def _moments(chance: random.Random, count: int) -> arrow.Array:
    zone = chance.choice([None, "UTC", "Mars/Olympus", "+99:99", "\x1b"])
    unit = chance.choice(["ms", "us", "ns"])
    kind = chance.choice([arrow.timestamp(unit, zone), arrow.duration(unit), arrow.date64()])
    return arrow.array([chance.choice(NUMBERS) for _ in range(count)], arrow.int64()).view(kind)


def _days(chance: random.Random, count: int) -> arrow.Array:
    days = [chance.choice([None, 0, 2**31 - 1, -(2**31), 3_000_000]) for _ in range(count)]
    return arrow.array(days, arrow.int32()).view(arrow.date32())


def _numbers(chance: random.Random, count: int) -> arrow.Array:
    kind = chance.choice([arrow.int64(), arrow.float64(), arrow.decimal128(38, 0), arrow.bool_()])
    return arrow.array([chance.choice(NUMBERS) for _ in range(count)], arrow.int64()).cast(
        kind, safe=False
    )


def _nested(chance: random.Random, count: int) -> arrow.Array:
    value: Any = chance.choice(["a", None, 1])
    for _ in range(chance.choice([1, 2, 3, 30])):
        value = chance.choice([[value], [value, value], {"a": value}, []])
        if len(repr(value)) > 10_000:
            break
    return arrow.array([chance.choice([value, None]) for _ in range(count)])


def _maps(chance: random.Random, count: int) -> arrow.Array:
    kind = arrow.map_(arrow.string(), arrow.string())
    return arrow.array([[("a", "b")] for _ in range(count)], kind)


def _categories(chance: random.Random, count: int) -> arrow.Array:
    return _texts(chance, count).dictionary_encode()


ODD: Sequence[Callable[[random.Random, int], arrow.Array]] = (
    *(_no_unicode, _moments, _days, _numbers, _nested, _maps, _categories),
    lambda chance, count: arrow.nulls(count, chance.choice([arrow.null(), arrow.string()])),
)


def _bomb(chance: random.Random) -> bytes:
    """Write a small file that repeats one long or empty text very often."""
    count = chance.choice([1, 1_000, 100_000])
    table = {"id": [str(k) for k in range(min(count, 1_000))]}
    rows = len(table["id"])
    table |= {"name": ["a"] * rows, "category_path": ["A"] * rows}
    long = "a" * chance.choice([100_000, min(20_000_000, 300_000_000 // rows)])
    if count > rows:
        nothing = arrow.nulls(count, arrow.string())
        return _written(arrow.table(dict.fromkeys(table, nothing)), chance)
    if chance.random() < 0.3:
        parts = arrow.array([[None] * (1_000_000 // rows)] * rows, arrow.list_(arrow.string()))
        return _written(arrow.table({**table, "description": parts}), chance)
    indices = arrow.array([0] * rows, arrow.int32())
    texts = arrow.DictionaryArray.from_arrays(indices, arrow.array([long]))
    return _written(
        arrow.table({**table, "description": texts}), chance, store_schema=chance.random() < 0.5
    )


def _footer(data: bytes) -> tuple[bytes, list[list[Any]]]:
    length = int.from_bytes(data[-MAGIC:-4], "little")
    return data[: -MAGIC - length], Reader(data[-MAGIC - length : -MAGIC]).struct()


def _joined(pages: bytes, footer: list[list[Any]]) -> bytes:
    data = written(footer)
    return pages + data + len(data).to_bytes(4, "little") + b"PAR1"


def _metadata(footer: list[list[Any]]) -> Iterator[list[list[Any]]]:
    """Return the metadata in a footer of each column of each row group."""
    fields = {number: value for number, _, value in footer}
    for group in fields[ROW_GROUPS][1]:
        for column in {number: value for number, _, value in group}[COLUMNS][1]:
            yield {number: value for number, _, value in column}[METADATA]


def _lie(chance: random.Random, fields: list[list[Any]]) -> None:
    """Change one or two numbers or texts of a struct."""
    places = list(leaves(fields))
    for _ in range(chance.choice([1, 1, 2])):
        holder, place = chance.choice(places)
        before = holder[place]
        if isinstance(before, int):
            near = before + 1, before - 1, before * 2, before ^ 1
            holder[place] = chance.choice([*EXTREME, *near])
        elif chance.random() < 0.3:
            holder[place] = chance.choice(TEXTS).encode(errors="surrogatepass")[:200]


def _lying_footer(chance: random.Random, data: bytes) -> bytes:
    pages, footer = _footer(data)
    _lie(chance, footer)
    return _joined(pages, footer)


def _page(chance: random.Random, data: bytes) -> tuple[list[list[Any]], int, int, list[list[Any]]]:
    """Return a column's first page of values or dictionary: metadata, start, end, header."""
    pages, footer = _footer(data)
    metadata = chance.choice(list(_metadata(footer)))
    at = {number: value for number, _, value in metadata}
    start = at[chance.choice([n for n in (DATA_OFFSET, DICTIONARY_OFFSET) if n in at])]
    reader = Reader(pages, start)
    header = reader.struct()
    return metadata, start, reader.at, header


def _lying_page(chance: random.Random, data: bytes) -> bytes:
    """Change the header of a page, and append the column, so that nothing else moves."""
    pages, footer = _footer(data)
    chosen, start, end, header = _page(chance, data)
    at = {number: value for number, _, value in chosen}
    first = min(at[DATA_OFFSET], at.get(DICTIONARY_OFFSET, at[DATA_OFFSET]))
    _lie(chance, header)
    changed = written(header)
    column = pages[first:start] + changed + pages[end : first + at[COMPRESSED_SIZE]]
    for metadata in _metadata(footer):
        if metadata == chosen:
            grown = len(changed) - (end - start)
            for field in metadata:
                if field[0] == DATA_OFFSET:
                    field[2] += len(pages) - first + (grown if start < at[DATA_OFFSET] else 0)
                elif field[0] == DICTIONARY_OFFSET:
                    field[2] += len(pages) - first
                elif field[0] == COMPRESSED_SIZE:
                    field[2] = len(column)
    return _joined(pages + column, footer)


def _damaged_page(chance: random.Random, data: bytes) -> bytes:
    """Change bytes near the beginning of a page, where its levels and lengths are."""
    _, _, start, _ = _page(chance, data)
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 3])):
        place = start + chance.randrange(chance.choice([8, 64]))
        if place < len(data) - MAGIC:
            flipped = changed[place] ^ (1 << chance.randrange(8))
            changed[place] = chance.choice([0, 1, 127, 128, 255, flipped])
    return bytes(changed)


def test_parquet_files_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_parquet, read=import_file, warm_up=plain_parquet), tmp_path
    )
    assert outcomes[READ] > outcomes[REFUSED] / 4
    assert outcomes[REFUSED]
