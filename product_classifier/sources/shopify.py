"""A Shopify storefront's products.json, or what was saved of it → pages of products.

It needs no key. It tells no total and has no cursor: pages are asked for until one is empty, or
until the shop hands out no more (25,000 products); what lies beyond is read by collections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from product_classifier.errors import SourceError, UnusableError
from product_classifier.printable import whole
from product_classifier.records import Entry, Page, Product, Skipped
from product_classifier.sources.branches import Branches
from product_classifier.sources.http import Client
from product_classifier.sources.jsonfile import Found, brief
from product_classifier.sources.picture_folder import WEB
from product_classifier.sources.tables import SEPARATORS

LIMIT = 250  # products of a page; a shop gives no more
PRODUCTS = "products"


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
        self._branches = Branches()

    def query(self, path: str) -> str:
        """Name what is asked for, as bookmarks do."""
        return f"{self._url}/{path}.json"

    def collections(self) -> list[Collection]:
        """Fetch the shop's collections. Raises SourceError."""
        found: list[Collection] = []
        for page in range(1, LIMIT):
            answer = self._ask("collections", page)
            listed = answer.get("collections")
            if not isinstance(listed, list) or not listed:
                break
            found += [
                Collection(entry["handle"], str(entry.get("title") or entry["handle"]))
                for entry in listed
                if isinstance(entry, dict) and isinstance(entry.get("handle"), str)
            ]
        return found

    def pages(self, path: str, offset: int, category: str | None = None) -> Iterator[Page]:
        """Fetch pages of products, on from the page of a number (0: the first).

        category: what all of them are in, None for what each says of itself. A last page that is
        not finished tells that the shop hands out no more. Raises SourceError.
        """
        while True:
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
            offset += 1
            categories = self._branches.take()
            yield Page(self.query(path), products, skipped, offset, not listed, None, categories)
            if not listed:
                return

    def first_page(self) -> Iterator[Entry]:
        """Fetch the first page alone, to see what there is. Raises SourceError."""
        page = next(self.pages(PRODUCTS, 0))
        yield from page.categories
        yield from page.products
        yield from page.skipped

    def _ask(self, path: str, page: int) -> Mapping[str, Any]:
        answer = self.client.get_json(f"{self._url}/{path}.json", {"limit": LIMIT, "page": page})
        if not isinstance(answer, dict):
            raise SourceError(f"{self._url} has no {path}.json of a Shopify shop")
        return answer


def is_shopify(item: Mapping[str, Any]) -> bool:
    """Tell whether an object is a product as Shopify writes it."""
    return "handle" in item and "variants" in item


def read_shopify(found: Iterator[Found], name: str) -> Iterator[Entry]:
    """Read what was saved of a products.json."""
    branches = Branches()
    for number, item in found:
        place = f"{name} item {number}"
        if isinstance(item, str):
            yield Skipped("product", place, item)
            continue
        entries = list(_read(item, place, branches, None))
        yield from branches.take()
        yield from entries


def _read(
    entry: object, place: str, branches: Branches, category: str | None
) -> Iterator[Product | Skipped]:
    """Read a product; its category is its type, which may be a path."""
    if not isinstance(entry, dict):
        yield Skipped("product", place, f"it is no object: {brief(entry)}")
        return
    identity = entry.get("id")
    if not isinstance(identity, int | str) or isinstance(identity, bool) or identity == "":
        yield Skipped("product", place, "it has no id")
        return
    kind = category if category is not None else _text(entry.get("product_type"))
    separator = next((s for s in SEPARATORS[:2] if s in kind), None)
    names = kind.split(separator) if separator and category is None else [kind]
    path = [name for part in names if (name := part.strip())]
    found = None
    try:
        found = branches.id_of(path) if path else None
    except UnusableError as error:
        yield Skipped("category", place, str(error))
    images = entry.get("images")
    addresses = [
        whole(image["src"])
        for image in (images if isinstance(images, list) else [])
        if isinstance(image, dict) and str(image.get("src")).startswith(WEB)
    ]
    main, *more = dict.fromkeys(addresses) or [""]
    yield Product(
        *(whole(str(identity)), _text(entry.get("title")), _text(entry.get("body_html"))),
        *((found,) if found else (), main or None, tuple(more)),
        place=place,
    )


def _text(value: Any) -> str:
    """Read a text; what is left of an emoji that was cut in two is no Unicode."""
    return whole(value).strip() if isinstance(value, str) else ""
