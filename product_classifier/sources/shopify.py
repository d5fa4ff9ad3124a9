"""A Shopify storefront's products.json, or what was saved of it → pages of products.

It needs no key. It tells no total and has no cursor: pages are asked for until one is empty, or
until the shop hands out no more (25,000 products); what lies beyond is read by collections. A shop
that gives pages for ever is left at the 200th.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from product_classifier.errors import KeyRejectedError, SourceError, UnusableError
from product_classifier.limits import LONGEST_ID
from product_classifier.printable import brief
from product_classifier.records import Entry, Page, Product, Skipped
from product_classifier.sources.files.category_tree import CategoryTree
from product_classifier.sources.files.json_rows import NumberedObject
from product_classifier.sources.files.picture_paths import URL_SCHEMES
from product_classifier.sources.files.table_rows import PATH_SEPARATORS
from product_classifier.sources.json_fields import list_of, mapping_of, text_of
from product_classifier.sources.web.client import Client

LIMIT = 250  # products of a page; a shop gives no more
MOST_PAGES = 200  # of one list, which are 50,000 products
PRODUCTS, COLLECTIONS = "products", "collections"


class Collection(NamedTuple):
    """A shelf of a shop."""

    handle: str
    title: str

    @property
    def path(self) -> str:
        """Where its products are to be asked for."""
        return f"collections/{quote(self.handle, safe='')}/{PRODUCTS}"


class Shopify:
    """The storefront behind an address."""

    def __init__(self, client: Client, address: str) -> None:
        parts = urlsplit(address)
        self.client = client
        self._url = f"{parts.scheme}://{parts.netloc}"
        self._name = parts.netloc
        self._branches = CategoryTree()

    def query(self, path: str) -> str:
        """Name what is asked for, as bookmarks do."""
        return f"{self._url}/{path}.json"

    def collections(self) -> list[Collection]:
        """Fetch the shop's collections, each once. Raises SourceError."""
        found: dict[str, Collection] = {}
        for page in range(1, MOST_PAGES + 1):
            answer = self._ask(COLLECTIONS, page)
            listed = answer.get("collections")
            if "errors" in answer and page > 1:
                break  # page * limit is more than it hands out
            if not isinstance(listed, list):
                raise SourceError(f"{self._url} has no collections.json of a Shopify shop")
            known = len(found)
            for entry in map(mapping_of, listed):
                handle = text_of(entry.get("handle"))
                if handle and handle.strip(".") and len(handle) <= LONGEST_ID:
                    title = text_of(entry.get("title")) or handle
                    found.setdefault(handle, Collection(handle, title))
            if len(found) == known:  # an empty page, or one that is repeated
                break
        return list(found.values())

    def pages(self, path: str, offset: int, category: str | None = None) -> Iterator[Page]:
        """Fetch pages of products, on from the page of a number (0: the first).

        category: what all of them are in, None for what each says of itself. A last page that is
        not finished tells that the shop hands out no more. Raises SourceError.
        """
        before: list[Product] = []
        for asked in itertools.count():
            if asked == MOST_PAGES:
                raise SourceError(f"{self.query(path)} has no end after {MOST_PAGES} pages")
            answer = self._ask(path, offset + 1)
            listed = answer.get(PRODUCTS)
            if "errors" in answer and offset:
                return  # page * limit is more than it hands out
            if not isinstance(listed, list):
                raise SourceError(f"{self._url} has no {path}.json of a Shopify shop")
            found = [
                part
                for place, entry in enumerate(listed, 1 + LIMIT * offset)
                for part in _read(entry, f"{self._name} {path} {place}", self._branches, category)
            ]
            products = [entry for entry in found if isinstance(entry, Product)]
            skipped = [entry for entry in found if isinstance(entry, Skipped)]
            if products and products == before:
                raise SourceError(f"{self.query(path)} repeats its page {offset} as the next one")
            offset, before = offset + 1, products
            categories = self._branches.take_new()
            yield Page(
                query=self.query(path),
                products=products,
                skipped=skipped,
                next_offset=offset,
                finished=not listed,
                total=None,
                categories=categories,
            )
            if not listed:
                return

    def first_page(self) -> Iterator[Entry]:
        """Fetch the first page alone, to see what there is. Raises SourceError."""
        page = next(self.pages(PRODUCTS, 0))
        yield from page.categories
        yield from page.products
        yield from page.skipped

    def _ask(self, path: str, page: int) -> Mapping[str, Any]:
        try:
            answer = self.client.get_json(self.query(path), {"limit": LIMIT, "page": page})
        except KeyRejectedError:
            raise SourceError(f"{self._url} lets nobody read its {path}.json") from None
        if not isinstance(answer, dict):
            raise SourceError(f"{self._url} has no {path}.json of a Shopify shop")
        return answer


def is_shopify(item: Mapping[str, Any]) -> bool:
    """Tell whether an object is a product as Shopify writes it."""
    return "handle" in item and "variants" in item


def read_shopify(found: Iterator[NumberedObject], name: str) -> Iterator[Entry]:
    """Read what was saved of a products.json."""
    branches = CategoryTree()
    for number, item in found:
        place = f"{name} item {number}"
        if isinstance(item, str):
            yield Skipped("product", place, item)
            continue
        entries = list(_read(item, place, branches, None))
        yield from branches.take_new()
        yield from entries


def _read(
    entry: object, place: str, branches: CategoryTree, category: str | None
) -> Iterator[Product | Skipped]:
    """Read a product; its category is its type, which may be a path."""
    if not isinstance(entry, dict):
        yield Skipped("product", place, f"it is no object: {brief(entry)}")
        return
    identity = text_of(entry.get("id"))
    if identity is None:
        yield Skipped("product", place, "it has no id")
        return
    kind = category if category is not None else text_of(entry.get("product_type")) or ""
    separator = next((s for s in PATH_SEPARATORS[:2] if s in kind), None)
    names = kind.split(separator) if separator and category is None else [kind]
    path = [name for part in names if (name := part.strip())]
    found = None
    try:
        found = branches.id_of(path) if path else None
    except UnusableError as error:
        yield Skipped("category", place, str(error))
    sources = (text_of(mapping_of(image).get("src")) for image in list_of(entry.get("images")))
    addresses = list(dict.fromkeys(src for src in sources if src and src.startswith(URL_SCHEMES)))
    name, description = text_of(entry.get("title")) or "", text_of(entry.get("body_html")) or ""
    categories = (found,) if found else ()
    main, more = next(iter(addresses), None), tuple(addresses[1:])
    yield Product(
        id=identity,
        name=name,
        description=description,
        categories=categories,
        image=main,
        more_images=more,
        place=place,
    )
