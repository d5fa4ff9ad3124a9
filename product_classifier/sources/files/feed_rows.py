"""Product feeds in XML (RSS 2.0, RSS 1.0, Atom) for Google Merchant and Meta → rows."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.sources.files.table_rows import INSPECTED_ROWS, Cell, Row
from product_classifier.sources.files.text_stream import open_unpacked

Item = tuple[int, "dict[str, Cell] | str"]  # line; fields, or why the item cannot be read
ITEM_TAGS = ("{*}item", "{*}entry")
PATHS = ("product_type", "google_product_category", "fb_product_category")
REPEATED = (*PATHS, "additional_image_link")  # fields that an item may have several times
TRUNCATED = "ERR_TAG_NOT_FINISHED"
LARGEST_ITEM = 2_500_000  # bytes, with the text before it; the parser's tree takes 50 times as many
MOST_ELEMENTS = 10_000  # of an item
MOST_REFERENCES = 100_000  # of an item: each "&" without ";" makes the parser read all before it
MOST_FIELDS = 10_000  # different ones in the first items
MOST_PROBLEMS = 100  # that the parser records
CHUNK = 64_000  # bytes
STALLED = 1_000_000  # bytes without an item
MOST_MEMORY = 130_000_000  # bytes more than at the start: the parser keeps all names
MEMORY_OF_AN_ITEM = 20  # bytes that the caller keeps of each item, in addition
TOO_MANY_NAMES = "the file has too many different names; the rest is not read"
ITEM_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?(?:item|entry)\b")
ITEM_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>")


def feed_header(path: Path, separator: str) -> list[str]:
    """Return the fields of the first items. Raises SourceError if the file has no items."""
    fields: dict[str, None] = {}
    first_problem = ""
    for _, item in islice(_items(path, separator), INSPECTED_ROWS):
        if isinstance(item, str):
            first_problem = first_problem or f": {item}"
        elif len(fields) < MOST_FIELDS:
            fields |= dict.fromkeys(item)
    if not fields:
        raise SourceError(
            f"{path} is XML without any item or entry{first_problem}; pass a product feed"
        )
    return list(fields)


def read_feed(path: Path, header: Sequence[str], separator: str) -> Iterator[Row]:
    """Yield rows with their line numbers; fields that an item repeats are lists.

    separator: of the names in a path.
    """
    for line, item in _items(path, separator):
        yield line, item if isinstance(item, str) else [item.get(name, "") for name in header]


def _items(path: Path, separator: str) -> Iterator[Item]:
    """Yield items, then free the parser and its tree, which refer to each other."""
    try:
        yield from _parsed_items(path, separator)
    finally:
        gc.collect()


def _parsed_items(path: Path, separator: str) -> Iterator[Item]:
    """Yield items while the file is read; no entity is expanded and nothing is fetched.

    Each item is freed after it has been yielded, with everything before it.
    """
    from lxml import etree

    parser = etree.XMLPullParser(
        events=("end",),
        tag=ITEM_TAGS,
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    problem_count, size, references, line, end = 0, 0, 0, 1, b""
    most_memory = _resident_memory() + MOST_MEMORY
    with open_unpacked(path) as stream:
        try:
            for chunk in chain(iter(lambda: stream.read(CHUNK), b""), [b""]):
                if chunk:
                    parser.feed(_unstalled(chunk) if size > STALLED else chunk)
                else:
                    parser.close()
                elements = [element for _, element in parser.read_events()]
                problems = list(parser.feed_error_log)[problem_count:]
                problem_count += len(problems)
                is_truncated = any(problem.type_name == TRUNCATED for problem in problems)
                end = (end + chunk)[-2 * CHUNK :]
                if not chunk and elements and _ends_within_item(end):
                    is_truncated = True
                    while elements and elements[-1].getnext() is None:
                        elements.pop()  # the parser has closed it, not the file
                for problem in () if is_truncated else problems:
                    yield problem.line, f"not valid XML: {problem.message}"
                if problems and problem_count >= MOST_PROBLEMS:
                    yield (
                        line,
                        (f"not valid XML in {problem_count} places; later ones are not reported"),
                    )
                size = 0 if elements else size + len(chunk)
                references = 0 if elements else references + chunk.count(b"&")
                for element in elements:
                    if element.getroottree().docinfo.internalDTD is not None:
                        raise SourceError(
                            f"{path} declares entities of its own, which no feed needs; "
                            "remove its DOCTYPE"
                        )
                    line = element.sourceline or line
                    yield line, _fields(element, separator)
                    _free(element)
                    most_memory += MEMORY_OF_AN_ITEM
                if is_truncated:
                    yield problems[0].line if problems else line, "the file ends in the middle"
                if size > LARGEST_ITEM:
                    yield line, _endless(f"{size:,} bytes")
                    return
                if references > MOST_REFERENCES:
                    yield line, _endless(f"{references:,} '&'")
                    return
                if _resident_memory() > most_memory:
                    yield line, TOO_MANY_NAMES
                    return
        except etree.XMLSyntaxError as error:
            yield error.lineno or line, f"not valid XML: {error.msg}"
        except MemoryError:  # raised for too many names, too
            yield line, TOO_MANY_NAMES


def _endless(amount: str) -> str:
    return f"no item ends within {amount} after it; the rest of the file is not read"


def _resident_memory() -> int:
    """Return the bytes of memory that this process uses; 0 if the system does not report them."""
    try:
        pages = Path("/proc/self/statm").read_bytes().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _unstalled(chunk: bytes) -> bytes:
    """Return a chunk with ';' after its last item, which ends an entity such as that of "H&M".

    Otherwise the parser would wait for a ';' and yield no item.
    """
    ends = [match.end() for match in ITEM_END.finditer(chunk)]
    return chunk[: ends[-1]] + b";" + chunk[ends[-1] :] if ends else chunk


def _ends_within_item(end: bytes) -> bool:
    """Return whether the end of a file lies within an item; True without tags, as in UTF-16."""
    tags = ITEM_TAG.findall(end)
    return not tags or not tags[-1]


def _free(element: Any) -> None:
    """Remove an item and everything before it from the parser's tree."""
    element.clear()
    for ancestor in (element, *element.iterancestors()):
        while (before := ancestor.getprevious()) is not None:
            ancestor.getparent().remove(before)


def _fields(element: Any, separator: str) -> dict[str, Cell] | str:
    """Return an item's texts by their names without namespace, or why they cannot be read."""
    if len(element) > MOST_ELEMENTS:
        return f"it has {len(element):,} elements, more than {MOST_ELEMENTS:,}"
    texts_of: dict[str, list[str]] = {}
    try:
        for child in element:
            if isinstance(child.tag, str):
                name = child.tag.rpartition("}")[2]
                text = "".join(child.itertext()).strip() or child.get("href", "")
                if text and (name not in texts_of or name in REPEATED):
                    texts_of.setdefault(name, []).append(text)
    except UnicodeDecodeError:  # the recovering parser keeps bytes that are not text
        return "its texts are not valid Unicode"
    return {name: _cell(name, texts, separator) for name, texts in texts_of.items()}


def _cell(name: str, texts: Sequence[str], separator: str) -> Cell:
    if name in PATHS:
        return [[level.strip() for level in text.split(separator)] for text in texts]
    return list(texts) if name in REPEATED else texts[0]
