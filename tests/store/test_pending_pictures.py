"""The pictures to fetch, and their order."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from product_classifier.records import Image
from product_classifier.store.bookmarks import count_pending_images, pending_images
from product_classifier.store.catalogue_summary import read_crawl
from product_classifier.store.products import save_images
from tests.conftest import TREE, product, save_import


def fill(db: sqlite3.Connection) -> None:
    """Three products: two have further pictures, one of them a shop's logo in both."""
    products = [
        product("1", "belts", image="http://1", more=("http://logo", "http://1-back")),
        product("2", "belts", image="http://2", more=("http://1", "http://logo", "http://2-back")),
        product("3", "belts", image="http://3"),
    ]
    save_import(db, TREE, products, [], "products.csv")


def listed(db: sqlite3.Connection, pictures: int = 1, before: str | None = None) -> list[str]:
    """List what is pending, and insist that it is counted alike."""
    found = list(pending_images(db, None, before, pictures))
    assert count_pending_images(db, None, before, pictures) == len(found)
    return found


def test_pending_pictures_are_untried_ones_then_failed_ones(db: sqlite3.Connection) -> None:
    names = ["http://failed", "http://done", "http://new", "http://new", "/etc/passwd"]
    products = [product(str(k), "belts", image=name) for k, name in enumerate(names)]
    save_import(db, TREE, [*products, product("none", "belts")], [], "products.csv")
    save_images(db, [Image(address="http://failed", error="HTTP 404")])
    save_images(
        db, [Image(address="http://done", file="ab/ab.jpg", sha256="ab", width=3, height=4)]
    )
    assert listed(db) == ["http://new", "http://failed"]
    below = ["http://new", "/etc/passwd", "http://failed"]
    assert list(pending_images(db, Path("/etc"))) == below


@pytest.mark.parametrize(
    ("pictures", "further"),
    [
        (1, []),
        (2, ["http://logo"]),
        (3, ["http://logo", "http://1-back"]),
        (9, ["http://logo", "http://1-back", "http://2-back"]),
    ],
)
def test_further_pictures_are_pending_up_to_the_requested_number(
    db: sqlite3.Connection, pictures: int, further: list[str]
) -> None:
    fill(db)
    assert listed(db, pictures) == ["http://1", "http://2", "http://3", *further]


def test_a_picture_of_several_products_is_pending_once(db: sqlite3.Connection) -> None:
    fill(db)
    met = []
    for address in pending_images(db, None, None, 9):
        met.append(address)
        save_images(
            db, [Image(address=address, file=f"{address}.jpg", sha256=address, width=3, height=4)]
        )  # while it is listed
    assert sorted(met) == sorted(set(met))
    assert listed(db, 9) == []


def test_failed_further_pictures_are_pending_if_requested(
    db: sqlite3.Connection,
) -> None:
    fill(db)
    mains = [
        Image(address=f"http://{k}", file=f"{k}.jpg", sha256=str(k), width=3, height=4)
        for k in (1, 2, 3)
    ]
    save_images(db, [*mains, Image(address="http://1-back", error="HTTP 404")])
    assert listed(db, 1) == []
    assert listed(db, 2) == ["http://logo"]
    assert listed(db, 3) == ["http://logo", "http://1-back"]


def test_old_further_pictures_are_pending_if_requested(
    db: sqlite3.Connection,
) -> None:
    fill(db)
    save_images(
        db,
        [
            Image(address=a, file=a, sha256=a, width=3, height=4)
            for a in ("http://1", "http://2-back")
        ],
    )
    db.execute("update image set date = '2020-01-01T00:00:00Z'")
    assert listed(db, 1, "2021-01-01T00:00:00Z")[-1] == "http://1"
    assert listed(db, 9, "2021-01-01T00:00:00Z")[-2:] == ["http://1", "http://2-back"]


def test_a_further_picture_without_a_product_is_not_pending(
    db: sqlite3.Connection,
) -> None:
    fill(db)
    save_images(db, [Image(address="http://1-back", error="HTTP 404")])
    save_import(db, TREE, [product("1", "belts", image="http://1")], [], "products.csv")
    assert "http://1-back" not in listed(db, 9)


def test_main_and_further_pictures_are_counted_separately(db: sqlite3.Connection) -> None:
    fill(db)
    save_images(
        db,
        [
            Image(address="http://1", file="1.jpg", sha256="1", width=3, height=4),
            Image(address="http://logo", error="HTTP 404"),
        ],
    )
    state = read_crawl(db)
    assert (state.pictures, state.waiting, state.further) == (1, 2, 2)
    assert state.broken == {"HTTP 404": 1}
