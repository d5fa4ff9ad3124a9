"""JSON documents and JSON Lines → objects, one by one, whatever their number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.sources.opening import Lines, opened
from product_classifier.sources.tables import LOOKED_AT, Cell, Row

Found = tuple[int, Mapping[str, Any] | str]  # its place; the object, or what is wrong with it
LARGEST_OBJECT = 16_000_000  # characters
CHUNK = 1_000_000  # characters
START = re.compile(r'\s*(\{\s*"(?:images|products|categories|items)"\s*:\s*)?\[')


def read_objects(path: Path, encoding: str | None = None) -> Iterator[Found]:
    """Read the objects of a JSON list, by itself or as images, products, categories or items.

    They are numbered from 1. Raises SourceError where there is no such list.
    """
    decoder, text, count, begun = json.JSONDecoder(), "", 0, False
    with opened(path) as stream:
        lines = Lines(stream, encoding, path)
        chunks = iter(lines.chunks(CHUNK))
        while True:
            chunk = next(chunks, "")
            text += chunk
            if not begun:
                if not (start := START.match(text)):
                    raise SourceError(f"{path} is no JSON list of objects; pass --format to insist")
                text, begun = text[start.end() :], True
            position = 0
            while True:
                position = _skip(text, position)
                if position == len(text) or (text[position] == "]"):
                    break
                try:
                    value, position = decoder.raw_decode(text, position)
                except ValueError:
                    break
                except RecursionError:
                    yield count + 1, "it is nested too deeply; nothing behind it is read"
                    return
                count += 1
                yield count, value if isinstance(value, dict) else f"it is no object: {value!r:.80}"
            text = text[position:]
            if text.startswith("]"):
                return
            if not chunk or len(text) > LARGEST_OBJECT:
                reason = lines.cut or ("it is no JSON" if text else "the file ends before its list")
                yield count + 1, f"{reason}; nothing behind it is read"
                return


def read_json_lines(path: Path, encoding: str | None = None) -> Iterator[Found]:
    """Read a file with a JSON object in each line."""
    with opened(path) as stream:
        lines = Lines(stream, encoding, path)
        for line in lines:
            problem, value = lines.wrong, None
            lines.begin()
            if line.isspace():
                continue
            try:
                value = None if problem else json.loads(line)
            except (ValueError, RecursionError) as error:
                problem = f"it is no JSON ({error})"
            if not problem and not isinstance(value, dict):
                problem = f"it is no object: {value!r:.80}"
            yield lines.number, problem or value or {}
        if lines.cut:
            yield lines.number + 1, lines.cut


def header_of(found: Iterator[Found]) -> list[str]:
    """List the keys of the first objects, in their order."""
    some = (value for _, value in islice(found, LOOKED_AT) if not isinstance(value, str))
    return list(dict.fromkeys(key for value in some for key in value))


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
    if isinstance(value, str):  # what is left of an emoji that was cut in two is no Unicode
        return value if value.isascii() else value.encode(errors="replace").decode()
    if value is None or value != value:  # NaN, which other programs write for nothing
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        if all(isinstance(part, list) for part in value):
            return [[str(cell_of(name, part)) for part in parts] for parts in value]
        return [str(cell_of(name, part)) for part in value]
    raise TypeError(f"its {name} is no text: {value!r:.80}")


def _skip(text: str, position: int) -> int:
    """Step over white space and commas."""
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return position
