"""Where new products belong, as CSV: for spreadsheets and programs."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import NamedTuple

from product_classifier.report.table_file import csv_writer
from product_classifier.spreadsheet import harmless


class FiledProduct(NamedTuple):
    """A product and the category that a saved model gives it."""

    product_id: str
    category_id: str
    path: str
    score: float  # probability of the category
    certified: float | None  # accuracy that products of such scores are certified to have


def filed_text(products: Iterable[FiledProduct]) -> str:
    """Write a line for each product; nothing under certified means that a person should look."""
    file = io.StringIO()
    writer = csv_writer(file)
    writer.writerow(FiledProduct._fields)
    for product, category, path, score, certified in products:
        kept = "" if certified is None else f"{certified:g}"
        writer.writerow([*map(harmless, (product, category, path)), f"{score:.6f}", kept])
    return file.getvalue()
