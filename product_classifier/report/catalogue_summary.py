"""The summary of a catalogue as a page with random products, as text and as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

from product_classifier.evaluate.catalogue_summary import CatalogueSummary
from product_classifier.printable import strip_html, unbroken
from product_classifier.records import Sample
from product_classifier.report.catalogue_advice import catalogue_advice
from product_classifier.report.catalogue_sections import catalogue_sections
from product_classifier.report.pages import Site, aligned, public_link, render, thumbnail
from product_classifier.report.wording import share

ON_SCREEN = 20  # rows of a table that a page folds
WIDTH = 98  # characters of a line of text


class Tile(NamedTuple):
    """The name and picture of a product."""

    name: str
    link: str | None  # of its picture, where that is on the public web
    thumbnail: str | None  # a data: URL
    note: str


class GalleryRow(NamedTuple):
    """A row of products."""

    title: str
    note: str
    tiles: Sequence[Tile]


class ProductGallery(NamedTuple):
    """The products shown on the page."""

    shared: GalleryRow | None  # the pictures that most products share
    leaves: Sequence[GalleryRow]  # random products of each leaf


def product_tile(sample: Sample, picture: bytes | None, note: str = "") -> Tile:
    """Return the tile of a product; picture: its bytes, if it has one."""
    return Tile(
        " ".join(strip_html(sample.name).split()) or "(no name)",
        public_link(sample.image),
        thumbnail(picture) if picture else None,
        note,
    )


def catalogue_page(
    catalogue: CatalogueSummary, gallery: ProductGallery | None = None, site: Site | None = None
) -> str:
    """Return a page with advice, sections and products: one file without scripts."""
    leaves = catalogue.kept[0].leaves
    shown = min(len(gallery.leaves), leaves) if gallery else 0
    return render(
        "catalogue.html",
        site,
        title="Catalogue summary",
        figures=list(_figures(catalogue)),
        remarks=catalogue_advice(catalogue),
        sections=catalogue_sections(catalogue),
        gallery=gallery,
        drawn=_drawn(shown, leaves, catalogue.seed),
    )


def _drawn(shown: int, leaves: int, seed: int) -> str:
    if not leaves:
        return f"From all products (seed {seed})."
    if shown == leaves:
        return f"From every leaf (seed {seed})."
    return f"From the {shown:,} largest leaves; {leaves - shown:,} are left out (seed {seed})."


def _figures(catalogue: CatalogueSummary) -> list[tuple[str, str]]:
    """Return the figures at the head of the page."""
    state, languages = catalogue.state, catalogue.languages.counts
    pictured = state.products - state.no_picture - state.waiting_pictures - state.lost_pictures
    language = next(((code, n) for code, n in languages if code), None)
    figures = [
        ("products", f"{state.products:,}"),
        ("leaves with products", f"{catalogue.kept[0].leaves:,}"),
        ("levels", f"{len(catalogue.levels):,}"),
        ("with a main picture", share(pictured / state.products)),
        ("words in the median name", f"{catalogue.names[0].after.median:g}"),
        ("distinct words", f"{catalogue.vocabulary.words:,}"),
        ("are duplicates", share(catalogue.same_either.products / state.products)),
    ]
    if language:
        figures.append((f"in {language[0]}", share(language[1] / catalogue.languages.products)))
    return figures


def catalogue_text(catalogue: CatalogueSummary) -> str:
    """Return advice and tables as text; long tables are cut after ON_SCREEN rows."""
    blocks = [
        "\n".join(
            ["Advice", *(f"  - {unbroken(remark)}" for remark in catalogue_advice(catalogue))]
        )
    ]
    for section in catalogue_sections(catalogue):
        lines = [section.title, *(f"  {line}" for line in wrap(section.text, WIDTH))]
        for table in section.tables:
            if table.rows:
                rows = aligned(table, ON_SCREEN if table.folded else None)
                lines += ["", *([f"  {table.folded}"] if table.folded else [])]
                lines += [f"  {line}" for line in rows]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def catalogue_values(catalogue: CatalogueSummary) -> Mapping[str, Any]:
    """Return the whole summary for --json."""
    values = dataclasses.asdict(catalogue)
    for level in (values["leaves"], *values["levels"]):
        del level["ordered"]  # repeats the products of categories
    for names in values["names"]:
        names |= {kind: names[kind]._asdict() for kind in ("before", "after")}
    spread = catalogue.picture_sizes.spread
    values["picture_sizes"]["spread"] = {name: box._asdict() for name, box in spread.items()}
    return {"remarks": catalogue_advice(catalogue), **values}
