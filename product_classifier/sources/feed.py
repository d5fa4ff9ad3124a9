"""Product feeds in XML (RSS 2.0, RSS 1.0, Atom) as Google Merchant and Meta take them → rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.sources.opening import opened
from product_classifier.sources.tables import LOOKED_AT, Cell, Row

ITEMS = ("{*}item", "{*}entry")
SEVERAL = (
    "product_type",
    "google_product_category",
    "additional_image_link",
    "fb_product_category",
)
PATHS = ("product_type", "google_product_category", "fb_product_category")
CUT = "ERR_TAG_NOT_FINISHED"


def feed_header(path: Path, separator: str) -> list[str]:
    """List the parts that the first items have. Raises SourceError for what is no feed."""
    parts: dict[str, None] = {}
    for _, item in islice(_items(path, separator), LOOKED_AT):
        parts |= dict.fromkeys(item if not isinstance(item, str) else ())
    if not parts:
        raise SourceError(f"{path} is XML without one item or entry; pass a product feed")
    return list(parts)


def read_feed(path: Path, header: Sequence[str], separator: str) -> Iterator[Row]:
    """Read rows, numbered by their lines; paths and pictures that an item repeats are lists."""
    for line, item in _items(path, separator):
        yield line, item if isinstance(item, str) else [item.get(name, "") for name in header]


def _items(path: Path, separator: str) -> Iterator[tuple[int, dict[str, Cell] | str]]:
    """Parse items as they come. No entity is expanded and nothing is fetched."""
    from lxml import etree

    told = 0
    with opened(path) as stream:
        parser = etree.iterparse(
            stream,
            tag=ITEMS,
            recover=True,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
        )
        try:
            for _, element in parser:
                if element.getroottree().docinfo.internalDTD is not None:
                    raise SourceError(f"{path} declares entities of its own: no feed needs them")
                problems = list(parser.error_log)[told:]
                if any(problem.type_name == CUT for problem in problems):
                    break
                for problem in problems:
                    yield problem.line, f"it is no XML: {problem.message}"
                told += len(problems)
                yield element.sourceline, _parts(element, separator)
                element.clear()
                while element.getprevious() is not None:  # else all items stay in memory
                    del element.getparent()[0]
            if cut := list(parser.error_log)[told:]:
                yield cut[0].line, "the file ends before it should"
        except etree.XMLSyntaxError as error:
            yield error.lineno or 1, f"it is no XML: {error.msg}"


def _parts(element: Any, separator: str) -> dict[str, Cell]:
    """Read an item's parts by their names, of whichever namespace."""
    found: dict[str, list[str]] = {}
    for part in element:
        if isinstance(part.tag, str):
            name = part.tag.rpartition("}")[2]
            text = "".join(part.itertext()).strip() or part.get("href", "")
            if text and (name not in found or name in SEVERAL):
                found.setdefault(name, []).append(text)
    return {name: _cell(name, texts, separator) for name, texts in found.items()}


def _cell(name: str, texts: Sequence[str], separator: str) -> Cell:
    if name in PATHS:
        return [[part.strip() for part in text.split(separator)] for text in texts]
    return list(texts) if name in SEVERAL else texts[0]
