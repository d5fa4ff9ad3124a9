"""The ShopStyle API's answers for the demo catalogue: parameters in, JSON values out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from demo.catalogue.more_pictures import further
from demo.catalogue.products import DemoCatalogue, DemoCategory, DemoProduct

GLOBAL_ROOT = "clothes-shoes-and-jewelry"
DEFAULT_LIMIT, MAX_LIMIT, REACHABLE = 10, 50, 5_000
BOXES = {  # name of a size → its box in pixels, and its mark in a URL
    "Small": ((32, 40), "_small"),
    "IPhoneSmall": ((100, 125), "_iphone_small"),
    "Medium": ((112, 140), "_medium"),
    "Large": ((164, 205), "_large"),
    "IPhone": ((288, 360), "_iphone"),
    "XLarge": ((328, 410), "_xlarge"),
    "Best": ((720, 900), "_best"),
    "Original": ((720, 900), "_original"),
}
PICTURE = re.compile(r"/sim/../../(?P<id>[0-9a-f]{32})(?P<mark>_\w+)/[\w-]+\.jpg")
Parameters = Mapping[str, Sequence[str]]


class ApiError(Exception):
    """An error that the API reports in its JSON envelope."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self._name = name

    def envelope(self) -> dict[str, Any]:
        """Return the JSON values of the error; gateway errors have no name."""
        named = {"errorName": self._name, "detailedErrors": []} if self._name else {}
        return {"errorCode": self.code, "errorMessage": str(self), **named}


class Shop:
    """A catalogue with the lookups that the API offers."""

    def __init__(self, catalogue: DemoCatalogue) -> None:
        self._categories = {category.id: category for category in catalogue.categories}
        self._number = {category.id: k for k, category in enumerate(catalogue.categories, 2)}
        self._products = {str(product.id): product for product in catalogue.products}
        drawn = [p for product in catalogue.products for p in (product, *further(product))]
        self._by_image = {p.image_id: p for p in reversed(drawn) if p.image_id}
        self._relevance = sorted(catalogue.products, key=lambda product: _number(str(product.id)))

    def categories(self, parameters: Parameters) -> dict[str, Any]:
        """Answer /categories: a flat list below a root, by default the global one."""
        root = self._category(_first(parameters, "cat") or GLOBAL_ROOT)
        depth = _integer(parameters, "depth", default=20)
        below: list[str] = []
        level = [root]
        for _ in range(depth):
            level = [c.id for c in self._categories.values() if c.parent in level]
            below += level
        nodes = [self._node(self._categories[identity]) for identity in below]
        return {"metadata": {"root": self._root(root), "maxDepth": 20}, "categories": nodes}

    def products(self, parameters: Parameters, host: str) -> dict[str, Any]:
        """Answer /products: filtered, sorted and paged."""
        category = self._category(_first(parameters, "cat") or GLOBAL_ROOT)
        offset = _integer(parameters, "offset", default=0)
        limit = min(_integer(parameters, "limit", default=DEFAULT_LIMIT), MAX_LIMIT)
        subtree = self._subtree(category)
        products = [
            product for product in self._relevance if subtree.intersection(product.categories)
        ]
        for text in parameters.get("fts", ()):
            products = [product for product in products if _matches(product, text)]
        filters = [_filter(text) for text in parameters.get("fl", ())]
        for _, accepts in filters:
            products = [product for product in products if accepts(product)]
        order = _first(parameters, "sort")
        if order:
            if order not in SORTS:
                raise ApiError(400, "InvalidParameter", f"Invalid sort: {order}")
            products.sort(key=SORTS[order])
        page = products[offset : min(offset + limit, REACHABLE)]
        metadata = {
            "offset": offset,
            "limit": limit,
            "total": len(products),
            "category": self._root(category),
        }
        if filters:
            metadata["filters"] = [{"id": text, "name": text} for text, _ in filters]
        answer: dict[str, Any] = {"metadata": metadata}
        if page:  # past the end the API leaves the key out
            answer["products"] = [self._product(product, host) for product in page]
        return answer

    def product(self, identity: str, host: str) -> dict[str, Any]:
        """Answer /products/{id}."""
        if identity not in self._products:
            raise ApiError(404, "InvalidProductId", f"Invalid product id: {identity}")
        return self._product(self._products[identity], host)

    def picture(self, path: str) -> tuple[DemoProduct, tuple[int, int]] | None:
        """Return the product and the size of a picture's path; None for an unknown path."""
        match = PICTURE.fullmatch(path)
        sizes = {mark: box for box, mark in BOXES.values()}
        if not match or match["mark"] not in sizes or match["id"] not in self._by_image:
            return None
        return self._by_image[match["id"]], sizes[match["mark"]]

    def _category(self, identity: str) -> str:
        by_number = {str(number): name for name, number in self._number.items()}
        identity = by_number.get(identity, identity)
        if identity not in self._categories and identity != GLOBAL_ROOT:
            raise ApiError(404, "InvalidCategoryId", f"Invalid category id: {identity}")
        return identity

    def _subtree(self, root: str) -> set[str]:
        subtree = {root}
        for category in self._categories.values():  # parents stand before their children
            if category.parent in subtree:
                subtree.add(category.id)
        return subtree

    def _root(self, identity: str) -> dict[str, Any]:
        if identity in self._categories:
            return self._node(self._categories[identity])
        name = {"id": GLOBAL_ROOT, "name": "Clothes and Shoes", "shortName": "All Categories"}
        return {**name, "localizedId": GLOBAL_ROOT, **FILTER_FLAGS, "numId": 1}

    def _node(self, category: DemoCategory) -> dict[str, Any]:
        return {
            "id": category.id,
            "name": category.name,
            "shortName": category.short_name,
            "localizedId": category.id,
            "parentId": category.parent,
            **FILTER_FLAGS,
            "numId": self._number[category.id],
        }

    def _product(self, product: DemoProduct, host: str) -> dict[str, Any]:
        sale = _sale_price(product)
        price = {"price": product.price, "priceLabel": f"${product.price:,.2f}"}
        if sale:
            price |= {"salePrice": sale, "salePriceLabel": f"${sale:,.2f}"}
        brand = {"brand": _named(product.brand)} if product.brand else {}
        image = {"image": _image(product, host)} if product.image_id else {}
        return {
            "id": product.id,
            "name": product.name,
            "brandedName": product.name,
            "unbrandedName": product.name.removeprefix(f"{product.brand} "),
            "currency": "USD",
            **price,
            "inStock": True,
            "stock": [],
            "retailer": _named(product.retailer),
            **brand,
            "locale": "en_US",
            "description": product.description,
            "clickUrl": f"{host}/action/apiVisitRetailer?id={product.id}&pid=",
            **image,
            "alternateImages": [_image(other, host) for other in further(product)],
            "colors": [{"name": product.colour}],
            "sizes": [],
            "categories": [self._short(identity) for identity in product.categories],
            "extractDate": "2026-01-01",
            "seeMoreLabel": "",
            "preOwned": False,
            "rental": False,
        }

    def _short(self, identity: str) -> dict[str, str]:
        category = self._categories[identity]
        names = {"id": category.id, "name": category.name, "shortName": category.short_name}
        return {**names, "localizedId": category.id}


