"""CSV, TSV and similar files → rows; delimiter, quotes and encoding are detected."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.printable import FORMULA_ESCAPE_COLUMN, unescape_formula
from product_classifier.sources.files.table_rows import Row
from product_classifier.sources.files.text_stream import (
    LONGEST_ROW,
    EndlessRowError,
    TextLines,
    open_unpacked,
)

LARGEST_CELL = 1_000_000  # characters; a quote that is never closed would take the whole file
INSPECTED_LINES = 100  # to find the delimiter and the quotes
INSPECTED_CHARACTERS = 1_000_000  # after which fewer lines suffice
ALWAYS_REREAD = 100_000  # lines that may be read again, whatever the file's length
MOST_REREAD = 4  # times that each line may be read again on average
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The header of a file and the way in which its cells are separated and quoted."""

    header: tuple[str, ...]
    delimiter: str
    quote: str | None
    encoding: str
    lines_before: int  # the first row

    @property
    def about(self) -> str:
        """The dialect in a few words, for a message."""
        quotes = {None: ", no quotes", "'": ", single quotes"}.get(self.quote, "")
        return f"{DELIMITERS[self.delimiter]}{quotes}, {self.encoding.removesuffix('-sig')}"


def find_dialect(path: Path, encoding: str | None) -> Dialect:
    """Return the dialect of a file by its first lines. Raises SourceError if it has no header."""
    with open_unpacked(path) as stream:
        lines = TextLines(stream, encoding, path)
        start = _first_lines(lines)
    sep_line = re.fullmatch(r"sep=(.)\r?\n?", start[0]) if start else None  # as Excel writes it
    lines_before = min(2 if sep_line else 1, len(start))
    header_lines = start[1:2] if sep_line else start[:1]
    header = header_lines[0] if header_lines else ""
    quote: str | None = "'" if header.startswith("'") and "'" in header[1:] else '"'
    try:
        delimiter = (
            sep_line[1]
            if sep_line
            else max(DELIMITERS, key=lambda d: len(_cells(header, d, quote)))
        )
        if delimiter not in DELIMITERS:
            raise SourceError(f"{path} is separated by {delimiter!r}; save it with commas")
        if delimiter == "\t" and not re.search(r'(^|\t)"[^\t]*"(\t|\r|\n|$)', "".join(start)):
            quote = None  # quotation marks stand for inches
        names = tuple(name.strip() for name in _cells(header, delimiter, quote))
    except csv.Error as error:
        raise SourceError(
            f"{path} has no header that can be read ({error}); its first line must name the columns"
        ) from None
    return Dialect(
        header=names,
        delimiter=delimiter,
        quote=quote,
        encoding=lines.encoding,
        lines_before=lines_before,
    )


def read_delimited(path: Path, dialect: Dialect) -> Iterator[Row]:
    """Yield the rows of a file with their line numbers; a bad row does not affect others."""
    width = len(dialect.header)
    has_escaped_formulas = FORMULA_ESCAPE_COLUMN in dialect.header
    with open_unpacked(path) as stream:
        lines = TextLines(stream, dialect.encoding, path)
        for _ in zip(range(dialect.lines_before), lines, strict=False):
            lines.start_row()
        reader = _reader(lines, dialect.delimiter, dialect.quote)
        after_open_quote = False  # whether a quote in the row before was not closed
        reread = 0  # lines
        while True:
            lines.start_row()
            first_line, cells, problem = lines.number + 1, [], ""
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                problem = f"{error}: is a quote not closed?"
            except EndlessRowError:
                problem = "a quote in it is not closed"
            row_lines = lines.row_lines
            if (
                problem
                or len(row_lines) > 1
                or len(cells) != width
                or row_lines[-1][-1] not in "\r\n"
            ):
                problem = problem or _problem(row_lines, cells, width, lines.ended)
                if after_open_quote and cells and len(cells) < width:
                    problem = problem or "it seems to be a part of the line before"
            after_open_quote = bool(problem) and (after_open_quote or len(row_lines) > 1)
            if problem and len(row_lines) > 1:  # a stray quote: read the lines after it again
                lines.push_back(row_lines[1:])
                reread += len(row_lines) - 1
                is_hopeless = reread > ALWAYS_REREAD + MOST_REREAD * lines.number
                lines.longest_row = 0 if is_hopeless else LONGEST_ROW
                reader = _reader(lines, dialect.delimiter, dialect.quote)
            if cells or problem:
                cells = list(map(unescape_formula, cells)) if has_escaped_formulas else cells
                yield first_line, problem or lines.problem or cells
        if lines.truncated:
            yield lines.number + 1, lines.truncated


def _problem(row_lines: Sequence[str], cells: Sequence[str], width: int, ended: bool) -> str:
    """Return the problem of a row that is not one complete line of the header's width, or ''.

    ended: whether the file ended when the row needed another line.
    """
    if len(row_lines) > 1 and (ended or len(cells) != width):
        return "a quote in it is not closed"
    if ended or (row_lines[-1][-1] not in "\r\n" and len(cells) < width):
        return "the file ends in the middle of it"
    if any(cells[width:]):
        return f"it has {len(cells)} cells where the header has {width}"
    return ""


def _first_lines(lines: TextLines) -> list[str]:
    """Return the first INSPECTED_LINES, or fewer if they are long, but at least two."""
    start: list[str] = []
    characters = 0
    for line in lines:
        start.append(line)
        lines.start_row()
        characters += len(line)
        if len(start) == INSPECTED_LINES or (len(start) > 1 and characters > INSPECTED_CHARACTERS):
            break
    return start


def _cells(line: str, delimiter: str, quote: str | None) -> list[str]:
    return next(_reader([line], delimiter, quote), [])


def _reader(lines: Iterable[str], delimiter: str, quote: str | None) -> Iterator[list[str]]:
    csv.field_size_limit(LARGEST_CELL)  # a setting of the whole csv module
    if quote is None:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)
