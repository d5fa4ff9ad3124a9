"""Categories with more products than a query returns are crawled completely."""

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
    """Let the API return ten products of a query instead of 5,000."""
    for module in (crawl_shopstyle, shopstyle, shopstyle_api):
        monkeypatch.setattr(module, "REACHABLE", REACHABLE)


def product_categories(folder: Path) -> set[tuple[str, str]]:
    db = sqlite3.connect(folder / "crawl.db")
    rows = set(db.execute("select product_id, category_id from product_category").fetchall())
    db.close()
    return rows


def test_products_that_a_query_does_not_return_are_fetched_by_price_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_reach: None
) -> None:
    products = make_catalogue(products=PRODUCTS).products
    expected = {(str(each.id), leaf) for each in products for leaf in each.categories}
    options = ["--allow-private", "--only"]
    with FaultServer(healthy_shop(PRODUCTS)).running() as server:
        run_crawl(tmp_path, server.address, monkeypatch, *options, "categories")
        more = [*options, "products", "--max-per-category"]
        run_crawl(tmp_path, server.address, monkeypatch, *more, "10")
        assert len(product_categories(tmp_path)) < len(expected)
        for maximum, asks in (("12", True), ("12", False), ("1000", True), ("1000", False)):
            before = len(server.requests)
            run_crawl(tmp_path, server.address, monkeypatch, *more, maximum)
            assert (len(server.requests) > before) == asks
    assert product_categories(tmp_path) == expected
