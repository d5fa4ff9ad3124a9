"""Hostile answers of the ShopStyle API and of Shopify, crawled into a database."""

from __future__ import annotations

import contextlib
import copy
import itertools
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from product_classifier.errors import SourceError
from product_classifier.recipes.crawl_shopstyle import (
    crawl_by_price,
    crawl_categories,
    crawl_query,
    going_on,
)
from product_classifier.recipes.import_catalogue import import_shop
from product_classifier.records import Image, Query
from product_classifier.sources import shopify, shopstyle
from product_classifier.sources.shopify import Shopify
from product_classifier.sources.shopstyle import ShopStyle
from product_classifier.store import bookmarks
from product_classifier.store import products as catalogue
from product_classifier.store.database import open_database
from tests.consoles import Recorder
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, hostile_value

pytestmark = pytest.mark.slow
REACHABLE, RANGES, PAGES = 60, 12, 12  # instead of thousands
LEAVES_ASKED = 3
Answer = Callable[[str, Mapping[str, Any]], Any]
ROOT = {"id": "women", "name": "Women", "numId": 12, "parentId": "all"}
NODES = [
    {"id": "shoes", "name": "Shoes", "parentId": "women"},
    {"id": "boots", "name": "Boots", "shortName": "b", "parentId": "shoes", "numId": 7},
    {"id": "belts", "name": "Belts", "parentId": "women", "hasHeelHeightFilter": False},
]


def shopstyle_product(number: int) -> dict[str, Any]:
    def pictured(name: str) -> dict[str, Any]:
        return {"id": name, "sizes": {"XLarge": {"url": f"http://img.example/{name}.jpg"}}}

    return {
        "id": number,
        "name": f"Boot {number}",
        "brandedName": "Brand Boot",
        "description": "<b>warm</b>",
        "categories": [{"id": "boots", "name": "Boots"}, {"id": "shoes"}],
        "image": pictured(f"{number}"),
        "alternateImages": [pictured(f"{number}-b")],
    }


def shopstyle_answer(url: str, parameters: Mapping[str, Any]) -> Any:
    """Answer as the API of a small shop does."""
    if url.endswith("/categories"):
        return {"metadata": {"root": dict(ROOT)}, "categories": copy.deepcopy(NODES)}
    offset = int(parameters.get("offset", 0))
    products = [shopstyle_product(k) for k in range(offset, min(offset + 5, 20))]
    return {"metadata": {"total": 20, "offset": offset}, "products": products}


def shopify_answer(url: str, parameters: Mapping[str, Any]) -> Any:
    """Answer as a storefront with three pages and two collections does."""
    page = int(parameters["page"])
    if url.endswith("/collections.json"):
        shelves = [{"id": k, "handle": f"shelf-{k}", "title": f"Shelf {k}"} for k in range(2)]
        return {"collections": shelves if page == 1 else []}
    if page > 3:
        return {"errors": "Page * Limit exceeds the 25000 limit."}
    products = [
        {
            "id": 100 * page + k,
            "title": f"Thing {k}",
            "handle": f"thing-{k}",
            "body_html": "<p>A thing</p>",
            "product_type": ("Shoes > Boots", "Belts", "")[k % 3],
            "variants": [{"price": "12.00"}],
            "images": [{"src": f"http://cdn.example/{page}-{k}-{n}.jpg"} for n in range(2)],
        }
        for k in range(3)
    ]
    return {"products": products}


class Enemy:
    """A client whose server first answers correctly and then with changed fields."""

    pauses = 0

    def __init__(self, chance: random.Random, answer: Answer) -> None:
        self._chance, self._answer = chance, answer
        self._share = chance.choice([0.05, 0.3, 1.0])
        self._stuck = chance.random() < 0.1  # gives the same page for ever

    def get_json(self, url: str, parameters: Mapping[str, Any]) -> Any:
        if self._stuck and "page" in parameters:
            parameters = {**parameters, "page": 1}
        good = self._answer(url, parameters)
        if self._chance.random() > self._share:
            return good
        if self._chance.random() < 0.05:
            return hostile_value(self._chance)
        for _ in range(self._chance.choice([1, 1, 2, 5])):
            change(self._chance, good)
        return good


