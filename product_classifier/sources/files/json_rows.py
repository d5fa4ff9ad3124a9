"""JSON documents and JSON Lines → objects, one by one, whatever their number."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.printable import brief, storable
from product_classifier.sources.files.json_list import CHUNK, LARGEST_OBJECT, JsonList, problem_of
from product_classifier.sources.files.table_columns import MOST_COLUMNS
from product_classifier.sources.files.table_rows import LOOKED_AT, Cell, Row
from product_classifier.sources.files.text_stream import Lines, opened

Found = tuple[int, Mapping[str, Any] | str]  # its place; the object, or what is wrong with it


def read_objects(path: Path, encoding: str | None = None) -> Iterator[Found]:
    """Read the objects of a JSON list, by itself or as images, products, categories or items.

    They are numbered from 1. Raises SourceError where there is no such list.
    """
    with opened(path) as stream:
        lines = Lines(stream, encoding, path)
        elements = JsonList(lines.chunks(CHUNK))
        if not elements.begins():
            raise SourceError(f"{path} is no JSON list of objects; pass --format to insist")
        count = 0
        for count, (value, problem) in enumerate(elements, 1):
            if not problem and not isinstance(value, dict):
                problem = f"it is no object: {brief(value)}"
            yield count, problem or value
        if elements.cut:
            yield count + 1, lines.cut or "the file ends before its list"


def read_json_lines(path: Path, encoding: str | None = None) -> Iterator[Found]:
    """Read a file with a JSON object in each line."""
    with opened(path) as stream:
        lines = Lines(stream, encoding, path)
        for line in lines:
            problem, value = lines.wrong, None
            lines.begin()
            if line.isspace():
                continue
            if len(line) > LARGEST_OBJECT:
                problem = f"it has more than {LARGEST_OBJECT:,} characters"
            try:
                value = None if problem else json.loads(line)
            except (ValueError, RecursionError) as error:
                problem = problem_of(error)
            if not problem and not isinstance(value, dict):
                problem = f"it is no object: {brief(value)}"
            yield lines.number, problem or value or {}
        if lines.cut:
            yield lines.number + 1, lines.cut


def header_of(found: Iterator[Found]) -> list[str]:
    """List the keys of the first objects, in their order; no more than a table has columns."""
    header: dict[str, None] = {}
    for _, value in islice(found, LOOKED_AT):
        if not isinstance(value, str):
            header |= dict.fromkeys(value)
        if len(header) > MOST_COLUMNS:
            break
    return list(header)


def rows_of(found: Iterator[Found], header: Sequence[str]) -> Iterator[Row]:
    """Make rows of objects."""
    for place, value in found:
        if isinstance(value, str):
            yield place, value
            continue
        try:
            yield place, [cell_of(name, value.get(name)) for name in header]
        except TypeError as error:
            yield place, str(error)


def cell_of(name: str, value: Any) -> Cell:
    """Make a cell of a value. Raises TypeError where there is no text in it."""
    if not isinstance(value, list):
        return _text_of(name, value)
    if all(isinstance(part, list) for part in value):
        return [[_text_of(name, part) for part in parts] for parts in value]
    return [_text_of(name, part) for part in value]


def _text_of(name: str, value: Any) -> str:
    if isinstance(value, str):
        return storable(value)
    if value is None or value != value:  # NaN, which other programs write for nothing
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != math.inf:
        return str(value)
    raise TypeError(f"its {name} is no text: {brief(value)}")
