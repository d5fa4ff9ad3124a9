"""Cdiscount's data set: BSON files → pages of products with their pictures, in constant memory.

A document is {_id, category_id, imgs: [{picture: JPEG bytes}, …]}; documents of the test set have
no category. A CSV file beside the BSON file has the names of the categories.
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
from product_classifier.sources.files.table_rows import TableLayout, read_rows

PAGE = 4_000  # products
SMALLEST, LARGEST = 5, 17_000_000  # bytes of a document; MongoDB allows slightly fewer
LONGEST_REASON = 200  # characters
BUFFER = 64_000  # bytes
# file names of the data set, the better one first
CATEGORY_NAMES = ("translated_category_names.csv", "category_names.csv")


class Document(NamedTuple):
    """A document of a BSON file."""

    offset: int  # of its first byte in the file
    data: bytes
    problem: str  # why it cannot be read, or ''


class BsonSample(NamedTuple):
    """The size and seed of a uniform sample of the products of a file."""

    products: int
    seed: int = 0


class DocumentBatch(NamedTuple):
    """Documents that become one page; the last batch of a file has none."""

    offsets: Sequence[int]  # of their first bytes
    next_offset: int  # as Page.next_offset: in bytes, or in products of a sample
    total: int | None = None  # products of a sample


class BsonFile(NamedTuple):
    """A BSON file with products."""

    path: Path
    query: str  # the name of the import in bookmarks
    categories: Sequence[Category]  # all of them; if empty, each id becomes a category of that name
    sample: BsonSample | None = None

    def batches(self, start: int) -> Iterator[DocumentBatch]:
        """Yield the batches of the file from a DocumentBatch.next_offset on."""
        if self.sample:
            sampled = sample_offsets(self.path, self.sample)
            for k in range(start, len(sampled), PAGE):
                offsets = sampled[k : k + PAGE]
                yield DocumentBatch(offsets, k + len(offsets), len(sampled))
            yield DocumentBatch((), len(sampled), len(sampled))
            return
        spans = document_spans(self.path, start)
        while batch := list(islice(spans, PAGE)):
            start = batch[-1].stop
            yield DocumentBatch([span.start for span in batch], start)
        yield DocumentBatch((), start)

    def entries(self) -> Iterator[Entry]:
        """Yield all entries of the file, without its pictures."""
        categories = KnownCategories(self.categories)
        for batch in self.batches(0):
            page = categories.complete(read_batch(self.path, self.query, batch, lambda _: None))
            yield from page.categories
            yield from page.products
            yield from page.skipped


class KnownCategories:
    """The categories of a file's earlier pages.

    listed: as BsonFile.categories.
    """

    def __init__(self, listed: Sequence[Category]) -> None:
        self._not_yielded = listed
        self._ids = {category.id for category in listed}
        self._is_complete = bool(listed)

    def complete(self, page: Page) -> Page:
        """Return a page with the categories that are new in it.

        If the file of names has all categories, products lose categories that are not in it.
        """
        new, self._not_yielded = list(self._not_yielded), ()
        products, skipped = [], page.skipped.copy()
        for product in page.products:
            unknown = [identity for identity in product.categories if identity not in self._ids]
            if unknown and self._is_complete:
                reason = f"its category {unknown[0]} is not in the file of category names"
                skipped.append(Skipped("category", product.place, reason))
                product = dataclasses.replace(product, categories=())
            elif unknown:
                self._ids.update(unknown)
                new += [
                    Category(id=identity, name=identity, parent=None, path=identity, leaf=True)
                    for identity in unknown
                ]
            products.append(product)
        return dataclasses.replace(page, products=products, skipped=skipped, categories=new)


def find_category_names(source: Path) -> Path | None:
    """Return the file of category names beside a BSON file, the translated one first, or None."""
    files = (source.with_name(name) for name in CATEGORY_NAMES)
    return next((file for file in files if file.is_file()), None)


def read_category_names(path: Path, encoding: str | None) -> list[Category]:
    """Return all categories, parents first. Raises SourceError if the file has anything else."""
    dialect = find_dialect(path, encoding)
    columns = find_columns(dialect.header, {}, path)
    if "category_id" not in columns.of:
        raise SourceError(
            f"{path} lacks the column category_id; its columns are {', '.join(dialect.header)}"
        )
    layout = TableLayout(
        name=path.name, columns=columns, separator="/", pictures=PictureFolder(path.parent)
    )
    categories = []
    for entry in read_rows(read_delimited(path, dialect), layout):
        if not isinstance(entry, Category):
            raise SourceError(f"{path} is damaged: {entry}")
        categories.append(entry)
    return categories


def read_batch(
    path: Path, query: str, batch: DocumentBatch, take: Callable[[Embedded], None]
) -> Page:
    """Return a page of products without categories; `KnownCategories.complete` adds them.

    take: called with each picture, so that only one page of pictures is in memory at a time.
    """
    page = Page(
        query=query,
        products=[],
        skipped=[],
        next_offset=batch.next_offset,
        finished=not batch.offsets,
        total=batch.total,
    )
    name = storable(path.name)
    with path.open("rb", BUFFER) as file:
        for offset in batch.offsets:
            place = f"{name} byte {offset:,}"
            try:
                fields = _decoded(read_document(file, offset))
                product, pictures = _product(fields, name, place)
            except UnusableError as error:
                page.skipped.append(Skipped("product", place, str(error)))
                continue
            page.products.append(product)
            for picture in pictures:
                take(picture)
    return page


def document_spans(path: Path, start: int = 0) -> Iterator[range]:
    """Yield the bytes of each document; one of an invalid length extends to the end of the file."""
    with path.open("rb", 0) as file:
        end = file.seek(0, os.SEEK_END)
        while start < end:
            file.seek(start)
            length = int.from_bytes(file.read(4), "little")
            is_valid = SMALLEST <= length <= LARGEST and start + length <= end
            stop = start + length if is_valid else end
            yield range(start, stop)
            start = stop


def read_document(file: BinaryIO, offset: int) -> Document:
    """Return the document at an offset, without data if its length is invalid."""
    file.seek(offset)
    length_bytes = file.read(4)
    length = int.from_bytes(length_bytes, "little")
    if len(length_bytes) == 4 and not SMALLEST <= length <= LARGEST:
        return Document(offset, b"", "not valid BSON; the rest of the file cannot be read")
    data = length_bytes + file.read(max(0, length - 4))
    if len(length_bytes) < 4 or len(data) < length:
        return Document(offset, b"", "the file ends in the middle of it")
    return Document(offset, data, "")


def sample_offsets(path: Path, sample: BsonSample) -> list[int]:
    """Return the sorted offsets of the documents of a sample, in one pass over the file.

    The products whose id and seed have the smallest hashes are chosen, so that the same seed
    always chooses the same products. Documents without a readable id are never chosen.
    """
    import numpy as np

    hashes, offsets = array("Q"), array("Q")
    with path.open("rb", BUFFER) as file:
        for span in document_spans(path):
            document = read_document(file, span.start)
            with suppress(UnusableError):
                text = f"{sample.seed} {_identity(document)}".encode()
                hashes.append(int.from_bytes(hashlib.sha256(text).digest()[:8]))
                offsets.append(document.offset)
    order = np.argsort(np.frombuffer(hashes, np.uint64), kind="stable")[: sample.products]
    return np.sort(np.frombuffer(offsets, np.uint64)[order]).tolist()  # type: ignore[no-any-return]


def _identity(document: Document) -> object:
    """Return a document's _id, fast if it is the first field and an integer, as nearly always."""
    for prefix, size in ((b"\x10_id\0", 4), (b"\x12_id\0", 8)):  # int32, int64
        if document.data[4:9] == prefix:
            return int.from_bytes(document.data[9 : 9 + size], "little", signed=True)
    return _decoded(document).get("_id")


