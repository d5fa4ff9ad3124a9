"""A Shopify shop's products.json, or saved copies of it → pages of products.

The endpoint needs no key, and returns neither a total nor a cursor. Pages are requested until one
is empty or the shop refuses further ones (after 25,000 products). The products beyond are read by
collections. Requests stop after MOST_PAGES pages, in case a shop never returns an empty one.
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

LIMIT = 250  # products of a page: the most that a shop returns
MOST_PAGES = 200  # of one list: 50,000 products
PRODUCTS, COLLECTIONS = "products", "collections"


class Collection(NamedTuple):
    """A collection of a shop, which groups some of its products."""

    handle: str
    title: str

    @property
    def path(self) -> str:
        """The path of the collection's products in the shop, without .json."""
        return f"collections/{quote(self.handle, safe='')}/{PRODUCTS}"


class Shopify:
    """The products and collections of the shop at an address."""

    def __init__(self, client: Client, address: str) -> None:
        parts = urlsplit(address)
        self.client = client
        self._url = f"{parts.scheme}://{parts.netloc}"
        self._name = parts.netloc
        self._tree = CategoryTree()

    def query(self, path: str) -> str:
        """Return the URL of a list, which is also its name in bookmarks."""
        return f"{self._url}/{path}.json"

    def collections(self) -> list[Collection]:
        """Return the shop's collections, each once. Raises SourceError for an unreadable list."""
        collections: dict[str, Collection] = {}
        for page in range(1, MOST_PAGES + 1):
            answer = self._fetch(COLLECTIONS, page)
            listed = answer.get("collections")
            if "errors" in answer and page > 1:
                break  # page * limit is above the shop's maximum
            if not isinstance(listed, list):
                raise SourceError(f"{self._url} has no collections.json of a Shopify shop")
            before = len(collections)
            for entry in map(mapping_of, listed):
                handle = text_of(entry.get("handle"))
                if handle and handle.strip(".") and len(handle) <= LONGEST_ID:
                    title = text_of(entry.get("title")) or handle
                    collections.setdefault(handle, Collection(handle, title))
            if len(collections) == before:  # the page is empty or repeats an earlier one
                break
        return list(collections.values())

    def pages(self, path: str, offset: int, category: str | None = None) -> Iterator[Page]:
        """Yield pages of products from page number `offset` on (0: the first).

        category: of all products; None: each product's type is its category. If the last page is
        not marked as finished, the shop has more products than it returns. Raises SourceError if
        a page is not that of a Shopify shop, if pages repeat, and after MOST_PAGES pages.
        """
        before: list[Product] = []
        for requests in itertools.count():
            if requests == MOST_PAGES:
                raise SourceError(f"{self.query(path)} does not end after {MOST_PAGES} pages")
            answer = self._fetch(path, offset + 1)
            listed = answer.get(PRODUCTS)
            if "errors" in answer and offset:
                return  # page * limit is above the shop's maximum
            if not isinstance(listed, list):
                raise SourceError(f"{self._url} has no {path}.json of a Shopify shop")
            entries = [
                entry
                for number, item in enumerate(listed, 1 + LIMIT * offset)
                for entry in _read(item, f"{self._name} {path} {number}", self._tree, category)
            ]
            products = [entry for entry in entries if isinstance(entry, Product)]
            skipped = [entry for entry in entries if isinstance(entry, Skipped)]
            if products and products == before:
                raise SourceError(
                    f"{self.query(path)} returns page {offset} again as the next page"
                )
            offset, before = offset + 1, products
            categories = self._tree.take_new()
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
        """Yield the entries of the first page, for a preview. Raises SourceError."""
        page = next(self.pages(PRODUCTS, 0))
        yield from page.categories
        yield from page.products
        yield from page.skipped

    def _fetch(self, path: str, page: int) -> Mapping[str, Any]:
        try:
            answer = self.client.get_json(self.query(path), {"limit": LIMIT, "page": page})
        except KeyRejectedError:
            raise SourceError(f"{self._url} does not let anyone read its {path}.json") from None
        if not isinstance(answer, dict):
            raise SourceError(f"{self._url} has no {path}.json of a Shopify shop")
        return answer


def is_shopify(item: Mapping[str, Any]) -> bool:
    """Return whether a JSON object is a product of a Shopify shop."""
    return "handle" in item and "variants" in item


def read_shopify(items: Iterator[NumberedObject], name: str) -> Iterator[Entry]:
    """Yield the entries of a saved products.json; name: of the file, for messages."""
    tree = CategoryTree()
    for number, item in items:
        place = f"{name} item {number}"
        if isinstance(item, str):
            yield Skipped("product", place, item)
            continue
        entries = list(_read(item, place, tree, None))
        yield from tree.take_new()
        yield from entries


def _read(
    entry: object, place: str, tree: CategoryTree, category: str | None
) -> Iterator[Product | Skipped]:
    """Yield a product, or the reason for skipping it; unusable categories are skipped as well.

    category: of the product; None: its type, which may be a path.
    """
    if not isinstance(entry, dict):
        yield Skipped("product", place, f"not a JSON object: {brief(entry)}")
        return
    identity = text_of(entry.get("id"))
    if identity is None:
        yield Skipped("product", place, "it has no id")
        return
    label = category if category is not None else text_of(entry.get("product_type")) or ""
    separator = next((s for s in PATH_SEPARATORS[:2] if s in label), None)
    names = label.split(separator) if separator and category is None else [label]
    path = [name for part in names if (name := part.strip())]
    category_id = None
    try:
        category_id = tree.id_of(path) if path else None
    except UnusableError as error:
        yield Skipped("category", place, str(error))
    sources = (text_of(mapping_of(image).get("src")) for image in list_of(entry.get("images")))
    addresses = list(dict.fromkeys(src for src in sources if src and src.startswith(URL_SCHEMES)))
    yield Product(
        id=identity,
        name=text_of(entry.get("title")) or "",
        description=text_of(entry.get("body_html")) or "",
        categories=(category_id,) if category_id else (),
        image=next(iter(addresses), None),
        more_images=tuple(addresses[1:]),
        place=place,
    )
