"""The ShopStyle API, version 2 → categories and pages of products.

Answers may have unknown keys, missing parts, and ids that are numbers or strings. A query stops
only at an error envelope or at an answer of another shape.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.limits import DEEPEST_PATH, LONGEST_PATH
from product_classifier.printable import brief
from product_classifier.records import Category, Page, Product, Query, Skipped
from product_classifier.sources import API_URL
from product_classifier.sources.json_fields import (
    count_of,
    list_of,
    mapping_of,
    require_list,
    text_of,
)
from product_classifier.sources.web.client import Client

PAGE_SIZE = 50  # products: the most that the API returns at once
REACHABLE = 5_000  # products of one query that the API returns, whatever the query's total
MOST_CATEGORIES = 100_000  # of a tree
# price ranges of a category whose products are counted: enough for millions of products
MOST_RANGES = 2_000
SHORTEST_PAGE = PAGE_SIZE // 10  # products, on average
SORTS = ("PriceLoHi", "PriceHiLo", "Recency", "Popular")  # each returns other products first
IMAGE_SIZES = ("XLarge", "Best", "Original", "IPhone", "Large", "Medium", "IPhoneSmall", "Small")


class ShopStyle:
    """The API at one address, with one key."""

    def __init__(self, client: Client, key: str, url: str = API_URL) -> None:
        self.client = client
        self._key = key
        self._url = url.rstrip("/")

    def categories(self, root: str) -> tuple[list[Category], list[Skipped]]:
        """Return the tree below a category, parents before children, and the skipped categories.

        Raises SourceError if the API does not know the root or returns too many categories.
        """
        answer = self._fetch("categories", {"cat": root})
        top = mapping_of(mapping_of(answer.get("metadata")).get("root"))
        own = text_of(top.get("id"))
        if own and own != root == text_of(top.get("numId")):
            raise SourceError(f"{root} is the API's number of {own}; pass --root {own}")
        if own != root:
            raise SourceError(
                f"the API knows no category {root!r}; its largest are 'women', 'men' and 'living'"
            )
        listed = require_list(answer.get("categories"), "categories")
        if len(listed) > MOST_CATEGORIES:
            raise SourceError(
                f"the API answered with {len(listed):,} categories, more than {MOST_CATEGORIES:,}; "
                "pass a smaller category as --root"
            )
        return _tree(top, listed)

    def pages(self, query: Query, offset: int, maximum: int) -> Iterator[Page]:
        """Yield a query's products page by page, from number offset up to number maximum.

        Each page has the offset at which the next one starts. Raises SourceError if an answer
        cannot be used or the API returns fewer than SHORTEST_PAGE products a page on average.
        """
        maximum = min(maximum, REACHABLE)
        most_pages, finished = 10 + math.ceil((maximum - offset) / SHORTEST_PAGE), False
        for requests in itertools.count():
            if finished or offset >= maximum:
                return
            if requests == most_pages:
                raise SourceError(
                    f"the API returns fewer than {SHORTEST_PAGE} products a page; run crawl.py "
                    "again to continue"
                )
            limit = min(PAGE_SIZE, maximum - offset)
            answer = self._fetch("products", query.parameters | {"offset": offset, "limit": limit})
            listed = answer.get("products")
            entries = [] if listed is None else require_list(listed, "products")[:limit]
            products, skipped = _products(entries, query, offset)
            offset += len(entries)
            finished = not entries or offset >= REACHABLE
            yield Page(
                query=query.name,
                products=products,
                skipped=skipped,
                next_offset=offset,
                finished=finished,
                total=_total(answer),
            )

    def queries_by_price(self, category_id: str) -> Iterator[Query]:
        """Yield queries by price for a category with more products than one query returns.

        If too many products have the same price, there is a query for each sort order, which
        returns other products first. Raises SourceError if the API returns no usable counts.
        """
        ranges = itertools.count(1)

        def count(prices: PriceRange) -> int:
            if next(ranges) > MOST_RANGES:
                raise SourceError(
                    f"the API reports more than {REACHABLE:,} products in too many price ranges of "
                    f"{category_id}; pass a smaller --max-per-category"
                )
            query = Query(category_id, (f"p{prices.low}:{prices.high}",))
            total = _total(self._fetch("products", query.parameters | {"limit": 0}))
            if total is None:
                raise SourceError("the API did not return the number of products in a price range")
            return total

        for prices, fits in price_ranges(count, REACHABLE):
            for sort in ("",) if fits else ("", *SORTS):
                yield Query(category_id, (f"p{prices.low}:{prices.high}",), sort)

    def _fetch(self, path: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
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
        message = text_of(envelope.get("errorMessage")) or text_of(envelope.get("errorName"))
        reason = f"{text_of(code) or brief(code)}: {message or ''}"
        for spelling in (self._key, quote_plus(self._key), quote(self._key), quote(self._key, "")):
            reason = reason.replace(spelling, "…")
        if code in (401, 403):
            raise KeyRejectedError(
                f"the API rejected the key ({reason}); set SHOPSTYLE_API_KEY or pass --api-key-file"
            )
        raise SourceError(f"the API answered {path} with error {reason}")


def category_query(root: str) -> str:
    """Return the name of the query for a category tree in bookmarks."""
    return f"categories?cat={root}"


def by_price_query(category_id: str) -> str:
    """Return the name in bookmarks of all the queries by price of a category together."""
    return f"products?cat={category_id}&fl=p*"


def _tree(top: Mapping[str, Any], listed: list[Any]) -> tuple[list[Category], list[Skipped]]:
    """Return the categories of the API's flat list with their paths, and the skipped ones.

    Categories with too deep a path are skipped before the path is made: all paths of a chain of n
    categories have of the order of n² characters together.
    """
    root = str(text_of(top.get("id")))
    by_id: dict[str, Mapping[str, Any]] = {}
    skipped = []
    for number, node in enumerate(map(mapping_of, listed), 1):
        if (identity := text_of(node.get("id"))) is None:
            place = f"below {root}, number {number:,}: {brief(node)}"
            skipped.append(Skipped("category", place, "it has no id"))
        elif identity != root:
            by_id[identity] = node
    children: dict[str, list[str]] = {}
    for identity, node in by_id.items():
        children.setdefault(text_of(node.get("parentId")) or "", []).append(identity)
    leaf = not children.get(root)
    categories = [
        Category(
            id=root,
            name=_name(top),
            parent=text_of(top.get("parentId")),
            path=root if leaf else "",
            leaf=leaf,
        )
    ]
    levels = {root: 0}
    for above in categories:  # grows during the loop: breadth first
        for identity in children.pop(above.id, []):
            levels[identity] = levels[above.id] + 1
            path = f"{above.path}/{identity}".lstrip("/")
            if levels[identity] > DEEPEST_PATH or len(path) > LONGEST_PATH:
                reason = f"its path of {levels[identity]} levels and {len(path):,} characters"
                skipped.append(Skipped("category", identity, f"{reason} is too long"))
                continue
            leaf = identity not in children or levels[identity] == DEEPEST_PATH
            categories.append(
                Category(
                    id=identity, name=_name(by_id[identity]), parent=above.id, path=path, leaf=leaf
                )
            )
    for identity in itertools.chain.from_iterable(children.values()):
        skipped.append(Skipped("category", identity, f"not below {root}, or too deep below it"))
    return categories, skipped


def _products(entries: list[Any], query: Query, offset: int) -> tuple[list[Product], list[Skipped]]:
    products, skipped = [], []
    for number, entry in enumerate(entries, offset + 1):
        identity = text_of(mapping_of(entry).get("id"))
        if identity is None:
            place = f"{query.name}, number {number:,}: {brief(entry)}"
            skipped.append(Skipped("product", place, "it has no id"))
            continue
        image = _image_url(mapping_of(entry.get("image")))
        declared = [
            text_of(mapping_of(node).get("id")) for node in list_of(entry.get("categories"))
        ]
        products.append(
            Product(
                id=identity,
                name=_first(entry, "name", "brandedName", "unbrandedName"),
                description=_first(entry, "description"),
                categories=tuple(dict.fromkeys([query.category_id, *filter(None, declared)])),
                image=image,
                more_images=_more_images(entry, image),
            )
        )
    return products, skipped


def _total(answer: Mapping[str, Any]) -> int | None:
    return count_of(mapping_of(answer.get("metadata")).get("total"))


def _image_url(image: Mapping[str, Any]) -> str | None:
    sizes = mapping_of(image.get("sizes"))
    urls = (text_of(mapping_of(sizes.get(name)).get("url")) for name in IMAGE_SIZES)
    return next((url for url in urls if url and url.startswith(("http://", "https://"))), None)


def _more_images(entry: Mapping[str, Any], main: str | None) -> tuple[str, ...]:
    """Return the URLs of a product's further pictures, without the main one, if it is listed."""
    urls = (_image_url(mapping_of(image)) for image in list_of(entry.get("alternateImages")))
    return tuple(dict.fromkeys(url for url in urls if url and url != main))


