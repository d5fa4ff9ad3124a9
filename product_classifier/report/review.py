"""The review file: what a person should look at, and what they said of it, as CSV."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from product_classifier.predictions import Mistake
from product_classifier.report.label_errors import name_of, near_duplicates
from product_classifier.report.table_file import csv_writer
from product_classifier.spreadsheet import harmless

COLUMNS = (
    *("product_id", "decision", "name", "category", "suggested", "score", "suspicion", "why"),
    *("nearly_the_same", "picture"),
)


@dataclass(frozen=True, slots=True)
class ToReview:
    """A product to look at, and why."""

    product: Mistake
    why: str


def review_csv(entries: Iterable[ToReview]) -> str:
    """Write a line for each product, its decision empty."""
    file = io.StringIO()
    writer = csv_writer(file)
    writer.writerow(COLUMNS)
    for entry in entries:
        product = entry.product
        suspicion = "" if product.suspicion is None else f"{product.suspicion:.4f}"
        cells = (
            *(product.product_id, "", name_of(product), " | ".join(product.categories)),
            *(product.predicted, f"{product.score:.4f}", suspicion, entry.why),
            " | ".join(twin.product_id for twin in near_duplicates(product)),
            product.file or product.image or "",
        )
        writer.writerow(map(harmless, cells))
    return file.getvalue()
