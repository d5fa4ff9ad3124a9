"""A review file that a person has filled in → what they decided."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.printable import unescape_formula
from product_classifier.records import Decided
from product_classifier.regular import read_bounded
from product_classifier.sources.files.csv_rows import LARGEST_CELL
from product_classifier.sources.files.table_columns import listing

NEEDED = ("product_id", "decision")
DELIMITERS = ",;\t"  # what spreadsheets of all countries write
LARGEST = 100_000_000  # bytes: a million lines or more


@dataclass(frozen=True)
class Review:
    """What a file holds."""

    decided: list[Decided]
    open: int  # lines without a decision


def read_review(path: Path) -> Review:
    """Read a review file, as analyze.py or a spreadsheet has written it.

    Raises SourceError for a file without the columns product_id and decision.
    """
    try:
        text = read_bounded(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8; save it as CSV UTF-8") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    csv.field_size_limit(LARGEST_CELL)
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=None), delimiter=delimiter, restval="")
    decided, open_ = [], 0
    try:
        names = [name.strip() for name in reader.fieldnames or []]
        if missing := [name for name in NEEDED if name not in names]:
            raise SourceError(
                f"{path} lacks {listing(missing)}; import what analyze.py --export-review wrote"
            )
        reader.fieldnames = names
        for row in reader:
            product, decision = (unescape_formula(row[name].strip()) for name in NEEDED)
            if decision:
                decided.append(Decided(reader.line_num, product, decision))
            else:
                open_ += bool(product)
    except csv.Error as error:
        raise SourceError(f"{path} is not CSV: {error}") from None
    return Review(decided, open_)
