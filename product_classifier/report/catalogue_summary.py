"""The page of what is in a catalogue, with products drawn at random from its leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

from product_classifier.evaluate.catalogue_summary import CatalogueSummary
from product_classifier.plain_text import strip_html
from product_classifier.printable import unbroken
from product_classifier.records import Sample
from product_classifier.report.catalogue_advice import catalogue_advice
from product_classifier.report.catalogue_sections import catalogue_sections
from product_classifier.report.pages import Site, aligned, public_link, render, thumbnail
from product_classifier.report.wording import share


class Tile(NamedTuple):
    """A product in small."""

    name: str
    link: str | None  # of its picture, where that is on the public web
    thumbnail: str | None  # a data: URL
    note: str


class GalleryRow(NamedTuple):
    """Products side by side."""

    title: str
    note: str
    tiles: Sequence[Tile]


class ProductGallery(NamedTuple):
    """What is shown of products."""

    much_shown: GalleryRow | None  # the pictures that most products show
    leaves: Sequence[GalleryRow]  # products at random


def product_tile(sample: Sample, picture: bytes | None, note: str = "") -> Tile:
    """Lay out a product with its picture's bytes if it has any."""
    return Tile(
        " ".join(strip_html(sample.name).split()) or "(no name)",
        public_link(sample.image),
        thumbnail(picture) if picture else None,
        note,
    )


def catalogue_page(
    found: CatalogueSummary, sheet: ProductGallery | None = None, site: Site | None = None
) -> str:
    """Write remarks, sections and products: one file, no script."""
    leaves = found.kept[0].leaves
    shown = min(len(sheet.leaves), leaves) if sheet else 0
    return render(
        "catalogue.html",
        site,
        title="What is in the catalogue",
        figures=list(_figures(found)),
        remarks=catalogue_advice(found),
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


def _figures(found: CatalogueSummary) -> list[tuple[str, str]]:
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


ON_SCREEN = 20  # rows of a table that a page folds
WIDTH = 98  # characters of a line of text


def catalogue_text(found: CatalogueSummary) -> str:
    """Write remarks and tables; of the long ones the first rows."""
    blocks = [
        "\n".join(["Remarks", *(f"  - {unbroken(remark)}" for remark in catalogue_advice(found))])
    ]
    for section in catalogue_sections(found):
        lines = [section.title, *(f"  {line}" for line in wrap(section.text, WIDTH))]
        for table in section.tables:
            if table.rows:
                told = aligned(table, ON_SCREEN if table.folded else None)
                lines += ["", *([f"  {table.folded}"] if table.folded else [])]
                lines += [f"  {line}" for line in told]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def catalogue_values(found: CatalogueSummary) -> Mapping[str, Any]:
    """Lay out the same for --json, whole."""
    values = dataclasses.asdict(found)
    for level in (values["leaves"], *values["levels"]):
        del level["ordered"]  # categories tell
    for names in values["names"]:
        names |= {kind: names[kind]._asdict() for kind in ("before", "after")}
    spread = found.picture_sizes.spread
    values["picture_sizes"]["spread"] = {name: box._asdict() for name, box in spread.items()}
    return {"remarks": catalogue_advice(found), **values}
