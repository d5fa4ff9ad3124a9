"""Cdiscount's BSON files → pages of products with their pictures, in constant memory.

A document is {_id, category_id, imgs: [{picture: JPEG bytes}, …]}; those of a test set have no
category. The names of categories stand in a CSV file beside it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from product_classifier.errors import SourceError, UnusableError
from product_classifier.limits import LONGEST_ID, MOST_PICTURES
from product_classifier.printable import brief, storable
from product_classifier.records import Category, Embedded, Entry, Page, Product, Skipped
from product_classifier.sources.files.csv_rows import find_dialect, read_delimited
from product_classifier.sources.files.picture_paths import PictureFolder
from product_classifier.sources.files.table_columns import find_columns
from product_classifier.sources.files.table_rows import Reading, read_rows

PAGE = 4_000  # products: what is stored at a time
SMALLEST, LARGEST = 5, 17_000_000  # bytes of a document: what MongoDB allows, and a little more
SHOWN = 200  # characters of a reason
BUFFER = 64_000  # bytes


class Document(NamedTuple):
    """A document of a file."""

    offset: int  # of its first byte
    data: bytes
    problem: str  # why it cannot be read, or ''


class BsonSample(NamedTuple):
    """A uniform sample of the products of a file; the same seed draws the same ones."""

    products: int
    seed: int = 0


class DocumentBatch(NamedTuple):
    """Documents that are read at a time; none at the end."""

    offsets: Sequence[int]  # of their first bytes
    end: int  # where to go on, as Page.next_offset: a byte, or of a sample a count of its products
    total: int | None = None  # products of a sample


class BsonFile(NamedTuple):
    """A file of Cdiscount's."""

    path: Path
    query: str  # how bookmarks name it
    categories: Sequence[Category]  # all there are; without any, each number that is met is one
    sample: BsonSample | None = None

    def parts(self, start: int) -> Iterator[DocumentBatch]:
        """Divide the file, on from where an earlier run stopped, by the lengths of documents."""
        if self.sample:
            offsets = sample_offsets(self.path, self.sample)
            for at in range(start, len(offsets), PAGE):
                some = offsets[at : at + PAGE]
                yield DocumentBatch(some, at + len(some), len(offsets))
            yield DocumentBatch((), len(offsets), len(offsets))
            return
        spans = document_spans(self.path, start)
        while found := list(islice(spans, PAGE)):
            start = found[-1].stop
            yield DocumentBatch([span.start for span in found], start)
        yield DocumentBatch((), start)

    def entries(self) -> Iterator[Entry]:
        """Read all but the pictures."""
        categories = KnownCategories(self.categories)
        for part in self.parts(0):
            page = categories.complete(read_part(self.path, self.query, part, lambda _: None))
            yield from page.categories
            yield from page.products
            yield from page.skipped


def read_part(
    path: Path, query: str, part: DocumentBatch, take: Callable[[Embedded], None]
) -> Page:
    """Read a page of products, and hand on their pictures one by one, so that none is held.

    Its categories are all that its products name; `KnownCategories` knows which of them are new.
    """
    page = Page(
        query=query,
        products=[],
        skipped=[],
        next_offset=part.end,
        finished=not part.offsets,
        total=part.total,
    )
    name = storable(path.name)
    with path.open("rb", BUFFER) as file:
        for offset in part.offsets:
            place = f"{name} byte {offset:,}"
            try:
                value = _decoded(read_document(file, offset))
                product, pictures = _product(value, name, place)
            except UnusableError as error:
                page.skipped.append(Skipped("product", place, str(error)))
                continue
            page.products.append(product)
            for picture in pictures:
                take(picture)
    return page


class KnownCategories:
    """What pages have told of categories, one page after the other; listed: as BsonFile has it."""

    def __init__(self, listed: Sequence[Category]) -> None:
        self._untold = listed
        self._known = {category.id for category in listed}
        self._is_whole = bool(listed)

    def complete(self, page: Page) -> Page:
        """Add the categories that are new with a page; of products, take away unknown ones."""
        new, self._untold = list(self._untold), ()
        products, skipped = [], page.skipped.copy()
        for product in page.products:
            unknown = [identity for identity in product.categories if identity not in self._known]
            if unknown and self._is_whole:
                reason = f"it names the category {unknown[0]}, which nothing tells of"
                skipped.append(Skipped("category", product.place, reason))
                product = dataclasses.replace(product, categories=())
            elif unknown:
                self._known.update(unknown)
                new += [
                    Category(id=identity, name=identity, parent=None, path=identity, leaf=True)
                    for identity in unknown
                ]
            products.append(product)
        return dataclasses.replace(page, products=products, skipped=skipped, categories=new)


