"""The ShopStyle API, version 2 → categories and pages of products.

Its answers are read leniently (unknown keys, missing parts, ids as numbers or strings); only an
error envelope, or an answer of another shape, stops a crawl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.records import Category, Page, Product, Query, Skipped
from product_classifier.sources.http import Client
from product_classifier.sources.splitting import PriceRange, price_ranges

API_URL = "https://api.shopstyle.com/api/v2"
PAGE_SIZE = 50  # the API gives no more at once
REACHABLE = 5_000  # products of one query, whatever its total says
SORTS = ("PriceLoHi", "PriceHiLo", "Recency", "Popular")  # each begins with other products
IMAGE_SIZES = ("XLarge", "Best", "Original", "IPhone", "Large", "Medium", "IPhoneSmall", "Small")


class ShopStyle:
    """The API behind one address and key."""

    def __init__(self, client: Client, key: str, url: str = API_URL) -> None:
        self.client = client
        self._key = key
        self._url = url.rstrip("/")

    def categories(self, root: str) -> tuple[list[Category], list[Skipped]]:
        """Fetch the tree below a category: the root first, parents before their children.

        Raises SourceError where the API does not know the root.
        """
        answer = self._ask("categories", {"cat": root})
        top = _mapping(_mapping(answer.get("metadata")).get("root"))
        if root == _text(top.get("numId")):
            raise SourceError(f"the API numbers {top['id']} as {root}; pass --root {top['id']}")
        if root != _text(top.get("id")):
            raise SourceError(
                f"the API knows no category {root!r}; its largest are 'women', 'men' and 'living'"
            )
        return _tree(top, [_mapping(node) for node in answer.get("categories") or []])

    def pages(self, query: Query, offset: int, maximum: int) -> Iterator[Page]:
        """Fetch a query's products page by page, from offset on, up to maximum.

        Each page carries the offset at which the next one starts. Raises SourceError.
        """
        maximum = min(maximum, REACHABLE)
        finished = False
        while offset < maximum and not finished:
            limit = min(PAGE_SIZE, maximum - offset)
            answer = self._ask("products", query.parameters | {"offset": offset, "limit": limit})
            found = answer.get("products") or []
            if not isinstance(found, list):
                raise SourceError(f"the API answered with products that are no list: {found!r:.80}")
            offset += len(found)
            finished = not found or offset >= REACHABLE
            products, skipped = _products(found, query.category_id)
            yield Page(query.name, products, skipped, offset, finished, _total(answer))

    def cuts(self, category_id: str) -> Iterator[Query]:
        """Cut a category that holds more than the API hands out into queries that hold less.

        Prices that too many products share are asked for in several orders, each of which begins
        with other products. Raises SourceError.
        """

        def count(prices: PriceRange) -> int:
            asked = Query(category_id, (f"p{prices.low}:{prices.high}",)).parameters
            return _total(self._ask("products", asked | {"limit": 0})) or 0

        for prices, fits in price_ranges(count, REACHABLE):
            for sort in ("",) if fits else ("", *SORTS):
                yield Query(category_id, (f"p{prices.low}:{prices.high}",), sort)

    def _ask(self, path: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self.client.get_json(f"{self._url}/{path}", {"pid": self._key, **parameters})
        if not isinstance(answer, dict):
            raise SourceError(f"{self._url} does not speak the ShopStyle API; check --api-url")
        if "errorCode" in answer:
            self._refuse(answer, path)
        if "metadata" not in answer:
            raise SourceError(f"{self._url} does not speak the ShopStyle API; check --api-url")
        return answer

    def _refuse(self, envelope: Mapping[str, Any], path: str) -> None:
        code = envelope["errorCode"]
        said = _text(envelope.get("errorMessage")) or _text(envelope.get("errorName"))
        said = said or ""
        for spelling in (self._key, quote_plus(self._key), quote(self._key), quote(self._key, "")):
            said = said.replace(spelling, "…")
        if code in (401, 403):
            raise KeyRejectedError(
                f"the API rejected the key ({code}: {said}); "
                "set SHOPSTYLE_API_KEY or pass --api-key-file"
            )
        raise SourceError(f"the API answered {path} with error {code}: {said}")


def category_query(root: str) -> str:
    """Name the query for a tree, as bookmarks do."""
    return f"categories?cat={root}"


def cuts_query(category_id: str) -> str:
    """Name all queries together that a category has been cut into, as bookmarks do."""
    return f"products?cat={category_id}&fl=p*"


def _tree(
    top: Mapping[str, Any], nodes: list[Mapping[str, Any]]
) -> tuple[list[Category], list[Skipped]]:
    """Turn the API's flat list with parent pointers into categories with paths."""
    root = str(_text(top.get("id")))
    by_id = {identity: node for node in nodes if (identity := _text(node.get("id"))) is not None}
    by_id.pop(root, None)
    children: dict[str, list[str]] = {}
    for identity, node in by_id.items():
        children.setdefault(_text(node.get("parentId")) or "", []).append(identity)
    leaf = not children.get(root)
    found = [Category(root, _name(top), _text(top.get("parentId")), root if leaf else "", leaf)]
    for above in found:  # grows as it is walked: breadth first
        for identity in children.pop(above.id, []):
            path = f"{above.path}/{identity}".lstrip("/")
            leaf = identity not in children
            found.append(Category(identity, _name(by_id[identity]), above.id, path, leaf))
    lost = [identity for orphans in children.values() for identity in orphans]
    return found, [Skipped("category", identity, f"not below {root}") for identity in lost]


def _products(found: list[Any], category_id: str) -> tuple[list[Product], list[Skipped]]:
    products, skipped = [], []
    for entry in found:
        identity = _text(_mapping(entry).get("id"))
        if identity is None:
            skipped.append(Skipped("product", f"in {category_id}: {entry!r:.80}", "it has no id"))
            continue
        image = _image_url(_mapping(entry.get("image")))
        declared = [_text(_mapping(node).get("id")) for node in _list(entry.get("categories"))]
        products.append(
            Product(
                id=identity,
                name=_first(entry, "name", "brandedName", "unbrandedName"),
                description=_first(entry, "description"),
                categories=tuple(dict.fromkeys([category_id, *filter(None, declared)])),
                image=image,
                more_images=_others(entry, image),
            )
        )
    return products, skipped


def _total(answer: Mapping[str, Any]) -> int | None:
    total = _mapping(answer.get("metadata")).get("total")
    return total if isinstance(total, int) and total >= 0 else None


def _image_url(image: Mapping[str, Any]) -> str | None:
    sizes = _mapping(image.get("sizes"))
    urls = (_text(_mapping(sizes.get(name)).get("url")) for name in IMAGE_SIZES)
    return next((url for url in urls if url and url.startswith(("http://", "https://"))), None)


def _others(entry: Mapping[str, Any], main: str | None) -> tuple[str, ...]:
    """Read a product's further pictures; the API often lists the main one among them."""
    found = (_image_url(_mapping(image)) for image in _list(entry.get("alternateImages")))
    return tuple(dict.fromkeys(url for url in found if url and url != main))


def _name(node: Mapping[str, Any]) -> str:
    return _first(node, "name", "shortName", "id")


def _first(entry: Mapping[str, Any], *keys: str) -> str:
    return next((text for key in keys if (text := _text(entry.get(key)))), "")


def _text(value: Any) -> str | None:
    """Read a string, or a number where the API means a string."""
    if isinstance(value, str):
        # shops cut texts in the middle of an emoji; what is left of it is no Unicode
        return value.encode(errors="replace").decode().strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
