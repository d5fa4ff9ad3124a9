"""The pictures of a product that take part, with and without marks."""

from __future__ import annotations

import random
import sqlite3

import pytest

from product_classifier.models.split import frozen_split
from product_classifier.records import Item
from product_classifier.store.dataset import read_identities
from product_classifier.store.product_pictures import (
    read_distinct_pictures,
    read_uncategorized,
    save_scores,
)
from tests.conftest import dataset_of, shop
from tests.store.test_marks import fill


def mark(db: sqlite3.Connection, names: str) -> None:
    save_scores(db, [(name, 0.9) for name in names], "m1", "zoomed", 0.5)


def told(item: Item) -> tuple[str, str, int]:
    """Name the main picture, the further ones, and how many marked ones are left out."""
    main = item.image.address if item.image else ""
    return main, "".join(image.address for image in item.more_images), item.marked_images


@pytest.mark.parametrize(
    ("pictures", "broken", "marked", "asked", "shown"),
    [
        ("abc", "", "", 1, ("a", "", 0)),
        ("abc", "", "b", 1, ("a", "", 0)),
        ("abc", "", "a", 1, ("b", "", 1)),  # the first further one takes its place
        ("abc", "b", "a", 1, ("c", "", 1)),  # that is complete
        ("abc", "", "ab", 1, ("c", "", 1)),  # and not marked
        ("abc", "", "abc", 1, ("a", "", 0)),  # unless all are marked
        ("abc", "bc", "a", 1, ("a", "", 0)),
        ("a", "", "a", 1, ("a", "", 0)),
        ("abc", "", "b", 3, ("a", "c", 1)),
        ("abc", "", "a", 3, ("b", "c", 1)),
        ("abc", "", "ab", 3, ("c", "", 2)),
        ("abc", "", "abc", 3, ("a", "bc", 0)),
        ("abcd", "", "abc", 2, ("d", "", 2)),
        ("abc", "a", "", 1, ("", "", 0)),  # a main picture that is not there is no marked one
        ("abc", "a", "b", 3, ("", "c", 1)),
        ("abcd", "a", "bc", 3, ("", "d", 2)),
        ("abc", "a", "bc", 3, ("", "bc", 0)),
    ],
)
def test_marked_pictures_are_left_out_unless_a_product_has_no_others(
    db: sqlite3.Connection,
    pictures: str,
    broken: str,
    marked: str,
    asked: int,
    shown: tuple[str, str, int],
) -> None:
    shop(db)
    fill(db, pictures, broken=broken)
    parts = frozen_split(read_identities(db))
    mark(db, marked)
    dataset = dataset_of(db, parts, ("belts", "flare"), asked)
    [item] = [item for item in dataset.items if item.id == "0"]
    assert told(item) == shown
    assert dataset.marked_images == shown[2]
    db.execute("delete from product_category where product_id = '0'")
    [unfiled] = read_uncategorized(db, images_per_product=asked)
    assert told(unfiled) == shown
    assert frozen_split(read_identities(db)) == parts


def by_hand(pictures: str, broken: str, marked: str, asked: int) -> tuple[str, str, int]:
    """Choose the pictures of a product one by one."""
    there = [(place, name) for place, name in enumerate(pictures) if name not in broken]
    usual = [name for place, name in there if place < asked]
    good = [name for name in usual if name not in marked]
    for _, name in there:
        if usual and not good and name not in marked:
            good.append(name)
    chosen = good or usual
    main = chosen.pop(0) if pictures[0] not in broken else ""
    return main, "".join(chosen), sum(name not in main + "".join(chosen) for name in usual)


def test_the_pictures_of_a_random_catalogue_are_those_of_a_simple_model(
    db: sqlite3.Connection,
) -> None:
    chance = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    shop(db)
    pictures = ["".join(chance.sample(letters, chance.randint(1, 5))) for _ in range(300)]
    broken, marked = ("".join(chance.sample(letters, 8)) for _ in range(2))
    fill(db, *pictures, broken=broken)
    mark(db, marked)
    for asked in (1, 2, 3, 5):
        dataset = dataset_of(db, frozen_split(read_identities(db)), ("belts", "flare"), asked)
        shown = {item.id: told(item) for item in dataset.items if item.id.isdigit()}
        assert shown == {
            str(k): by_hand(some, broken, marked, asked) for k, some in enumerate(pictures)
        }


def test_a_student_learns_from_marked_pictures_too(db: sqlite3.Connection) -> None:
    fill(db, "ab", "c")
    parts = frozen_split(read_identities(db))
    mark(db, "ac")
    assert [image.address for image in read_distinct_pictures(db, parts)] == ["a", "c"]