FILTER_FLAGS = {"hasHeelHeightFilter": False, "hasSizeFilter": False, "hasColorFilter": True}

SORTS: dict[str, Callable[[DemoProduct], float]] = {
    "PriceLoHi": lambda product: product.price,
    "PriceHiLo": lambda product: -product.price,
    "Recency": lambda product: -product.id,
    "Popular": lambda product: _number(f"popular {product.id}"),
}


def _filter(text: str) -> tuple[str, Callable[[DemoProduct], bool]]:
    """Return an fl parameter and its test: b brand, r retailer, c colour, d sale, p price range."""
    kind, value = text[:1], text[1:]
    price = re.fullmatch(r"(\d+):(\d+)", value)
    if kind == "p" and price:
        low, high = float(price[1]), float(price[2])
        return text, lambda product: low <= product.price < high
    if kind == "d":
        return text, lambda product: _sale_price(product) is not None
    if kind == "b":
        return text, lambda product: bool(product.brand) and _named(product.brand)["id"] == value
    if kind == "r":
        return text, lambda product: _named(product.retailer)["id"] == value
    if kind == "c":
        return text, lambda product: _named(product.colour)["id"] == value
    raise ApiError(400, "InvalidParameter", f"Invalid filter: {text}")


def _matches(product: DemoProduct, text: str) -> bool:
    return all(
        word in f"{product.name} {product.description}".casefold()
        for word in text.casefold().split()
    )


def _image(product: DemoProduct, host: str) -> dict[str, Any]:
    image_id = str(product.image_id)
    slug = re.sub(r"[^a-z0-9]+", "-", product.name.lower()).strip("-") or "product"
    start = f"{host}/sim/{image_id[:2]}/{image_id[2:4]}/{image_id}"
    sizes = {
        name: {
            "sizeName": name,
            "url": f"{start}{mark}/{slug}.jpg",
            "width": width,
            "height": height,
            "actualWidth": width,
            "actualHeight": height,
        }
        for name, ((width, height), mark) in BOXES.items()
    }
    return {"id": image_id, "sizes": sizes}


def _sale_price(product: DemoProduct) -> float | None:
    """Return the reduced price of a product on sale, about one in six; None for others."""
    return round(product.price * 0.7, 2) if _number(f"sale {product.id}") < 1 / 6 else None


def _named(name: str) -> dict[str, str]:
    return {"id": str(int(_number(name) * 10_000)), "name": name}


def _number(text: str) -> float:
    """Return a number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32


def _first(parameters: Parameters, name: str) -> str | None:
    return next(iter(parameters.get(name, ())), None)


def _integer(parameters: Parameters, name: str, default: int) -> int:
    text = _first(parameters, name)
    if text is None:
        return default
    if not text.isdecimal():
        raise ApiError(400, "InvalidParameter", f"Invalid {name}: {text}")
    return int(text)
