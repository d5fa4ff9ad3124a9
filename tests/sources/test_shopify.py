"""A Shopify shop whose answers are unusable, unexpected or never end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from product_classifier.console import SILENT
from product_classifier.errors import KeyRejectedError, SourceError
from product_classifier.recipes.import_catalogue import import_shop
from product_classifier.records import Category, Page, Product
from product_classifier.sources import shopify
from product_classifier.sources.shopify import COLLECTIONS, PRODUCTS, Shopify
from tests.consoles import Recorder

Answer = Callable[[str, int], Any]


class Answers:
    """Replace a client; each path and page gets an answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[tuple[str, int]] = []

    def get_json(self, url: str, parameters: Mapping[str, Any]) -> Any:
        path, page = url.removeprefix("http://shop/").removesuffix(".json"), parameters["page"]
        self.requests.append((path, page))
        return self.answer(path, page)


def shop(answer: Answer) -> tuple[Shopify, Answers]:
    client = Answers(answer)
    return Shopify(client, "http://shop"), client  # type: ignore[arg-type]


def product(**changes: object) -> dict[str, object]:
    entry = {"id": 1, "title": "Boot", "body_html": "", "product_type": "Boots", "images": []}
    return {**entry, **changes}


def pages(*entries: object) -> list[Page]:
    once, _ = shop(lambda path, page: {PRODUCTS: list(entries) if page == 1 else []})
    return list(once.pages(PRODUCTS, 0))


def test_a_shop_that_repeats_a_page_is_an_error() -> None:
    endless, client = shop(lambda path, page: {PRODUCTS: [product()]})
    with pytest.raises(SourceError, match=r"products\.json returns page 1 again as the next page"):
        list(endless.pages(PRODUCTS, 0))
    assert len(client.requests) == 2


def test_a_shop_with_endless_pages_is_an_error() -> None:
    endless, client = shop(lambda path, page: {PRODUCTS: [product(id=page)]})
    with pytest.raises(SourceError, match="does not end after 200 pages"):
        list(endless.pages(PRODUCTS, 0))
    assert len(client.requests) == shopify.MOST_PAGES


@pytest.mark.parametrize("new", [False, True])
def test_an_endless_list_of_collections_is_read_up_to_a_limit(
    new: bool,
) -> None:
    def answer(path: str, page: int) -> object:
        return {COLLECTIONS: [{"handle": f"a-{page * new}", "title": "A"}, {"handle": "b"}]}

    endless, client = shop(answer)
    collections = endless.collections()
    assert len({collection.handle for collection in collections}) == len(collections)
    assert len(client.requests) == (shopify.MOST_PAGES if new else 2)


@pytest.mark.parametrize("handle", [None, 7.5, "", ".", "..", "x" * 2_000, ["a"], {"a": 1}, True])
def test_a_collection_without_a_usable_handle_is_ignored(handle: object) -> None:
    odd, _ = shop(lambda path, page: {COLLECTIONS: [{"handle": handle}, "text", None]})
    assert odd.collections() == []


@pytest.mark.parametrize("handle", ["../../admin", "a/b", "a?b#c", "é", "a\ud83d", "%2e%2e"])
def test_a_handle_cannot_change_the_folder_of_the_url(handle: str) -> None:
    odd, _ = shop(lambda path, page: {COLLECTIONS: [{"handle": handle}]})
    [collection] = odd.collections()
    folder, below, products = collection.path.split("/")
    assert (folder, products) == ("collections", "products")
    assert not set(below) & set("/?#")


@pytest.mark.parametrize("listed", [{}, "text", 7, None, True])
@pytest.mark.parametrize("what", [PRODUCTS, COLLECTIONS])
def test_a_value_that_is_not_a_list_is_an_error_and_not_the_end(what: str, listed: object) -> None:
    odd, _ = shop(lambda path, page: {what: listed})
    with pytest.raises(SourceError, match=f"has no {what}.json of a Shopify shop"):
        list(odd.pages(PRODUCTS, 0) if what == PRODUCTS else odd.collections())


