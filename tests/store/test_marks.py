"""Marks on pictures: unscored pictures, and thresholds on stored scores."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from product_classifier.records import Image
from product_classifier.store.catalogue_summary import read_crawl
from product_classifier.store.product_pictures import (
    MarkCounts,
    count_marks,
    move_threshold,
    read_unscored,
    save_scores,
)
from product_classifier.store.products import save_images
from tests.conftest import TREE, product, save_import

MODEL = ("m1", "zoomed")
MARKS = "select sha256, label, score, marked, model from image_mark"


def fill(db: sqlite3.Connection, *pictures: Sequence[str], broken: Sequence[str] = ()) -> None:
    """Store products with pictures a, b, c; what is named alike has the same address and bytes."""
    products = [
        product(str(k), "belts", image=shown[0], more=tuple(shown[1:]))
        for k, shown in enumerate(pictures)
    ]
    save_import(db, TREE, products, [], "products.csv")
    names = {name for shown in pictures for name in shown} - set(broken)
    save_images(db, [picture(name) for name in sorted(names)])
    save_images(db, [Image(address=name, error="HTTP 404") for name in broken])


def picture(name: str) -> Image:
    """Name its bytes by the first letter: a and a2 are the same picture at two addresses."""
    return Image(address=name, file=f"{name[0]}.jpg", sha256=name[0], width=3, height=4)


def score(db: sqlite3.Connection, threshold: float = 0.5, **scores: float) -> None:
    save_scores(db, scores.items(), *MODEL, threshold)


def unscored(db: sqlite3.Connection, model: str = "m1", label: str = "zoomed") -> list[str]:
    return [str(image.sha256) for image in read_unscored(db, model, label)]


def test_each_complete_picture_is_scored_once_by_each_network_and_label(
    db: sqlite3.Connection,
) -> None:
    fill(db, ["a", "b"], ["a2", "c"], ["d"], broken=["d"])
    assert read_unscored(db, *MODEL) == [picture(name) for name in "abc"]
    score(db, a=0.9, c=0.1)
    assert unscored(db) == ["b"]
    assert unscored(db, model="m2") == ["a", "b", "c"]
    assert unscored(db, label="logo") == ["a", "b", "c"]
    save_images(db, [picture("d")])
    assert unscored(db) == ["b", "d"]


def test_pictures_are_marked_from_the_threshold_and_again_by_another_network(
    db: sqlite3.Connection,
) -> None:
    fill(db, ["a", "b", "c"])
    score(db, a=0.5, b=0.499, c=1.0)
    assert db.execute(MARKS).fetchall() == [
        ("a", "zoomed", 0.5, 1, "m1"),
        ("b", "zoomed", 0.499, 0, "m1"),
        ("c", "zoomed", 1.0, 1, "m1"),
    ]
    save_scores(db, [("a", 0.2)], "m2", "logo", 0.1)
    assert db.execute(MARKS).fetchone() == ("a", "logo", 0.2, 1, "m2")


@pytest.mark.parametrize(("threshold", "marked"), [(0.2, "abc"), (0.5, "ab"), (0.6, "b"), (1, "")])
def test_another_threshold_applies_to_the_stored_scores_of_its_network_alone(
    db: sqlite3.Connection, threshold: float, marked: str
) -> None:
    fill(db, ["a", "b", "c", "d", "e"])
    score(db, a=0.5, b=0.9, c=0.3)
    save_scores(db, [("d", 0.9)], "m2", "zoomed", 0.5)
    save_scores(db, [("e", 0.9)], "m1", "logo", 0.5)
    db.execute("update image_mark set date = 'old'")
    move_threshold(db, *MODEL, threshold)
    found = db.execute("select sha256 from image_mark where marked order by 1").fetchall()
    assert found == [(name,) for name in f"{marked}de"]
    assert db.execute("select distinct date from image_mark").fetchall() == [("old",)]


def test_pictures_are_counted_by_address_and_products_without_unmarked_ones(
    db: sqlite3.Connection,
) -> None:
    fill(db, ["a"], ["a2", "b"], ["a", "x"], ["c", "a"], ["d"], ["x"], broken=["x", "d"])
    score(db, a=0.9, b=0.1, c=0.8)
    # 0 has a alone; 2 has a and a broken one; 3 has two marked ones; 4 and 5 have none
    assert count_marks(db, *MODEL) == MarkCounts(looked_at=4, marked=3, marked_only=3)
    assert count_marks(db, "m2", "zoomed") == MarkCounts(0, 0, marked_only=3)
    assert read_crawl(db).marked == {"zoomed": 3}
    move_threshold(db, *MODEL, 1)
    assert count_marks(db, *MODEL) == MarkCounts(4, 0, 0)
    assert read_crawl(db).marked == {}
