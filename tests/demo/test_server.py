"""The demo server, called directly and by two public clients of the real API."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.catalogue.products import DemoCatalogue, make_catalogue
from demo.server import KEY, serve
from product_classifier.errors import PictureError
from product_classifier.pictures import decode

CATALOGUE = make_catalogue(products=400)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(CATALOGUE) as address:
        yield address


def ask(address: str, path: str, expected: int = 200, **parameters: Any) -> dict[str, Any]:
    answer = requests.get(f"{address}/api/v2/{path}", params={"pid": KEY, **parameters}, timeout=10)
    assert answer.status_code == expected
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    return answer.json()  # type: ignore[no-any-return]


def ids(answer: dict[str, Any]) -> list[int]:
    return [product["id"] for product in answer.get("products", [])]


def test_the_tree_is_a_flat_list_below_a_root(address: str) -> None:
    answer = ask(address, "categories", cat="women")
    assert answer["metadata"]["root"]["id"] == "women"
    assert answer["metadata"]["root"]["parentId"] == "clothes-shoes-and-jewelry"
    parents = {node["id"]: node["parentId"] for node in answer["categories"]}
    assert parents["bootcut-jeans"] == "jeans"
    assert "women" not in parents
    top = ask(address, "categories", cat="women", depth=1)["categories"]
    assert {node["parentId"] for node in top} == {"women"}
    assert ask(address, "categories", cat="bootcut-jeans")["categories"] == []
    assert ask(address, "categories")["metadata"]["root"]["numId"] == 1


def test_pages_add_up_to_all_products_and_then_lack_the_key(address: str) -> None:
    products: list[int] = []
    for offset in range(0, 400, 50):
        answer = ask(address, "products", cat="women", offset=offset, limit=50)
        assert answer["metadata"]["total"] == 400
        products += ids(answer)
    assert sorted(products) == sorted(product.id for product in CATALOGUE.products)
    assert "products" not in ask(address, "products", cat="women", offset=400)


def test_limits_are_those_on_record(address: str) -> None:
    assert len(ids(ask(address, "products"))) == 10
    clamped = ask(address, "products", limit=1000)
    assert len(ids(clamped)) == clamped["metadata"]["limit"] == 50
    assert ids(ask(address, "products", limit=0)) == []


def test_no_query_reaches_beyond_5000(address: str) -> None:
    many = DemoCatalogue(CATALOGUE.categories, CATALOGUE.products * 13)  # 5,200
    with serve(many) as other:
        assert ask(other, "products")["metadata"]["total"] == 5200
        assert len(ids(ask(other, "products", offset=4990, limit=50))) == 10
        assert "products" not in ask(other, "products", offset=5000, limit=50)


def test_filters_are_repeated_and_named_in_the_answer(address: str) -> None:
    cheap = ask(address, "products", fl=["p0:50", "d0"], limit=50)
    assert cheap["metadata"]["filters"] == [
        {"id": "p0:50", "name": "p0:50"},
        {"id": "d0", "name": "d0"},
    ]
    assert 0 < cheap["metadata"]["total"] < 400
    assert all(product["price"] < 50 and "salePrice" in product for product in cheap["products"])
    brand = next(p for p in ask(address, "products", limit=50)["products"] if "brand" in p)["brand"]
    same = ask(address, "products", fl=f"b{brand['id']}")["products"]
    assert {product["brand"]["name"] for product in same} == {brand["name"]}


def test_sorts_order_and_words_filter(address: str) -> None:
    prices = [p["price"] for p in ask(address, "products", sort="PriceLoHi", limit=50)["products"]]
    assert prices == sorted(prices)
    newest = ids(ask(address, "products", sort="Recency", limit=50))
    assert newest == sorted(newest, reverse=True)
    jeans = ask(address, "products", fts="jeans denim")["products"]
    assert all("jeans" in f"{p['name']} {p['description']}".lower() for p in jeans)


def test_a_product_has_the_shape_on_record(address: str) -> None:
    product = CATALOGUE.products[0]
    values = ask(address, f"products/{product.id}")
    assert values["id"] == product.id
    assert [node["id"] for node in values["categories"]] == list(product.categories)
    sizes = values["image"]["sizes"]
    assert set(sizes) == {
        "Small", "IPhoneSmall", "Medium", "Large", "IPhone", "XLarge", "Best", "Original",
    }  # fmt: skip
    assert (sizes["XLarge"]["width"], sizes["XLarge"]["height"]) == (328, 410)
    assert {"price", "priceLabel", "retailer", "locale", "clickUrl", "inStock"} <= set(values)


@pytest.mark.parametrize(
    ("path", "parameters", "code", "name"),
    [
        ("products/0000000000", {}, 404, "InvalidProductId"),
        ("products", {"cat": "mens-jeans"}, 404, "InvalidCategoryId"),
        ("products", {"offset": "x"}, 400, "InvalidParameter"),
        ("products", {"fl": "?"}, 400, "InvalidParameter"),
        ("products", {"pid": ""}, 401, "MissingPartnerId"),
        ("products", {"pid": "wrong"}, 401, "InvalidPartnerId"),
        ("lists", {}, 400, None),
    ],
)
def test_errors_are_in_the_envelope(
    address: str, path: str, parameters: dict[str, str], code: int, name: str | None
) -> None:
    envelope = ask(address, path, code, **parameters)
    assert (envelope["errorCode"], envelope.get("errorName")) == (code, name)
    assert envelope["errorMessage"]
    assert ask(address, path, 200, suppressResponseCode="1", **parameters) == envelope


def picture(address: str, fault: str | None, size: str = "XLarge") -> requests.Response:
    product = next(p for p in CATALOGUE.products if p.image_id and p.image_fault == fault)
    values = ask(address, f"products/{product.id}")
    return requests.get(values["image"]["sizes"][size]["url"], timeout=10)


def test_pictures_have_the_size_in_their_address(address: str) -> None:
    for size, pixels in (("XLarge", (328, 410)), ("Small", (32, 40))):
        assert decode(picture(address, None, size).content)[0].size == pixels


def test_faulty_pictures_fail_like_those_of_real_shops(address: str) -> None:
    assert picture(address, "missing").status_code == 404
    assert picture(address, "not an image").headers["Content-Type"] == "text/html"
    with pytest.raises(PictureError, match="broken picture"):
        decode(picture(address, "truncated").content)
    assert requests.get(f"{address}/sim/aa/bb/x.jpg", timeout=10).status_code == 404


def test_the_public_python_client_works_unchanged(address: str) -> None:
    from shopstyle_api.api import ShopStyleApi

    client = type("Client", (ShopStyleApi,), {"base_url": f"{address}/api/v2"})(KEY, "someone")
    categories = client.get_categories()["categories"]
    assert "flare-jeans" in {node["id"] for node in categories}
    page = client.get_products(filters=["p0:100"], category="flare-jeans", limit=50)
    assert page["metadata"]["limit"] == 50
    assert page["metadata"]["filters"]
    product = page["products"][0]
    assert client.get_product(product["id"])["name"] == product["name"]
    assert client.get_product(0)["errorName"] == "InvalidProductId"
    nobody = type("Client", (ShopStyleApi,), {"base_url": f"{address}/api/v2"})("", "someone")
    assert nobody.get_categories()["errorCode"] == 401


NODE = """
const ShopStyle = require('shopstyle-sdk');
const client = new ShopStyle(process.argv[2], 'US', false);
const nobody = new ShopStyle('YOUR_API_KEY', 'US', false);
(async () => {
  const tree = await client.categories({cat: 'womens-clothes', depth: 1});
  const page = await client.products({cat: 'flare-jeans', fl: ['p0:500', 'd0'], limit: 5});
  const all = await client.products({cat: 'flare-jeans', limit: 5});
  const product = await client.product(all.products[0].id);
  const rejected = await nobody.categories().then(() => null, error => error.statusCode);
  console.log(JSON.stringify({
    root: tree.metadata.root.id, names: tree.categories.map(node => node.id),
    limit: all.metadata.limit, filters: page.metadata.filters.length,
    same: product.name === all.products[0].name, rejected,
  }));
})();
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_the_official_node_client_works_unchanged(address: str, tmp_path: Path) -> None:
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "shopstyle-sdk@1.1.1"]
    installed = subprocess.run(install, cwd=tmp_path, timeout=300, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"npm cannot install the client: {installed.stderr.strip()[-200:]}")
    (tmp_path / "try.js").write_text(NODE)
    # the client's host is fixed, so a proxy setting leads it to the demo server
    environment = {**os.environ, "http_proxy": address, "no_proxy": "", "NO_PROXY": ""}
    command = ["node", "--no-deprecation", "try.js", KEY]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60
    )
    result = json.loads(run.stdout)
    assert result["root"] == "womens-clothes"
    assert {"jeans", "dresses"} <= set(result["names"])
    assert (result["limit"], result["filters"]) == (5, 2)
    assert (result["same"], result["rejected"]) == (True, 401)