def _name(node: Mapping[str, Any]) -> str:
    return _first(node, "name", "shortName", "id")


def _first(entry: Mapping[str, Any], *keys: str) -> str:
    return next((text for key in keys if (text := text_of(entry.get(key)))), "")


HIGHEST_PRICE = 2**20  # in whole units of the currency


class PriceRange(NamedTuple):
    """The prices from a lower to an upper bound, in whole units of the currency."""

    low: int
    high: int

    def halves(self) -> tuple[PriceRange, ...]:
        """Return two halves with about as many products each, or nothing for a range of one unit.

        The bound between them is a geometric mean, since most products have low prices.
        """
        if self.high - self.low < 2:
            return ()
        middle = round(((self.low + 1) * (self.high + 1)) ** 0.5) - 1
        middle = min(max(middle, self.low + 1), self.high - 1)
        return PriceRange(self.low, middle), PriceRange(middle, self.high)


def price_ranges(
    count: Callable[[PriceRange], int], reachable: int, whole: PriceRange | None = None
) -> Iterator[tuple[PriceRange, bool]]:
    """Yield price ranges, cheapest first, and whether each has at most `reachable` products.

    count: returns the number of products in a range; empty ranges are left out. Ranges with more
    products are a single unit wide. Neighbouring ranges share a bound, so that every price is in
    one of them, whether or not a source includes the bounds.
    """
    whole = whole or PriceRange(0, HIGHEST_PRICE)
    products = count(whole)
    if products <= reachable or not whole.halves():
        if products:
            yield whole, products <= reachable
        return
    for half in whole.halves():
        yield from price_ranges(count, reachable, half)