def change(chance: random.Random, document: Any) -> None:
    """Replace, remove or repeat a value anywhere in a JSON document, or insert a deep one."""
    places = list(_places(document))
    if not places:
        return
    holder, key = chance.choice(places)
    kind = chance.randrange(10)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.extend(holder[:3] * 20)
    elif kind == 2:
        holder[key] = chance.choice([10**30, -1, 2**63, True, 1e308, float("nan")])
    elif kind == 3:
        holder[key] = _deep(chance)
    elif kind == 4:
        holder[key] = {"errorCode": 500, "errorMessage": chance.choice(TEXTS)}
    elif kind == 5 and isinstance(holder, dict):
        holder.update({"errorCode": hostile_value(chance), "errorMessage": chance.choice(TEXTS)})
    else:
        holder[key] = hostile_value(chance)


def _places(document: Any, depth: int = 6) -> Iterator[tuple[Any, Any]]:
    keys = list(document) if isinstance(document, dict) else range(len(document))
    for key in keys:
        yield document, key
        if isinstance(document[key], dict | list) and depth:
            yield from _places(document[key], depth - 1)


def _deep(chance: random.Random) -> Any:
    """Return a chain of categories, or lists in lists."""
    if chance.random() < 0.5:
        long = "x" * chance.choice([1, 900])
        names = ["women", *(f"{long}{k}" for k in range(chance.choice([49, 51, 3_000])))]
        return [{"id": name, "parentId": above} for above, name in itertools.pairwise(names)]
    value: Any = []
    for _ in range(900):
        value = [value]
    return value


def hostile_api(chance: random.Random, folder: Path) -> tuple[Path, str, int]:
    kind, seed = chance.choice(["shopstyle", "shopify", "collections"]), chance.randrange(2**32)
    (folder / "case.txt").write_text(f"{kind} {seed}")
    return folder, kind, seed


def crawl_hostile_api(made: tuple[Path, str, int]) -> None:
    """Crawl as crawl.py does, with pictures, which all fail; fail if any picture is not tried."""
    folder, kind, seed = made
    shopstyle.REACHABLE, shopstyle.MOST_RANGES, shopify.MOST_PAGES = REACHABLE, RANGES, PAGES
    chance = random.Random(seed)
    failed: list[str] = []
    with open_database(folder / "crawl.db", create=True) as db:
        try:
            if kind == "shopstyle":
                crawl_shopstyle(db, Enemy(chance, shopstyle_answer), failed)
            else:
                crawl_shopify(db, Enemy(chance, shopify_answer), kind == "collections", failed)
        finally:
            try_pictures(db)
    if failed:
        raise SourceError(failed[0])


def crawl_shopstyle(db: sqlite3.Connection, enemy: Enemy, failed: list[str]) -> None:
    shop = ShopStyle(enemy, "secret", "http://api.example/v2")  # type: ignore[arg-type]
    console = Recorder(failed)
    crawl_categories(db, shop, "women", console)
    for leaf in catalogue.leaves_below(db, "women")[:LEAVES_ASKED]:
        with going_on(db, Query(leaf).name, console):
            crawl_query(db, shop, Query(leaf), REACHABLE)
        with going_on(db, f"{leaf} by price", console):
            crawl_by_price(db, shop, leaf, 3 * REACHABLE)


def crawl_shopify(
    db: sqlite3.Connection, enemy: Enemy, by_collection: bool, failed: list[str]
) -> None:
    shop = Shopify(enemy, "http://shop.example")  # type: ignore[arg-type]

    import_shop(db, shop, Recorder(failed), by_collection=by_collection)


def try_pictures(db: sqlite3.Connection) -> None:
    """Let each picture fail, and check that each then has a row with its own address."""
    addresses = list(bookmarks.pending_images(db, None, pictures=1000))
    catalogue.save_images(db, [Image(address=address, error="none") for address in addresses])
    known = {address for (address,) in db.execute("select address from image")}
    assert known >= set(addresses), set(addresses) - known


def plain_api(folder: Path) -> None:
    """Crawl once to warm up, with any seed."""
    for kind in ("shopstyle", "shopify"):
        (folder / kind).mkdir()
        with contextlib.suppress(SourceError):
            crawl_hostile_api((folder / kind, kind, 1))


def test_answers_of_apis_are_stored_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_api, read=crawl_hostile_api, warm_up=plain_api), tmp_path
    )
    assert outcomes[READ]
    assert outcomes[REFUSED]