def _decoded(document: Document) -> Mapping[str, Any]:
    """Return the fields of a document. Raises UnusableError if it is not valid BSON."""
    import bson

    if document.problem:
        raise UnusableError(document.problem)
    try:
        fields: Mapping[str, Any] = bson.decode(document.data, _options())
    except MemoryError:
        raise UnusableError("it needs too much memory") from None
    except Exception as error:  # the decoder raises errors of many types
        reason = f"{error}".partition("\n")[0][:LONGEST_REASON]
        raise UnusableError(f"not a valid BSON document: {reason}") from None
    return fields


@functools.cache
def _options() -> Any:
    """Return decoding options with which dates that Python cannot represent are no errors."""
    from bson.codec_options import CodecOptions, DatetimeConversion

    return CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)


def _product(fields: Mapping[str, Any], file: str, place: str) -> tuple[Product, list[Embedded]]:
    """Return the product and the pictures of a document. Raises UnusableError."""
    identity = _number_or_text(fields, "_id")
    category = None if fields.get("category_id") is None else _number_or_text(fields, "category_id")
    listed = fields.get("imgs") or []
    if not isinstance(listed, list):
        raise UnusableError(f"its imgs is not a list: {brief(listed)}")
    if len(listed) > MOST_PICTURES:
        raise UnusableError(f"it has {len(listed):,} pictures, more than {MOST_PICTURES}")
    pictures = [image.get("picture") if isinstance(image, dict) else None for image in listed]
    embedded = [
        Embedded(f"bson:{file}/{identity}/{k}", data, f"{place}, picture {k}")
        for k, data in enumerate(pictures)
        if isinstance(data, bytes)
    ]
    if len(embedded) < len(pictures):
        raise UnusableError("one of its pictures is not binary data")
    product = Product(
        id=identity,
        name="",
        description="",
        categories=() if category is None else (category,),
        image=embedded[0].address if embedded else None,
        more_images=tuple(picture.address for picture in embedded[1:]),
        place=place,
    )
    return product, embedded


def _number_or_text(fields: Mapping[str, Any], name: str) -> str:
    """Return an id as text. Raises UnusableError if it is too long, as pictures repeat it."""
    value = fields.get(name)
    if not isinstance(value, int | str) or isinstance(value, bool) or value == "":
        raise UnusableError(f"its {name} is neither a number nor a text: {brief(value)}")
    text = storable(str(value))
    if len(text) > LONGEST_ID:
        raise UnusableError(f"its {name} has {len(text):,} characters, more than {LONGEST_ID:,}")
    return text
