"""The page of an experiment's most confident errors: one file, no script, no outside request."""

from __future__ import annotations

import base64
import io
import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup

from product_classifier.errors import PictureError
from product_classifier.pictures import decode
from product_classifier.plain_text import strip_html
from product_classifier.predictions import Mistake, Summary

THUMBNAIL = (192, 240)  # pixels at most: twice what is shown, for sharp screens
CONFUSIONS = 10
LONGEST_DESCRIPTION = 600  # characters


def errors_page(
    experiment: Summary, mistakes: Iterable[tuple[Mistake, bytes | None]], total: int
) -> str:
    """Write the page, errors in the order given, each with its picture's bytes if it has any.

    total: how many errors the experiment has, shown or not.
    """
    entries = [_entry(mistake, picture) for mistake, picture in mistakes]
    pairs = Counter((", ".join(entry["categories"]), entry["predicted"]) for entry in entries)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("product_classifier.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template("errors.html").render(
        experiment=experiment,
        entries=entries,
        total=total,
        confusions=pairs.most_common(CONFUSIONS),
    )


def thumbnail(picture: bytes) -> str | None:
    """Make a small JPEG as a data: URL; None where the picture cannot be read any more."""
    try:
        small, _ = decode(picture)
    except PictureError:
        return None
    small.thumbnail(THUMBNAIL)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=75)
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


def _breakable(path: str) -> Markup:
    """Let a long path continue on the next line after a slash."""
    return Markup("/<wbr>").join(path.split("/"))


def _entry(mistake: Mistake, picture: bytes | None) -> dict[str, Any]:
    description = " ".join(strip_html(mistake.description).split())
    if len(description) > LONGEST_DESCRIPTION:
        description = description[:LONGEST_DESCRIPTION] + "…"
    return {
        "product_id": mistake.product_id,
        "name": strip_html(mistake.name) or "(no name)",
        "description": description,
        "categories": mistake.categories,
        "predicted": mistake.predicted,
        "score": mistake.score,
        "link": public_link(mistake.image),
        "thumbnail": thumbnail(picture) if picture else None,
    }
