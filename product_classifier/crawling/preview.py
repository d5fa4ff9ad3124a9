"""The beginning of a catalogue, to be seen before anything is stored."""

from __future__ import annotations

from product_classifier.printable import one_line
from product_classifier.report.preview import preview_text
from product_classifier.sources.kinds import SQLITE, Asked, open_source
from product_classifier.sources.shopify import Shopify
from product_classifier.store.older import read_older


def preview(kind: str, source: Asked | Shopify) -> str:
    """Tell what a source is, and show its first products and its tree; of a shop its first page.

    Raises SourceError and StoreError where it is not what it is taken for.
    """
    if isinstance(source, Shopify):
        about, entries = "a Shopify shop, its first page", source.first_page()
    elif kind == SQLITE:
        about, entries = f"{source.path}: of the earlier system", read_older(source.path)
    else:
        opened = open_source(kind, source)
        about, entries = f"{opened.name}: {opened.about}", opened.entries()
    return f"{one_line(about)}\n{preview_text(entries)}"
