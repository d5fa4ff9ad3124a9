"""Review files → the decisions that a person has entered in them."""

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
from product_classifier.sources.files.table_columns import columns_text

NEEDED = ("product_id", "decision")
DELIMITERS = ",;\t"  # spreadsheets use one of them, depending on the country
LARGEST = 100_000_000  # bytes: a million lines or more


@dataclass(frozen=True)
class Review:
    """The contents of a review file."""

    decided: list[Decided]
    open: int  # lines without a decision


def read_review(path: Path) -> Review:
    """Return the decisions in a review file that analyze.py or a spreadsheet has written.

    Raises SourceError if the file cannot be read or lacks the columns in NEEDED.
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
    decided, open_lines = [], 0
    try:
        names = [name.strip() for name in reader.fieldnames or []]
        if missing := [name for name in NEEDED if name not in names]:
            raise SourceError(
                f"{path} lacks {columns_text(missing)}; import a file that "
                "analyze.py --export-review has written"
            )
        reader.fieldnames = names
        for row in reader:
            product_id, decision = (unescape_formula(row[name].strip()) for name in NEEDED)
            if decision:
                decided.append(Decided(reader.line_num, product_id, decision))
            else:
                open_lines += bool(product_id)
    except csv.Error as error:
        raise SourceError(f"{path} is not valid CSV ({error}); save it as CSV UTF-8") from None
    return Review(decided, open_lines)
