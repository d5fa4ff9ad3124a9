"""Writing a table to a file: CSV, JSON Lines or Parquet, by the file's suffix."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from product_classifier.errors import ReportError

Value = str | Sequence[str] | float | None
Row = Mapping[str, Value]
BATCH = 5_000  # rows


def format_of(path: Path) -> str:
    """Return the suffix of a file's name in lower case. Raises ReportError if it is unknown."""
    if path.suffix.lower() not in WRITERS:
        raise ReportError(f"{path} must end in {', '.join(WRITERS)}: the suffix selects the format")
    return path.suffix.lower()


def write_table(path: Path, suffix: str, header: Sequence[str], rows: Iterable[Row]) -> int:
    """Write a table, and return its number of rows.

    suffix: of the format, as returned by format_of. For CSV, the caller has to join lists. Raises
    OSError if the file cannot be written.
    """
    count = 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    WRITERS[suffix](path, header, counted())
    return count


class _Lines:
    r"""A file that replaces the line ends of the csv module, \r\n, by \n."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> None:
        self._file.write(f"{row[:-2]}\n")


def csv_writer(file: TextIO) -> Any:
    r"""Return a writer of CSV with \n line ends that quotes cells with a carriage return."""
    return csv.writer(_Lines(file), lineterminator="\r\n")


def _csv(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file)
        writer.writerow(header)
        writer.writerows([row[name] for name in header] for row in rows)


def _json_lines(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({name: row[name] for name in header}, ensure_ascii=False) + "\n")


def _parquet(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    types = {"score": arrow.float64(), **dict.fromkeys(LISTS, arrow.list_(arrow.string()))}
    schema = arrow.schema([(name, types.get(name, arrow.string())) for name in header])
    rest = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := [{name: row[name] for name in header} for row in islice(rest, BATCH)]:
            writer.write_table(arrow.Table.from_pylist(batch, schema))


LISTS = ("category_path", "category_id", "translated_path", "more_images", "predicted_path")
WRITERS: dict[str, Callable[[Path, Sequence[str], Iterable[Row]], None]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}