@pytest.mark.parametrize("identity", [None, "", " ", True, 1.5, [], {}, [1]])
def test_a_product_without_an_id_is_skipped_and_the_page_goes_on(identity: object) -> None:
    first, _ = pages(product(id=identity), "text", product(id=5))
    assert [entry.id for entry in first.products] == ["5"]
    assert [entry.reason for entry in first.skipped] == [
        "it has no id",
        "not a JSON object: 'text'",
    ]


@pytest.mark.parametrize("value", [None, 7.5, True, [], {}, ["a"], {"src": 1}])
def test_fields_of_unexpected_types_are_treated_as_absent(value: object) -> None:
    entry = product(title=value, body_html=value, product_type=value, images=value)
    first, _ = pages(entry)
    assert first.products == [Product(id="1", name="", description="", categories=(), image=None)]


@pytest.mark.parametrize("source", [None, 7, "file:///etc/passwd", "/x", ["http://x"], {"a": 1}])
def test_a_picture_without_a_web_address_is_ignored(source: object) -> None:
    first, _ = pages(product(images=[{"src": source}, {"src": "http://a/1"}, source]))
    assert (first.products[0].image, first.products[0].more_images) == ("http://a/1", ())


@pytest.mark.parametrize("kind", [" > ".join("abcdefghij" * 6), "x" * 6_000])
def test_a_type_of_too_many_levels_is_skipped_and_its_product_is_not(kind: str) -> None:
    first, _ = pages(product(product_type=kind))
    assert [entry.categories for entry in first.products] == [()]
    assert [entry.kind for entry in first.skipped] == ["category"]
    assert first.categories == []


def test_the_error_for_a_shop_behind_a_password_does_not_mention_an_api_key() -> None:
    def refuse(path: str, page: int) -> object:
        raise KeyRejectedError("the API rejected the key (401)")

    with pytest.raises(SourceError, match=r"does not let anyone read its products\.json") as caught:
        list(shop(refuse)[0].pages(PRODUCTS, 0))
    assert not isinstance(caught.value, KeyRejectedError)


def test_a_list_with_an_error_is_stored_as_failed_and_the_other_lists_are_read(
    db: sqlite3.Connection,
) -> None:
    def answer(path: str, page: int) -> object:
        if path == COLLECTIONS:
            return {COLLECTIONS: [{"handle": handle} for handle in "ab"] if page == 1 else []}
        if (path, page) in ((PRODUCTS, 2), ("collections/a/products", 1)):
            raise SourceError(f"page {page} of {path} is broken")
        where = {PRODUCTS: 1, "collections/b/products": 2}[path]
        return {PRODUCTS: [product(id=where)] if page == 1 else []}

    console = Recorder()
    import_shop(db, shop(answer)[0], console)
    assert db.execute("select id from product order by id").fetchall() == [("1",), ("2",)]
    failed = "select query, error from bookmark where error is not null order by query desc"
    expected = [
        ("http://shop/products.json", "page 2 of products is broken"),
        ("http://shop/collections/a/products.json", "page 1 of collections/a/products is broken"),
    ]
    assert db.execute(failed).fetchall() == expected
    assert console.messages == [f"{query}: {error}" for query, error in expected]


def test_a_shop_that_returns_nothing_ends_the_import(db: sqlite3.Connection) -> None:
    def refuse(path: str, page: int) -> object:
        raise SourceError("no connection")

    with pytest.raises(SourceError, match="no connection"):
        import_shop(db, shop(refuse)[0], SILENT)
    assert db.execute("select * from bookmark").fetchall() == []


def test_the_category_of_a_type_is_yielded_once() -> None:
    first, _ = pages(product(id=1), product(id=2))
    assert first.categories == [
        Category(id="Boots", name="Boots", parent=None, path="Boots", leaf=True)
    ]
