"""Categories that hold more than the API hands out are brought whole all the same."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from demo import shopstyle_api
from demo.catalogue.products import make_catalogue
from product_classifier.recipes import crawl_shopstyle
from product_classifier.sources import shopstyle
from tests.faults.server import FaultServer
from tests.faults.shop import healthy_shop, run_crawl

PRODUCTS, REACHABLE = 300, 10


@pytest.fixture
def short_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the API hand out ten products of a query instead of 5,000."""
    for module in (crawl_shopstyle, shopstyle, shopstyle_api):
        monkeypatch.setattr(module, "REACHABLE", REACHABLE)


def pairs(folder: Path) -> set[tuple[str, str]]:
    db = sqlite3.connect(folder / "crawl.db")
    found = set(db.execute("select product_id, category_id from product_category").fetchall())
    db.close()
    return found


def test_what_lies_beyond_the_reach_of_a_query_is_fetched_by_price_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_reach: None
) -> None:
    products = make_catalogue(products=PRODUCTS).products
    expected = {(str(each.id), leaf) for each in products for leaf in each.categories}
    options = ["--allow-private", "--only"]
    with FaultServer(healthy_shop(PRODUCTS)).running() as server:
        run_crawl(tmp_path, server.address, monkeypatch, *options, "categories")
        more = [*options, "products", "--max-per-category"]
        run_crawl(tmp_path, server.address, monkeypatch, *more, "10")
        assert len(pairs(tmp_path)) < len(expected)
        for maximum, asks in (("12", True), ("12", False), ("1000", True), ("1000", False)):
            before = len(server.asked)
            run_crawl(tmp_path, server.address, monkeypatch, *more, maximum)
            assert (len(server.asked) > before) == asks
    assert pairs(tmp_path) == expected
