"""What all pages share: each is one file without scripts or outside requests."""

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
from product_classifier.plain_text import strip_html
from product_classifier.predictions import Mistake
from product_classifier.printable import unbroken

THUMBNAIL = (192, 240)  # pixels at most: twice what is shown, for sharp screens
MOST_BYTES = 12_000  # of one, so that 500 of them stay below 10 MB
QUALITIES = (75, 50, 25, 10)  # of JPEG, tried in this order
LONGEST_DESCRIPTION = 600  # characters


class Link(NamedTuple):
    """A page of a site."""

    page: str  # its file
    name: str


class Table(NamedTuple):
    """A table of a page; a column whose name begins with # holds numbers.

    One whose name is Markup is drawn: its cells are Markup too, and no text tells them.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    folded: str = ""  # the line below which a page hides it until asked


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page: a plot with its numbers beneath."""

    title: str
    tables: Sequence[Table] = ()
    plot: Markup | None = None
    text: str = ""
    beside: bool = False  # the numbers stand beside the plot where there is room


class Site(NamedTuple):
    """The pages that link to each other, and the one that is written."""

    links: Sequence[Link]
    here: str


def render(template: str, site: Site | None = None, **values: Any) -> str:
    """Fill a template in; all that comes from a catalogue is escaped."""
    links, here = site or (None, None)
    return _environment().get_template(template).render(site=links, here=here, **values)


def product_entry(product: Mistake, picture: bytes | None) -> Mapping[str, Any]:
    """Lay out a product for a page, with its picture's bytes if it has any."""
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
    """Make a small JPEG as a data: URL; None where the picture cannot be read any more."""
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
    """Pass on an http or https URL of the public web; anything else is not for clicking."""
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
    """Let a long path continue on the next line after a slash."""
    if isinstance(text, Markup):
        return text
    return Markup("/<wbr>").join(str(text).split("/"))


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
