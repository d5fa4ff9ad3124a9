"""The ShopStyle API, version 2 → categories and pages of products.

Its answers are read leniently (unknown keys, missing parts, ids as numbers or strings); only an
error envelope, or an answer of another shape, stops a query.
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

PAGE_SIZE = 50  # the API gives no more at once
REACHABLE = 5_000  # products of one query, whatever its total says
MOST_CATEGORIES = 100_000  # of a tree
MOST_RANGES = (
    2_000  # of prices that a category is cut into, which are enough for millions of products
)
SHORTEST_PAGE = PAGE_SIZE // 10  # products, on the average
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
        top = mapping_of(mapping_of(answer.get("metadata")).get("root"))
        own = text_of(top.get("id"))
        if own and own != root == text_of(top.get("numId")):
            raise SourceError(f"the API numbers {own} as {root}; pass --root {own}")
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
        """Fetch a query's products page by page, from offset on, up to maximum.

        Each page carries the offset at which the next one starts. Raises SourceError, also where
        the API gives a few products at a time for ever.
        """
        maximum = min(maximum, REACHABLE)
        most, finished = 10 + math.ceil((maximum - offset) / SHORTEST_PAGE), False
        for asked in itertools.count():
            if finished or offset >= maximum:
                return
            if asked == most:
                raise SourceError(
                    f"the API gives under {SHORTEST_PAGE} products a page; run it again to go on"
                )
            limit = min(PAGE_SIZE, maximum - offset)
            answer = self._ask("products", query.parameters | {"offset": offset, "limit": limit})
            listed = answer.get("products")
            found = [] if listed is None else require_list(listed, "products")[:limit]
            products, skipped = _products(found, query, offset)
            offset += len(found)
            finished = not found or offset >= REACHABLE
            yield Page(
                query=query.name,
                products=products,
                skipped=skipped,
                next_offset=offset,
                finished=finished,
                total=_total(answer),
            )

    def cuts(self, category_id: str) -> Iterator[Query]:
        """Cut a category that holds more than the API hands out into queries that hold less.

        Prices that too many products share are asked for in several orders, each of which begins
        with other products. Raises SourceError, also where an API cannot be counted on.
        """
        ranges = itertools.count(1)

        def count(prices: PriceRange) -> int:
            if next(ranges) > MOST_RANGES:
                raise SourceError(
                    f"the API has {category_id} hold more than {REACHABLE:,} products however its "
                    "prices are cut; pass a smaller --max-per-category"
                )
            asked = Query(category_id, (f"p{prices.low}:{prices.high}",)).parameters
            total = _total(self._ask("products", asked | {"limit": 0}))
            if total is None:
                raise SourceError("the API answered without the number of products of some prices")
            return total

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
        said = text_of(envelope.get("errorMessage")) or text_of(envelope.get("errorName"))
        said = f"{text_of(code) or brief(code)}: {said or ''}"
        for spelling in (self._key, quote_plus(self._key), quote(self._key), quote(self._key, "")):
            said = said.replace(spelling, "…")
        if code in (401, 403):
            raise KeyRejectedError(
                f"the API rejected the key ({said}); set SHOPSTYLE_API_KEY or pass --api-key-file"
            )
        raise SourceError(f"the API answered {path} with error {said}")


def category_query(root: str) -> str:
    """Name the query for a tree, as bookmarks do."""
    return f"categories?cat={root}"


def cuts_query(category_id: str) -> str:
    """Name all queries together that a category has been cut into, as bookmarks do."""
    return f"products?cat={category_id}&fl=p*"


def _tree(top: Mapping[str, Any], listed: list[Any]) -> tuple[list[Category], list[Skipped]]:
    """Turn the API's flat list with parent pointers into categories with paths.

    What is deeper than 50 levels is left out before there is a path of it: in a chain of
    categories, all paths together take the square of their number.
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
    found = [
        Category(
            id=root,
            name=_name(top),
            parent=text_of(top.get("parentId")),
            path=root if leaf else "",
            leaf=leaf,
        )
    ]
    levels = {root: 0}
    for above in found:  # grows as it is walked: breadth first
        for identity in children.pop(above.id, []):
            levels[identity] = levels[above.id] + 1
            path = f"{above.path}/{identity}".lstrip("/")
            if levels[identity] > DEEPEST_PATH or len(path) > LONGEST_PATH:
                reason = f"its path has {levels[identity]} levels and {len(path):,} characters"
                skipped.append(Skipped("category", identity, f"{reason}, which are too many"))
                continue
            leaf = identity not in children or levels[identity] == DEEPEST_PATH
            found.append(
                Category(
                    id=identity, name=_name(by_id[identity]), parent=above.id, path=path, leaf=leaf
                )
            )
    for identity in itertools.chain.from_iterable(children.values()):
        skipped.append(Skipped("category", identity, f"not below {root}, or too deep below it"))
    return found, skipped


def _products(found: list[Any], query: Query, offset: int) -> tuple[list[Product], list[Skipped]]:
    products, skipped = [], []
    for number, entry in enumerate(found, offset + 1):
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
                more_images=_others(entry, image),
            )
        )
    return products, skipped


def _total(answer: Mapping[str, Any]) -> int | None:
    return count_of(mapping_of(answer.get("metadata")).get("total"))


def _image_url(image: Mapping[str, Any]) -> str | None:
    sizes = mapping_of(image.get("sizes"))
    urls = (text_of(mapping_of(sizes.get(name)).get("url")) for name in IMAGE_SIZES)
    return next((url for url in urls if url and url.startswith(("http://", "https://"))), None)


def _others(entry: Mapping[str, Any], main: str | None) -> tuple[str, ...]:
    """Read a product's further pictures; the API often lists the main one among them."""
    found = (_image_url(mapping_of(image)) for image in list_of(entry.get("alternateImages")))
    return tuple(dict.fromkeys(url for url in found if url and url != main))


def _name(node: Mapping[str, Any]) -> str:
    return _first(node, "name", "shortName", "id")


def _first(entry: Mapping[str, Any], *keys: str) -> str:
    return next((text for key in keys if (text := text_of(entry.get(key)))), "")


HIGHEST_PRICE = 2**20  # in whole units of the currency


class PriceRange(NamedTuple):
    """Prices from one to another, in whole units of the currency."""

    low: int
    high: int

    def halves(self) -> tuple[PriceRange, ...]:
        """Cut in two of about as many products each: prices crowd where they are low."""
        if self.high - self.low < 2:
            return ()
        middle = round(((self.low + 1) * (self.high + 1)) ** 0.5) - 1
        middle = min(max(middle, self.low + 1), self.high - 1)
        return PriceRange(self.low, middle), PriceRange(middle, self.high)


def price_ranges(
    count: Callable[[PriceRange], int], reachable: int, whole: PriceRange | None = None
) -> Iterator[tuple[PriceRange, bool]]:
    """Cut all prices into ranges of at most `reachable` products, the empty ones left out.

    count: how many products a range holds. Yields each range, cheapest first, and whether it fits:
    one that is a single unit wide cannot be cut further. Neighbours share a bound, so that nothing
    falls between them, whether or not a source counts its bounds in.
    """
    whole = whole or PriceRange(0, HIGHEST_PRICE)
    found = count(whole)
    if found <= reachable or not whole.halves():
        if found:
            yield whole, found <= reachable
        return
    for half in whole.halves():
        yield from price_ranges(count, reachable, half)
