"""Cells of CSV files that people open in spreadsheets, which run what looks like a formula."""

from __future__ import annotations

import re

# at the start of a cell, or after what a spreadsheet of another country may take for its end
_RISKY = re.compile(r"((?:^|[;,\t\r\n])\"*)(['=+\-@])")
_MARKED = re.compile(r"((?:^|[;,\t\r\n])\"*)'(['=+\-@])")


def harmless(cell: str) -> str:
    """Put an apostrophe before what might be taken for a formula: it is text then."""
    return _RISKY.sub(r"\1'\2", cell)


def as_written(cell: str) -> str:
    """Take those apostrophes off again."""
    return _MARKED.sub(r"\1\2", cell)
