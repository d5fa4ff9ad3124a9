"""JSON documents and JSON Lines → objects, one by one in constant memory → rows of a table."""

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
from product_classifier.sources.files.table_rows import INSPECTED_ROWS, Cell, Row
from product_classifier.sources.files.text_stream import TextLines, open_unpacked

NumberedObject = tuple[int, Mapping[str, Any] | str]  # number; object, or why it cannot be read


def read_objects(path: Path, encoding: str | None = None) -> Iterator[NumberedObject]:
    """Yield the objects of a JSON list, numbered from 1.

    The list is the document itself, or the value of its first key, which is images, products,
    categories or items. Raises SourceError if there is no such list.
    """
    with open_unpacked(path) as stream:
        lines = TextLines(stream, encoding, path)
        elements = JsonList(lines.chunks(CHUNK))
        if not elements.begins():
            raise SourceError(
                f"{path} is not a JSON list of objects; pass --format if it is something else"
            )
        count = 0
        for count, (value, problem) in enumerate(elements, 1):
            if not problem and not isinstance(value, dict):
                problem = f"not a JSON object: {brief(value)}"
            yield count, problem or value
        if elements.is_truncated:
            yield count + 1, lines.truncated or "the file ends before its list"


def read_json_lines(path: Path, encoding: str | None = None) -> Iterator[NumberedObject]:
    """Yield the JSON object on each line of a file, with the line's number."""
    with open_unpacked(path) as stream:
        lines = TextLines(stream, encoding, path)
        for line in lines:
            problem, value = lines.problem, None
            lines.start_row()
            if line.isspace():
                continue
            if len(line) > LARGEST_OBJECT:
                problem = f"it has more than {LARGEST_OBJECT:,} characters"
            try:
                value = None if problem else json.loads(line)
            except (ValueError, RecursionError) as error:
                problem = problem_of(error)
            if not problem and not isinstance(value, dict):
                problem = f"not a JSON object: {brief(value)}"
            yield lines.number, problem or value or {}
        if lines.truncated:
            yield lines.number + 1, lines.truncated


def header_of(objects: Iterator[NumberedObject]) -> list[str]:
    """Return the keys of the first objects in their order, slightly more than MOST_COLUMNS at most.

    Only the first INSPECTED_ROWS objects are read.
    """
    header: dict[str, None] = {}
    for _, value in islice(objects, INSPECTED_ROWS):
        if not isinstance(value, str):
            header |= dict.fromkeys(value)
        if len(header) > MOST_COLUMNS:
            break
    return list(header)


def rows_of(objects: Iterator[NumberedObject], header: Sequence[str]) -> Iterator[Row]:
    """Yield a row for each object, with the values of the header's keys as cells."""
    for number, value in objects:
        if isinstance(value, str):
            yield number, value
            continue
        try:
            yield number, [cell_of(name, value.get(name)) for name in header]
        except TypeError as error:
            yield number, str(error)


def cell_of(name: str, value: Any) -> Cell:
    """Return a value as a cell. Raises TypeError if it is not a text, a number or a list of them.

    name: of the column, for the message.
    """
    if not isinstance(value, list):
        return _text_of(name, value)
    if all(isinstance(element, list) for element in value):
        return [[_text_of(name, element) for element in elements] for elements in value]
    return [_text_of(name, element) for element in value]


def _text_of(name: str, value: Any) -> str:
    if isinstance(value, str):
        return storable(value)
    if value is None or value != value:  # NaN, which other programs write for a missing value
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != math.inf:
        return str(value)
    raise TypeError(f"its {name} is not text: {brief(value)}")
