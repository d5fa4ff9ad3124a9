"""A table of a page as lines of text."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup

from product_classifier.printable import unbroken
from product_classifier.report.pages import Table


def aligned(table: Table, most: int | None = None) -> list[str]:
    """Write its columns one below the other, numbers to the right; most: rows, the first ones.

    Columns that are drawn, those whose name is Markup, are left out.
    """
    kept = [k for k, name in enumerate(table.columns) if not isinstance(name, Markup)]
    columns = [table.columns[k] for k in kept]
    rows = [[column.removeprefix("#") for column in columns]]
    rows += [[unbroken(str(row[k])) for k in kept] for row in table.rows[:most]]
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            padded(cell, width, right=column.startswith("#"))
            for cell, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in rows
    ]
    if left := len(table.rows) + 1 - len(rows):
        lines.append(f"… {left:,} more")
    return lines


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return text filled with spaces to so many columns of a terminal; right: aligned there."""
    spaces = " " * (width - columns_of(text))
    return spaces + text if right else text + spaces


def columns_of(text: str) -> int:
    """Return how many columns of a terminal text takes: wide letters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
