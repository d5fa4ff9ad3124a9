"""CSV, TSV and their kin → rows; delimiter, quotes and encoding are found in the file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.printable import FORMULA_ESCAPE_COLUMN, unescape_formula
from product_classifier.sources.files.table_rows import Row
from product_classifier.sources.files.text_stream import LONGEST_ROW, EndlessRowError, Lines, opened

LARGEST_CELL = 1_000_000  # characters; a quote that nobody closes would swallow the file
LOOKED_AT = 1_000_000  # characters, to find out how cells are separated
REREAD, TIMES = 100_000, 4  # lines that may be read again: at all, and for each that is read
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Dialect:
    """How a file separates and quotes its cells."""

    header: tuple[str, ...]
    delimiter: str
    quote: str | None
    encoding: str
    before: int  # lines that stand before the first row

    @property
    def about(self) -> str:
        """Say it in few words."""
        quotes = {None: ", no quotes", "'": ", single quotes"}.get(self.quote, "")
        return f"{DELIMITERS[self.delimiter]}{quotes}, {self.encoding.removesuffix('-sig')}"


def find_dialect(path: Path, encoding: str | None) -> Dialect:
    """Look at the beginning of a file. Raises SourceError where it cannot be read."""
    with opened(path) as stream:
        lines = Lines(stream, encoding, path)
        start = _beginning(lines)
    told = re.fullmatch(r"sep=(.)\r?\n?", start[0]) if start else None  # as Excel writes it
    first = start[1:2] if told else start[:1]
    header = first[0] if first else ""
    quote: str | None = "'" if header.startswith("'") and "'" in header[1:] else '"'
    try:
        delimiter = (
            told[1] if told else max(DELIMITERS, key=lambda d: len(_cells(header, d, quote)))
        )
        if delimiter not in DELIMITERS:
            raise SourceError(f"{path} is separated by {delimiter!r}; write it anew with commas")
        if delimiter == "\t" and not re.search(r'(^|\t)"[^\t]*"(\t|\r|\n|$)', "".join(start)):
            quote = None  # inches, not quotes
        names = tuple(name.strip() for name in _cells(header, delimiter, quote))
    except csv.Error as error:
        raise SourceError(f"{path} has no header that can be read ({error})") from None
    return Dialect(names, delimiter, quote, lines.encoding, len(start[:2] if told else start[:1]))


def read_delimited(path: Path, dialect: Dialect) -> Iterator[Row]:
    """Read the rows of a file with the numbers of their lines; a broken one costs no other."""
    width = len(dialect.header)
    exported = FORMULA_ESCAPE_COLUMN in dialect.header  # by crawl.py, harmless in spreadsheets
    with opened(path) as stream:
        lines = Lines(stream, dialect.encoding, path)
        for _ in zip(range(dialect.before), lines, strict=False):
            lines.begin()
        reader = _reader(lines, dialect.delimiter, dialect.quote)
        torn = False  # whether the line before had a quote that was not closed
        reread = 0  # lines
        while True:
            lines.begin()
            at, cells, problem = lines.number + 1, [], ""
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                problem = f"{error}: is a quote not closed?"
            except EndlessRowError:
                problem = "a quote in it is not closed"
            pulled = lines.pulled
            if problem or len(pulled) > 1 or len(cells) != width or pulled[-1][-1] not in "\r\n":
                problem = problem or _problem(pulled, cells, width, lines.ended)
                if torn and cells and len(cells) < width:
                    problem = problem or "it seems to be a part of the line before"
            torn = bool(problem) and (torn or len(pulled) > 1)
            if problem and len(pulled) > 1:  # a stray quote: only its own line is lost
                lines.push_back(pulled[1:])
                reread += len(pulled) - 1
                is_hopeless = reread > REREAD + TIMES * lines.number
                lines.longest_row = 0 if is_hopeless else LONGEST_ROW
                reader = _reader(lines, dialect.delimiter, dialect.quote)
            if cells or problem:
                cells = list(map(unescape_formula, cells)) if exported else cells
                yield at, problem or lines.wrong or cells
        if lines.cut:
            yield lines.number + 1, lines.cut


def _problem(pulled: Sequence[str], cells: Sequence[str], width: int, ended: bool) -> str:
    """Tell what is wrong with a row that is not one whole line of the right width.

    ended: whether there were no more lines when the row wanted one.
    """
    if len(pulled) > 1 and (ended or len(cells) != width):
        return "a quote in it is not closed"
    if ended or (pulled[-1][-1] not in "\r\n" and len(cells) < width):
        return "the file ends in the middle of it"
    if any(cells[width:]):
        return f"it has {len(cells)} cells where the header has {width}"
    return ""


def _beginning(lines: Lines) -> list[str]:
    """Read the first hundred lines, or fewer long ones, but always two."""
    start: list[str] = []
    characters = 0
    for line in lines:
        start.append(line)
        lines.begin()
        characters += len(line)
        if len(start) == 100 or (len(start) > 1 and characters > LOOKED_AT):
            break
    return start


def _cells(line: str, delimiter: str, quote: str | None) -> list[str]:
    return next(_reader([line], delimiter, quote), [])


def _reader(lines: Iterable[str], delimiter: str, quote: str | None) -> Iterator[list[str]]:
    csv.field_size_limit(LARGEST_CELL)  # of all readers there are
    if quote is None:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)
