"""The ShopStyle API: answers of the demo server, recorded answers and unexpected ones."""

from __future__ import annotations

import itertools
import json
import sqlite3
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from demo import shopstyle_api as demo_shop
from demo.catalogue.products import make_catalogue
from demo.server import KEY, serve
from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.limits import LONGEST_PATH
from product_classifier.records import Category, Image, Page, Product, Query, Skipped
from product_classifier.sources import shopstyle
from product_classifier.sources.shopstyle import ShopStyle
from product_classifier.sources.web.client import Client
from product_classifier.store.products import save_images, save_page

CATALOGUE = make_catalogue(products=300)


class Answers:
    """Replace a client; return prepared answers and record the requests."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, Mapping[str, object]]] = []

    def get_json(self, url: str, params: Mapping[str, object]) -> Any:
        self.requests.append((url, params))
        return self.answers.pop(0)


def shop(*answers: Any) -> ShopStyle:
    return ShopStyle(Answers(*answers), "secret", "http://api/v2/")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(CATALOGUE) as address:
        yield f"{address}/api/v2"


@pytest.fixture
def demo(address: str) -> ShopStyle:
    return ShopStyle(Client(allow_private=True), KEY, address)


@pytest.mark.parametrize("reachable", [3, 8])
def test_a_category_with_more_products_than_a_query_returns_is_read_by_price(
    demo: ShopStyle, monkeypatch: pytest.MonkeyPatch, reachable: int
) -> None:
    for module in (shopstyle, demo_shop):
        monkeypatch.setattr(module, "REACHABLE", reachable)
    expected = {str(p.id) for p in CATALOGUE.products if "day-dresses" in p.categories}
    assert len(expected) > reachable
    queries = list(demo.queries_by_price("day-dresses"))
    pages = [page for query in queries for page in demo.pages(query, 0, reachable)]
    assert {product.id for page in pages for product in page.products} == expected
    assert {product.categories[0] for page in pages for product in page.products} == {"day-dresses"}
    assert len({page.query for page in pages}) == len(queries)


def test_too_many_products_of_the_same_price_are_read_in_several_orders() -> None:
    metadata = {"metadata": {"total": 9_000}}
    queries = list(itertools.islice(shop(*[metadata] * 40).queries_by_price("belts"), 5))
    assert {query.filters for query in queries} == {("p0:1",)}
    assert [query.sort for query in queries] == ["", "PriceLoHi", "PriceHiLo", "Recency", "Popular"]
    assert queries[1].name == "products?cat=belts&fl=p0:1&sort=PriceLoHi"


def test_half_an_emoji_does_not_stop_a_crawl() -> None:
    entry = {"id": 1, "name": "Red \ud83d", "description": "😀"}
    page = next(shop({"metadata": {}, "products": [entry]}).pages(Query("belts"), 0, 50))
    assert [(p.name, p.description) for p in page.products] == [("Red \ufffd", "😀")]


def test_the_error_for_a_root_by_number_names_its_id() -> None:
    answer = {"metadata": {"root": {"id": "mens", "numId": 214}}, "categories": []}
    with pytest.raises(SourceError, match="214 is the API's number of mens; pass --root mens"):
        shop(answer).categories("214")


def test_the_tree_has_paths_below_its_root(demo: ShopStyle) -> None:
    categories, skipped = demo.categories("women")
    by_id = {category.id: category for category in categories}
    assert categories[0] == Category(
        id="women", name="Women's Fashion", parent="clothes-shoes-and-jewelry", path="", leaf=False
    )
    assert by_id["sunglasses"].path == (
        "womens-clothes/womens-accessories/womens-eyewear/sunglasses"
    )
    assert sum(category.leaf for category in categories) == 27
    assert skipped == []
    positions = {category.id: k for k, category in enumerate(categories)}
    assert all(positions[c.parent] < positions[c.id] for c in categories[1:] if c.parent)


def test_a_leaf_may_be_the_root(demo: ShopStyle) -> None:
    [only] = demo.categories("boots")[0]
    assert (only.leaf, only.path) == (True, "boots")


def test_an_unknown_root_is_an_error_that_names_the_largest_roots(demo: ShopStyle) -> None:
    with pytest.raises(SourceError, match="error 404: Invalid category id: wimmin"):
        demo.categories("wimmin")
    other = {"metadata": {"root": {"id": "clothes-shoes-and-jewelry"}}, "categories": []}
    with pytest.raises(SourceError, match="the API knows no category 'wimmin'"):
        shop(other).categories("wimmin")


def test_categories_that_are_not_below_the_root_are_skipped() -> None:
    nodes = [
        {"id": "a", "parentId": "women", "unknown key": 1},
        {"id": "circle-1", "parentId": "circle-2"},
        {"id": "circle-2", "parentId": "circle-1"},
        {"parentId": "women"},
    ]
    answer = {"metadata": {"root": {"id": "women"}}, "categories": nodes}
    categories, skipped = shop(answer).categories("women")
    assert [category.id for category in categories] == ["women", "a"]
    nameless = "below women, number 4: {'parentId': 'women'}"
    assert {entry.item for entry in skipped} == {"circle-1", "circle-2", nameless}


def test_equal_entries_without_an_id_are_reported_separately() -> None:
    twins: list[object] = [{"parentId": "women"}, {"parentId": "women"}, "a", "a"]
    answer = {"metadata": {"root": {"id": "women"}}, "categories": twins}
    _, skipped = shop(answer).categories("women")
    assert len({entry.item for entry in skipped}) == 4
    pages = shop(page(*twins), page(*twins)).pages(Query("belts"), 0, 50)
    items = [entry.item for _ in range(2) for entry in next(pages).skipped]
    assert len(set(items)) == 8
    assert items[0] == "products?cat=belts, number 1: {'parentId': 'women'}"


def test_pages_have_every_product_and_the_last_one_is_marked_as_finished(demo: ShopStyle) -> None:
    pages = list(demo.pages(Query("day-dresses"), 0, 1000))
    expected = {str(p.id) for p in CATALOGUE.products if "day-dresses" in p.categories}
    assert {product.id for page in pages for product in page.products} == expected
    assert [page.finished for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].next_offset == len(expected)


def test_pages_start_at_an_offset_and_stop_at_the_maximum(demo: ShopStyle) -> None:
    [page] = demo.pages(Query("day-dresses"), 5, 12)
    assert (len(page.products), page.next_offset, page.finished) == (7, 12, False)


def product(**changes: object) -> dict[str, object]:
    return {"id": 1, "name": "Belt", "description": "<b>x</b>", **changes}


def page(*products: object) -> dict[str, object]:
    return {"metadata": {"total": 9}, "products": list(products)}


def first(entry: object) -> Product:
    [belt] = next(shop(page(entry)).pages(Query("belts"), 0, 50)).products
    return belt


@pytest.mark.parametrize("end", [{"metadata": {}}, page(), {"metadata": {}, "products": None}])
def test_a_page_with_absent_null_or_empty_products_is_the_last(end: object) -> None:
    [last] = shop(end).pages(Query("belts"), 100, 1000)
    assert (last.products, last.next_offset, last.finished) == ([], 100, True)


def test_the_queried_category_comes_first_among_a_products_categories() -> None:
    belt = first(product(categories=[{"id": "plus-size"}, {"id": "belts"}, {"id": 7}, {}]))
    assert belt.categories == ("belts", "plus-size", "7")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"sizes": {"Best": {"url": "http://b"}, "XLarge": {"url": "http://x"}}}, "http://x"),
        ({"sizes": {"Small": {"url": "http://s"}, "XLarge": {}}}, "http://s"),
        ({"sizes": {"XLarge": {"url": "/etc/passwd"}, "Best": {"url": "file:///x"}}}, None),
        ({"sizes": None}, None),
        ("http://x", None),
        (None, None),
    ],
)
def test_a_picture_has_the_address_of_its_largest_size(image: object, expected: str | None) -> None:
    assert first(product(image=image)).image == expected


def sized(url: str) -> dict[str, object]:
    return {"sizes": {"Small": {"url": f"{url}_small"}, "XLarge": {"url": url}}}


def test_further_pictures_are_the_alternate_ones_without_the_main_one() -> None:
    others = [
        sized("http://b"),
        sized("http://a"),
        {"sizes": {}},
        None,
        "http://x",
        sized("http://c"),
    ]
    belt = first(product(image=sized("http://a"), alternateImages=[*others, sized("http://b")]))
    assert (belt.image, belt.more_images) == ("http://a", ("http://b", "http://c"))


@pytest.mark.parametrize("others", [None, [], {}, "http://x", [1]])
def test_a_product_without_alternate_pictures_has_no_further_ones(others: object) -> None:
    assert first(product(image=sized("http://a"), alternateImages=others)).more_images == ()


def test_recorded_alternate_pictures_are_read(shared: Path) -> None:
    folder = shared / "reference" / "shopstyle"
    name = "product_471281504_test_request_details_image.json"
    belt = first(json.loads((folder / name).read_text()))
    assert belt.image
    assert "735262fe0a70287fb473359430bbb502" in belt.image.replace("/", "")
    assert len(belt.more_images) == 2  # of three, one is the main picture once more
    assert all(url.startswith("https://resources.shopstyle.com/") for url in belt.more_images)


def test_ids_may_be_numbers_or_strings_and_parts_may_be_missing() -> None:
    assert first({"id": "a-1"}) == Product(
        id="a-1", name="", description="", categories=("belts",), image=None
    )
    assert first({"id": 12, "brandedName": "B", "categories": None}).name == "B"


def test_entries_without_an_id_are_skipped_and_the_rest_of_the_page_is_read() -> None:
    answered = next(
        shop(page({"name": "no id"}, "text", product(id=5))).pages(Query("belts"), 0, 50)
    )
    assert [entry.id for entry in answered.products] == ["5"]
    assert [entry.reason for entry in answered.skipped] == ["it has no id"] * 2
    assert isinstance(answered.skipped[0], Skipped)
    assert answered.next_offset == 3


@pytest.mark.parametrize("code", [401, 403])
def test_the_error_for_a_rejected_key_names_the_remedy_and_not_the_key(code: int) -> None:
    envelope = {"errorCode": code, "errorMessage": "Invalid partner id: secret"}
    with pytest.raises(KeyRejectedError, match="set SHOPSTYLE_API_KEY or pass --api-key-file") as e:
        shop(envelope).categories("women")
    assert "secret" not in str(e.value)


@pytest.mark.parametrize("answer", [[], "x", {}, {"products": []}, None])
def test_an_answer_of_another_kind_of_server_is_an_error(answer: object) -> None:
    with pytest.raises(SourceError, match="does not speak the ShopStyle API; check --api-url"):
        list(shop(answer).pages(Query("belts"), 0, 50))


def test_an_error_envelope_is_an_error_and_not_the_last_page() -> None:
    with pytest.raises(SourceError, match="error 500: oops"):
        list(shop({"errorCode": 500, "errorMessage": "oops"}).pages(Query("belts"), 0, 50))


def test_recorded_answers_are_read(shared: Path) -> None:
    folder = shared / "reference" / "shopstyle"
    recorded = json.loads((folder / "products_list_2022.json").read_text())
    [listed] = shop(recorded).pages(Query("belts"), 0, 2)
    assert listed.products[0].id == "907623839"
    for entry in listed.products:
        assert entry.name
        assert entry.description
        assert str(entry.image).startswith("https://img.shopstyle-cdn.com/sim/")
    for file in folder.glob("product_*.json"):
        single = first(json.loads(file.read_text()))
        assert single.name, file
    tree = json.loads((folder / "categories_docs_sample.json").read_text())
    _, women = shop(tree).categories("clothes-shoes-and-jewelry")[0]
    assert women.id == "women"


WOMEN = {"metadata": {"root": {"id": "women"}}}


@pytest.mark.parametrize("nodes", [{}, {"a": 1}, "text", 0, 7, True, None, "absent"])
def test_categories_that_are_not_a_list_are_an_error_and_not_an_empty_tree(nodes: object) -> None:
    answer = WOMEN if nodes == "absent" else WOMEN | {"categories": nodes}
    with pytest.raises(SourceError, match="the API answered with categories that are not a list"):
        shop(answer).categories("women")


@pytest.mark.parametrize("products", [{}, "", "text", 0, False, {"id": 1}])
def test_products_that_are_not_a_list_are_an_error_and_not_the_last_page(products: object) -> None:
    answer = {"metadata": {}, "products": products}
    with pytest.raises(SourceError, match="the API answered with products that are not a list"):
        list(shop(answer).pages(Query("belts"), 0, 50))


@pytest.mark.parametrize("total", [10**30, 2**63, -1, True, 1.5, "9", [], None])
def test_a_total_that_the_database_cannot_store_is_none(total: object) -> None:
    answer = {"metadata": {"total": total}, "products": [product()]}
    answered = next(shop(answer).pages(Query("belts"), 0, 1))
    assert answered.total is None


@pytest.mark.parametrize("total", [10**30, -1, "9000", None])
def test_a_price_range_without_a_usable_count_is_an_error_and_not_empty(total: object) -> None:
    with pytest.raises(SourceError, match="did not return the number of products in a price range"):
        list(shop({"metadata": {"total": total}}).queries_by_price("belts"))


def test_a_root_without_an_id_is_an_unknown_category() -> None:
    answer = {"metadata": {"root": {"numId": "women"}}, "categories": []}
    with pytest.raises(SourceError, match="the API knows no category 'women'"):
        shop(answer).categories("women")


def chain(levels: int, name: str = "c") -> dict[str, object]:
    """Return an answer whose tree is a chain: each category is the parent of the next one."""
    ids = ["women", *(f"{name}{k}" for k in range(levels))]
    nodes = [{"id": below, "parentId": above} for above, below in itertools.pairwise(ids)]
    return WOMEN | {"categories": nodes}


def test_categories_below_fifty_levels_are_skipped_in_little_memory() -> None:
    tracemalloc.start()
    categories, skipped = shop(chain(20_000)).categories("women")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(categories) == 51  # the root too
    assert [category.leaf for category in categories[-2:]] == [False, True]
    assert len(skipped) == 20_000 - 50
    assert skipped[0].reason.startswith("its path of 51 levels")
    assert peak < 50_000_000


def test_categories_with_too_long_a_path_are_skipped() -> None:
    categories, skipped = shop(chain(50, "x" * 900)).categories("women")
    assert max(len(category.path) for category in categories) <= LONGEST_PATH
    assert len(categories) + len(skipped) == 51


def test_a_tree_of_too_many_categories_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopstyle, "MOST_CATEGORIES", 10)
    with pytest.raises(SourceError, match="11 categories, more than 10; pass a smaller category"):
        shop(chain(11)).categories("women")


class Endless:
    """Replace the client of an API that always returns the same answer."""

    def __init__(self, answer: object) -> None:
        self.answer, self.requests = answer, 0

    def get_json(self, url: str, params: Mapping[str, object]) -> Any:
        self.requests += 1
        return self.answer


def test_an_api_that_always_returns_the_same_product_is_an_error() -> None:
    client = Endless({"metadata": {"total": 10**9}, "products": [product()]})
    with pytest.raises(SourceError, match="the API returns fewer than 5 products a page"):
        for _ in ShopStyle(client, "secret").pages(Query("belts"), 0, 5_000):  # type: ignore[arg-type]
            pass
    assert client.requests < 1_100


def test_an_api_with_too_many_products_at_every_price_is_an_error() -> None:
    client = Endless({"metadata": {"total": 10**9}})
    with pytest.raises(SourceError, match="in too many price ranges of belts"):
        for _ in ShopStyle(client, "secret").queries_by_price("belts"):  # type: ignore[arg-type]
            pass
    assert client.requests == shopstyle.MOST_RANGES


def test_products_beyond_the_requested_number_are_ignored() -> None:
    [limited] = shop(page(*(product(id=k) for k in range(90)))).pages(Query("belts"), 0, 12)
    assert (len(limited.products), limited.next_offset) == (12, 12)


@pytest.mark.parametrize("where", ["errorCode", "errorMessage", "errorName"])
def test_no_part_of_an_error_envelope_holds_the_key(where: str) -> None:
    envelope = {"errorCode": 500} | {where: "pid=secret was refused"}
    with pytest.raises(SourceError, match="pid=… was refused") as caught:
        shop(envelope).categories("women")
    assert "secret" not in str(caught.value)


def test_texts_are_equal_to_those_read_back_from_the_database(db: sqlite3.Connection) -> None:
    entry = product(name="a\x00b \ud83d", image=sized("http://a/\x00b"), id="x\x00\udfff")
    [belt] = next(shop(page(entry)).pages(Query("belts"), 0, 50)).products
    save_page(db, Page(query="products", products=[belt], skipped=[], next_offset=1, finished=True))
    save_images(db, [Image(address=str(belt.image), error="none")])
    rows = db.execute("select product.id, name, address from product join image on image = address")
    assert rows.fetchall() == [("x\ufffd\ufffd", "a\ufffdb \ufffd", "http://a/\ufffdb")]
