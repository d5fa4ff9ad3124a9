"""A table of a page as lines of text."""

from __future__ import annotations

from markupsafe import Markup

from product_classifier.report.pages import Table


def aligned(table: Table, most: int | None = None) -> list[str]:
    """Write its columns one below the other, numbers to the right; most: rows, the first ones.

    Columns that are drawn, those whose name is Markup, are left out.
    """
    kept = [k for k, name in enumerate(table.columns) if not isinstance(name, Markup)]
    columns = [table.columns[k] for k in kept]
    rows = [[column.removeprefix("#") for column in columns]]
    rows += [[str(row[k]) for k in kept] for row in table.rows[:most]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if column.startswith("#") else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in rows
    ]
    if left := len(table.rows) + 1 - len(rows):
        lines.append(f"… {left:,} more")
    return lines
