"""Cdiscount's BSON files → pages of products with their pictures, in constant memory.

A document is {_id, category_id, imgs: [{picture: JPEG bytes}, …]}; those of a test set have no
category. The names of categories stand in a CSV file beside it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from product_classifier.errors import UnusableError
from product_classifier.records import Category, Embedded, Page, Product, Skipped

PAGE, PAGE_BYTES = 4_000, 32_000_000  # products: what is written to the disk at a time
LARGEST = 48_000_000  # bytes of a document, three times what MongoDB allows
BUFFER = 1_000_000  # bytes


class Document(NamedTuple):
    """A document of a file."""

    offset: int  # of its first byte
    data: bytes
    problem: str  # why it cannot be read, or ''


class Sample(NamedTuple):
    """A uniform sample of the products of a file; the same seed draws the same ones."""

    products: int
    seed: int = 0


def read_bson(
    path: Path, known: Collection[str], query: str, start: int = 0, sample: Sample | None = None
) -> Iterator[tuple[Page, list[Embedded]]]:
    """Read pages of products with their pictures, on from where an earlier run stopped.

    known: ids of all categories; without any, each number that is met is one. start: as
    Page.next_offset had it: a byte, or of a sample a count of its products.
    """
    offsets = sample_offsets(path, sample) if sample else None
    reader = _Reader(path.name, known)
    with path.open("rb", BUFFER) as file:
        if offsets is None:
            documents = read_documents(file, start)
        else:
            documents = (next(read_documents(file, at)) for at in offsets[start:])
        finished = False
        while not finished:
            some = _next_page(documents)
            start = file.tell() if offsets is None else start + len(some)
            finished = not some
            total = None if offsets is None else len(offsets)
            yield reader.page(some, query, start, finished, total)


def _next_page(documents: Iterator[Document]) -> list[Document]:
    """Take so many documents; none at the end."""
    page: list[Document] = []
    size = 0
    for document in documents:
        page.append(document)
        size += len(document.data)
        if size >= PAGE_BYTES or len(page) == PAGE:
            break
    return page


class _Reader:
    """Reads documents, and knows the categories that earlier ones have named."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        self._name = name
        self._known, self._is_whole = set(known), bool(known)

    def page(
        self, documents: Sequence[Document], query: str, end: int, last: bool, total: int | None
    ) -> tuple[Page, list[Embedded]]:
        """Make a page of documents."""
        page = Page(query, [], [], end, last, total)
        pictures: list[Embedded] = []
        for document in documents:
            place = f"{self._name} byte {document.offset:,}"
            try:
                value = _decoded(document)
                product, embedded = self._product(value, place)
            except UnusableError as error:
                page.skipped.append(Skipped("product", place, str(error)))
                continue
            page.categories.extend(self._new(product))
            if not self._known.issuperset(product.categories):
                reason = f"it names the category {product.categories[0]}, which nothing tells of"
                page.skipped.append(Skipped("category", place, reason))
                product = dataclasses.replace(product, categories=())
            page.products.append(product)
            pictures += embedded
        return page, pictures

    def _product(self, value: Mapping[str, Any], place: str) -> tuple[Product, list[Embedded]]:
        identity, category = value.get("_id"), value.get("category_id")
        if not isinstance(identity, int | str) or identity == "":
            raise UnusableError(f"its _id is neither a number nor a text: {identity!r:.80}")
        if not isinstance(category, int | str | None):
            raise UnusableError(f"its category_id is no number: {category!r:.80}")
        listed = value.get("imgs") or []
        if not isinstance(listed, list):
            raise UnusableError(f"its imgs are no list: {listed!r:.80}")
        found = [part.get("picture") if isinstance(part, dict) else None for part in listed]
        embedded = [
            Embedded(f"bson:{self._name}/{identity}/{k}", data, f"{place}, picture {k}")
            for k, data in enumerate(found)
            if isinstance(data, bytes)
        ]
        if len(embedded) < len(found):
            raise UnusableError("a picture of it is no bytes")
        main = embedded[0].address if embedded else None
        more = tuple(picture.address for picture in embedded[1:])
        categories = () if category is None else (str(category),)
        return Product(str(identity), "", "", categories, main, more, place=place), embedded

    def _new(self, product: Product) -> list[Category]:
        """Make a category of a number, where nothing else names them."""
        if self._is_whole:
            return []
        new = [identity for identity in product.categories if identity not in self._known]
        self._known.update(new)
        return [Category(identity, identity, None, identity, True) for identity in new]


def read_documents(file: BinaryIO, start: int = 0) -> Iterator[Document]:
    """Read document after document; behind one without a sane length nothing can be found."""
    file.seek(start)
    offset = start
    while size := file.read(4):
        length = int.from_bytes(size, "little")
        if len(size) < 4:
            yield Document(offset, b"", "the file ends in the middle of it")
            return
        if not 5 <= length <= LARGEST:
            yield Document(offset, b"", "it is no BSON; nothing behind it can be read")
            return
        data = size + file.read(length - 4)
        if len(data) < length:
            yield Document(offset, b"", "the file ends in the middle of it")
            return
        yield Document(offset, data, "")
        offset += length


def sample_offsets(path: Path, sample: Sample) -> list[int]:
    """Choose products by the hash of their ids, in one pass; returns where they begin, in order."""
    import numpy as np

    keys, offsets = array("Q"), array("Q")
    with path.open("rb", BUFFER) as file:
        for document in read_documents(file):
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
        return bson.decode(document.data)
    except (bson.errors.BSONError, UnicodeDecodeError, ValueError, OverflowError) as error:
        raise UnusableError(f"it is no BSON document: {error}") from None


def _identity(document: Document) -> object:
    """Read the _id of a document, which is nearly always its first part, a number."""
    for kind, size in ((b"\x10_id\0", 4), (b"\x12_id\0", 8)):
        if document.data[4:9] == kind:
            return int.from_bytes(document.data[9 : 9 + size], "little", signed=True)
    return _decoded(document).get("_id")
