"""Cells of CSV files that people open in spreadsheets, which run what looks like a formula."""

from __future__ import annotations

import re

MARK = "apostrophe_before_formula"  # a column that says of a table that its cells are harmless ones
_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # of a formula, wide ones as in Japanese included
_BLANK = "\t\r\n"  # what some programs drop from the start of a cell before they look at it
# at the start of a cell, or after what a spreadsheet of another country may take for its end
_RISKY = re.compile(f"((?:^|[;,\t\r\n])\"*)(['{_STARTS}])")
_FORMULA = re.compile(f'^[{_BLANK}]|(?:^|[;,\t\r\n])"*[{_STARTS}]')
_MARKED = re.compile(f"((?:^|[;,\t\r\n])\"*)'(['{_STARTS}])")


def is_risky(cell: str) -> bool:
    """Tell whether a cell might be taken for a formula."""
    return _FORMULA.search(cell) is not None


def harmless(cell: str) -> str:
    """Put an apostrophe before what might be taken for a formula: it is text then."""
    cell = _RISKY.sub(r"\1'\2", cell)
    return f"'{cell}" if cell.startswith(tuple(_BLANK)) else cell


def as_written(cell: str) -> str:
    """Take those apostrophes off again."""
    if cell[:1] == "'" and cell[1:2] and cell[1] in _BLANK:
        cell = cell[1:]
    return _MARKED.sub(r"\1\2", cell)
