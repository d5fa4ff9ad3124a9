"""Product feeds in XML (RSS 2.0, RSS 1.0, Atom) as Google Merchant and Meta take them → rows."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.sources.files.table_rows import LOOKED_AT, Cell, Row
from product_classifier.sources.files.text_stream import opened

Item = tuple[int, "dict[str, Cell] | str"]  # its line; its parts, or what is wrong with it
ITEMS = ("{*}item", "{*}entry")
SEVERAL = (
    "product_type",
    "google_product_category",
    "additional_image_link",
    "fb_product_category",
)
PATHS = ("product_type", "google_product_category", "fb_product_category")
CUT = "ERR_TAG_NOT_FINISHED"
LARGEST_ITEM = 2_500_000  # bytes, with what stands before it; their tree takes 50 times as many
MOST_PARTS = 10_000  # of an item
MOST_REFERENCES = 100_000  # of an item: where many & lack their ; each costs all before it
MOST_NAMES = 10_000  # of parts, in the first items
MOST_PROBLEMS = 100  # that the parser tells of
CHUNK = 64_000  # bytes
STALLED = 1_000_000  # bytes without an item
MOST_MEMORY = 130_000_000  # bytes more than at the start: the parser forgets no name it has met
MEMORY_OF_AN_ITEM = 20  # bytes, besides, that whoever reads keeps of each
ITEM_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?(?:item|entry)\b")
ITEM_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>")


def feed_header(path: Path, separator: str) -> list[str]:
    """List the parts that the first items have. Raises SourceError for what is no feed."""
    parts: dict[str, None] = {}
    first = ""  # of the problems
    for _, item in islice(_items(path, separator), LOOKED_AT):
        if isinstance(item, str):
            first = first or f": {item}"
        elif len(parts) < MOST_NAMES:
            parts |= dict.fromkeys(item)
    if not parts:
        raise SourceError(f"{path} is XML without one item or entry{first}; pass a product feed")
    return list(parts)


def read_feed(path: Path, header: Sequence[str], separator: str) -> Iterator[Row]:
    """Read rows, numbered by their lines; paths and pictures that an item repeats are lists."""
    for line, item in _items(path, separator):
        yield line, item if isinstance(item, str) else [item.get(name, "") for name in header]


def _items(path: Path, separator: str) -> Iterator[Item]:
    """Read items, and free what their parser has taken: it and its tree hold each other."""
    try:
        yield from _parsed(path, separator)
    finally:
        gc.collect()


def _parsed(path: Path, separator: str) -> Iterator[Item]:
    """Parse items as they come. No entity is expanded and nothing is fetched.

    Each is forgotten when it has been read, with all that stands before it.
    """
    from lxml import etree

    parser = etree.XMLPullParser(
        events=("end",),
        tag=ITEMS,
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    told, size, references, line, end = 0, 0, 0, 1, b""
    most = _resident() + MOST_MEMORY
    with opened(path) as stream:
        try:
            for chunk in chain(iter(lambda: stream.read(CHUNK), b""), [b""]):
                if chunk:
                    parser.feed(_unstalled(chunk) if size > STALLED else chunk)
                else:
                    parser.close()
                elements = [element for _, element in parser.read_events()]
                problems = list(parser.feed_error_log)[told:]
                told += len(problems)
                is_cut = any(problem.type_name == CUT for problem in problems)
                end = (end + chunk)[-2 * CHUNK :]
                if not chunk and elements and _breaks_off(end):
                    is_cut = True
                    while elements and elements[-1].getnext() is None:
                        elements.pop()  # what the parser has closed itself
                for problem in () if is_cut else problems:
                    yield problem.line, f"it is no XML: {problem.message}"
                if problems and told >= MOST_PROBLEMS:
                    yield line, f"it is no XML in {told} places; further ones are not told"
                size = 0 if elements else size + len(chunk)
                references = 0 if elements else references + chunk.count(b"&")
                for element in elements:
                    if element.getroottree().docinfo.internalDTD is not None:
                        raise SourceError(
                            f"{path} declares entities of its own: no feed needs them"
                        )
                    line = element.sourceline or line
                    yield line, _parts(element, separator)
                    _forget(element)
                    most += MEMORY_OF_AN_ITEM
                if is_cut:
                    yield problems[0].line if problems else line, "the file ends before it should"
                if size > LARGEST_ITEM:
                    yield line, f"no item ends within {size:,} bytes after it; the rest is not read"
                    return
                if references > MOST_REFERENCES:
                    yield (
                        line,
                        f"no item ends within {references:,} & after it; the rest is not read",
                    )
                    return
                if _resident() > most:
                    yield line, "what follows has too many names to remember; the rest is not read"
                    return
        except etree.XMLSyntaxError as error:
            yield error.lineno or line, f"it is no XML: {error.msg}"
        except MemoryError:  # there is a limit for names, too
            yield line, "the names in it are too many; nothing after it is read"


def _resident() -> int:
    """Return the bytes of memory that this process takes; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_bytes().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _unstalled(chunk: bytes) -> bytes:
    """End what the parser takes for an entity, so that it goes on: "H&M" lets it wait for a ;."""
    ends = [found.end() for found in ITEM_END.finditer(chunk)]
    return chunk[: ends[-1]] + b";" + chunk[ends[-1] :] if ends else chunk


def _breaks_off(end: bytes) -> bool:
    """Tell whether the end of a file lies within an item; in UTF-16, that is taken for granted."""
    tags = ITEM_TAG.findall(end)
    return not tags or not tags[-1]


def _forget(element: Any) -> None:
    """Take an item and all that stands before it out of memory."""
    element.clear()
    for above in (element, *element.iterancestors()):
        while (before := above.getprevious()) is not None:
            above.getparent().remove(before)


def _parts(element: Any, separator: str) -> dict[str, Cell] | str:
    """Read an item's parts by their names, of whichever namespace."""
    if len(element) > MOST_PARTS:
        return f"it has {len(element):,} parts, more than {MOST_PARTS:,}"
    found: dict[str, list[str]] = {}
    try:
        for part in element:
            if isinstance(part.tag, str):
                name = part.tag.rpartition("}")[2]
                text = "".join(part.itertext()).strip() or part.get("href", "")
                if text and (name not in found or name in SEVERAL):
                    found.setdefault(name, []).append(text)
    except UnicodeDecodeError:  # the parser recovers from bytes that are no text, and keeps them
        return "its texts are no Unicode"
    return {name: _cell(name, texts, separator) for name, texts in found.items()}


def _cell(name: str, texts: Sequence[str], separator: str) -> Cell:
    if name in PATHS:
        return [[part.strip() for part in text.split(separator)] for text in texts]
    return list(texts) if name in SEVERAL else texts[0]