def _product(value: Mapping[str, Any], file: str, place: str) -> tuple[Product, list[Embedded]]:
    identity = _number_or_text(value, "_id")
    category = None if value.get("category_id") is None else _number_or_text(value, "category_id")
    listed = value.get("imgs") or []
    if not isinstance(listed, list):
        raise UnusableError(f"its imgs are no list: {brief(listed)}")
    if len(listed) > MOST_PICTURES:
        raise UnusableError(f"it has {len(listed):,} pictures, more than {MOST_PICTURES}")
    found = [part.get("picture") if isinstance(part, dict) else None for part in listed]
    embedded = [
        Embedded(f"bson:{file}/{identity}/{k}", data, f"{place}, picture {k}")
        for k, data in enumerate(found)
        if isinstance(data, bytes)
    ]
    if len(embedded) < len(found):
        raise UnusableError("a picture of it is no bytes")
    main = embedded[0].address if embedded else None
    more = tuple(picture.address for picture in embedded[1:])
    categories = () if category is None else (category,)
    return Product(
        id=identity,
        name="",
        description="",
        categories=categories,
        image=main,
        more_images=more,
        place=place,
    ), embedded


def _number_or_text(value: Mapping[str, Any], name: str) -> str:
    """Read an id, which stands in each address of a picture. Raises UnusableError."""
    found = value.get(name)
    if not isinstance(found, int | str) or isinstance(found, bool) or found == "":
        raise UnusableError(f"its {name} is neither a number nor a text: {brief(found)}")
    text = storable(str(found))
    if len(text) > LONGEST_ID:
        raise UnusableError(f"its {name} has {len(text):,} characters, more than {LONGEST_ID:,}")
    return text


def document_spans(path: Path, start: int = 0) -> Iterator[range]:
    """Find document after document, as bytes; behind one without a sane length is nothing."""
    with path.open("rb", 0) as file:
        end = file.seek(0, os.SEEK_END)
        while start < end:
            file.seek(start)
            length = int.from_bytes(file.read(4), "little")
            is_whole = SMALLEST <= length <= LARGEST and start + length <= end
            stop = start + length if is_whole else end
            yield range(start, stop)
            start = stop


def read_document(file: BinaryIO, offset: int) -> Document:
    """Read a document, or tell why it cannot be read."""
    file.seek(offset)
    size = file.read(4)
    length = int.from_bytes(size, "little")
    if len(size) == 4 and not SMALLEST <= length <= LARGEST:
        return Document(offset, b"", "it is no BSON; nothing behind it can be read")
    data = size + file.read(max(0, length - 4))
    if len(size) < 4 or len(data) < length:
        return Document(offset, b"", "the file ends in the middle of it")
    return Document(offset, data, "")


def sample_offsets(path: Path, sample: BsonSample) -> list[int]:
    """Choose products by the hash of their ids, in one pass; returns where they begin, in order."""
    import numpy as np

    keys, offsets = array("Q"), array("Q")
    with path.open("rb", BUFFER) as file:
        for span in document_spans(path):
            document = read_document(file, span.start)
            with suppress(UnusableError):  # what is damaged is not drawn
                told = f"{sample.seed} {_identity(document)}".encode()
                keys.append(int.from_bytes(hashlib.sha256(told).digest()[:8]))
                offsets.append(document.offset)
    order = np.argsort(np.frombuffer(keys, np.uint64), kind="stable")[: sample.products]
    return np.sort(np.frombuffer(offsets, np.uint64)[order]).tolist()  # type: ignore[no-any-return]


def _decoded(document: Document) -> Mapping[str, Any]:
    """Decode a document. Raises UnusableError."""
    import bson

    if document.problem:
        raise UnusableError(document.problem)
    try:
        value: Mapping[str, Any] = bson.decode(document.data, _options())
    except MemoryError:
        raise UnusableError("it needs too much memory") from None
    except Exception as error:  # decoders raise whatever their types happen to meet
        reason = f"{error}".partition("\n")[0][:SHOWN]
        raise UnusableError(f"it is no BSON document: {reason}") from None
    return value


@functools.cache
def _options() -> Any:
    """Return how documents are decoded: a date beyond Python's costs nothing else."""
    from bson.codec_options import CodecOptions, DatetimeConversion

    return CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)


def _identity(document: Document) -> object:
    """Read the _id of a document, which is nearly always its first part, a number."""
    for kind, size in ((b"\x10_id\0", 4), (b"\x12_id\0", 8)):
        if document.data[4:9] == kind:
            return int.from_bytes(document.data[9 : 9 + size], "little", signed=True)
    return _decoded(document).get("_id")


BESIDE = ("translated_category_names.csv", "category_names.csv")  # which the data set calls it


def find_category_names(source: Path) -> Path | None:
    """Find the file of names beside a file of products; one with translations is better."""
    places = (source.with_name(name) for name in BESIDE)
    return next((path for path in places if path.is_file()), None)


def read_category_names(path: Path, encoding: str | None) -> list[Category]:
    """Read all categories, parents first. Raises SourceError for a file of anything else."""
    dialect = find_dialect(path, encoding)
    columns = find_columns(dialect.header, {}, path)
    if "category_id" not in columns.of:
        raise SourceError(
            f"{path} lacks the column category_id; its columns are {', '.join(dialect.header)}"
        )
    reading = Reading(path.name, columns, "/", PictureFolder(path.parent))
    found = list(read_rows(read_delimited(path, dialect), reading))
    for entry in found:
        if not isinstance(entry, Category):
            raise SourceError(f"{path} is damaged: {entry}")
    return [entry for entry in found if isinstance(entry, Category)]
