"""Pages and text tables: each page is one file without scripts or outside requests."""

from __future__ import annotations

import base64
import functools
import io
import ipaddress
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup

from product_classifier.errors import PictureError
from product_classifier.pictures import decode
from product_classifier.predictions import Mistake
from product_classifier.printable import strip_html, unbroken

THUMBNAIL = (192, 240)  # pixels at most: twice the size shown, for high-resolution screens
MOST_BYTES = 12_000  # of a thumbnail, so that 500 stay below 10 MB
QUALITIES = (75, 50, 25, 10)  # of JPEG, tried in this order
LONGEST_DESCRIPTION = 600  # characters


class Link(NamedTuple):
    """A page of a site."""

    page: str  # its file
    name: str


class Table(NamedTuple):
    """A table of a page or text; a column whose name begins with # holds numbers.

    A column whose name is Markup is a drawing: its cells are Markup too, and text leaves it out.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    folded: str = ""  # the title of the fold that hides the table on a page


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page: a plot with its tables."""

    title: str
    tables: Sequence[Table] = ()
    plot: Markup | None = None
    text: str = ""
    beside: bool = False  # whether the tables stand beside the plot where there is room


class Site(NamedTuple):
    """The pages that link to each other, and the current page."""

    links: Sequence[Link]
    here: str


def render(template: str, site: Site | None = None, **values: Any) -> str:
    """Return a filled template; text from a catalogue is escaped."""
    links, here = site or (None, None)
    return _environment().get_template(template).render(site=links, here=here, **values)


def product_entry(product: Mistake, picture: bytes | None) -> Mapping[str, Any]:
    """Return the fields of a product on a page; picture: its bytes, if it has one."""
    description = " ".join(strip_html(product.description).split())
    if len(description) > LONGEST_DESCRIPTION:
        description = description[:LONGEST_DESCRIPTION] + "…"
    return {
        "product_id": product.product_id,
        "name": strip_html(product.name) or "(no name)",
        "description": description,
        "categories": product.categories,
        "predicted": product.predicted,
        "score": product.score,
        "suspicion": product.suspicion,
        "neighbours": product.neighbours,
        "link": public_link(product.image),
        "thumbnail": thumbnail(picture) if picture else None,
    }


def thumbnail(picture: bytes) -> str | None:
    """Return a small JPEG as a data: URL, None if the picture cannot be decoded."""
    try:
        small, _ = decode(picture)
    except PictureError:
        return None
    small.thumbnail(THUMBNAIL)
    for quality in QUALITIES:
        file = io.BytesIO()
        small.save(file, "JPEG", quality=quality)
        if file.tell() <= MOST_BYTES:
            break
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def public_link(address: str | None) -> str | None:
    """Return an http or https URL of the public web, None for any other address."""
    try:
        url = urlsplit(address or "")
        host = url.hostname
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not host or host == "localhost":
        return None
    try:
        return address if ipaddress.ip_address(host).is_global else None
    except ValueError:
        return address


def aligned(table: Table, most: int | None = None) -> list[str]:
    """Return the lines of a table in aligned columns, numbers to the right; most: the rows shown.

    Columns that are drawings, those whose name is Markup, are left out.
    """
    places = [k for k, name in enumerate(table.columns) if not isinstance(name, Markup)]
    columns = [table.columns[k] for k in places]
    rows = [[column.removeprefix("#") for column in columns]]
    rows += [[unbroken(str(row[k])) for k in places] for row in table.rows[:most]]
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
    """Return text padded with spaces to a width in terminal columns; right: on the left side."""
    spaces = " " * (width - columns_of(text))
    return spaces + text if right else text + spaces


def columns_of(text: str) -> int:
    """Return the width of text in terminal columns: 2 for wide letters, 0 for combining ones."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("product_classifier.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(text: object) -> Markup:
    """Return text that may continue on the next line after a slash."""
    if isinstance(text, Markup):
        return text
    return Markup("/<wbr>").join(str(text).split("/"))


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
