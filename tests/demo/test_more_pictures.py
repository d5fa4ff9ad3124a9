"""Further pictures of demo products, as the API lists and the server draws them."""

from __future__ import annotations

import io
import json
import urllib.request
from collections import Counter
from urllib.parse import urlsplit

from PIL import Image as PillowImage

from demo.catalogue.more_pictures import further
from demo.catalogue.products import make_catalogue
from demo.server import API, KEY, serve
from demo.shopstyle_api import Shop

CATALOGUE = make_catalogue(products=300)


def urls() -> dict[int, list[str]]:
    """Return the addresses of each product's further pictures, by product."""
    shop = Shop(CATALOGUE)
    answers = (shop.product(str(p.id), "http://shop") for p in CATALOGUE.products)
    return {
        answer["id"]: [image["sizes"]["XLarge"]["url"] for image in answer["alternateImages"]]
        for answer in answers
    }


def test_products_have_up_to_three_further_pictures_always_the_same() -> None:
    counts = Counter(len(addresses) for addresses in urls().values())
    assert set(counts) == {0, 1, 2, 3}
    assert urls() == urls()


def test_a_product_without_a_picture_has_no_further_ones() -> None:
    bare = [product for product in CATALOGUE.products if product.image_id is None]
    assert bare
    assert [further(product) for product in bare] == [[]] * len(bare)


def test_an_advertised_picture_has_one_address_in_many_products() -> None:
    times = Counter(url for addresses in urls().values() for url in set(addresses))
    shops = {p.retailer for p in CATALOGUE.products}
    assert len([url for url, count in times.items() if count > 5]) <= len(shops)
    assert times.most_common(1)[0][1] > 5


def test_a_further_picture_shows_the_product_in_another_pose() -> None:
    product = next(p for p in CATALOGUE.products if not p.image_fault and len(further(p)) == 2)
    with serve(CATALOGUE) as address:
        with urllib.request.urlopen(f"{address}{API}products/{product.id}?pid={KEY}") as answer:
            values = json.load(answer)
        pictures = []
        for image in (values["image"], *values["alternateImages"]):
            path = urlsplit(image["sizes"]["Medium"]["url"]).path
            with urllib.request.urlopen(f"{address}{path}") as answer:
                pictures.append(PillowImage.open(io.BytesIO(answer.read())))
    assert {picture.size for picture in pictures} == {(112, 140)}
    assert len({picture.tobytes() for picture in pictures}) == 3
