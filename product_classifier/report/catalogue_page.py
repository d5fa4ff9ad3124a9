"""The page of what is in a catalogue, with products drawn at random from its leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from product_classifier.evaluate.catalogue import Catalogue
from product_classifier.plain_text import strip_html
from product_classifier.records import Sample
from product_classifier.report.catalogue_sections import catalogue_sections
from product_classifier.report.numbers import share
from product_classifier.report.pages import Site, public_link, render, thumbnail
from product_classifier.report.remarks import remarks


class Tile(NamedTuple):
    """A product in small."""

    name: str
    link: str | None  # of its picture, where that is on the public web
    thumbnail: str | None  # a data: URL
    note: str


class Shelf(NamedTuple):
    """Products side by side."""

    title: str
    note: str
    tiles: Sequence[Tile]


class Sheet(NamedTuple):
    """What is shown of products."""

    much_shown: Shelf | None  # the pictures that most products show
    leaves: Sequence[Shelf]  # products at random


def tile(sample: Sample, picture: bytes | None, note: str = "") -> Tile:
    """Lay out a product with its picture's bytes if it has any."""
    return Tile(
        " ".join(strip_html(sample.name).split()) or "(no name)",
        public_link(sample.image),
        thumbnail(picture) if picture else None,
        note,
    )


def catalogue_page(found: Catalogue, sheet: Sheet | None = None, site: Site | None = None) -> str:
    """Write remarks, sections and products: one file, no script."""
    leaves = found.kept[0].leaves
    shown = min(len(sheet.leaves), leaves) if sheet else 0
    return render(
        "catalogue.html",
        site,
        title="What is in the catalogue",
        figures=list(_figures(found)),
        remarks=remarks(found),
        sections=catalogue_sections(found),
        sheet=sheet,
        drawn=_drawn(shown, leaves, found.seed),
    )


def _drawn(shown: int, leaves: int, seed: int) -> str:
    if not leaves:
        return f"Of all products (seed {seed})."
    if shown == leaves:
        return f"Of every leaf (seed {seed})."
    return f"Of the {shown:,} largest leaves; {leaves - shown:,} are left out (seed {seed})."


def _figures(found: Catalogue) -> list[tuple[str, str]]:
    """Choose what is read at a glance."""
    state, told = found.state, found.languages.counts
    pictured = state.products - state.no_picture - state.waiting_pictures - state.lost_pictures
    language = next(((code, n) for code, n in told if code), None)
    figures = [
        ("products", f"{state.products:,}"),
        ("leaves with products", f"{found.kept[0].leaves:,}"),
        ("levels", f"{len(found.levels):,}"),
        ("with a main picture", share(pictured / state.products)),
        ("words in the median name", f"{found.names[0].after.median:g}"),
        ("distinct words", f"{found.vocabulary.words:,}"),
        ("are duplicates", share(found.same_either.products / state.products)),
    ]
    if language:
        figures.append((f"in {language[0]}", share(language[1] / found.languages.products)))
    return figures
