"""Categories rolled up to a depth."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.records import Category
from product_classifier.store.category_depth import category_chains, roll_up
from product_classifier.store.database import open_database
from tests.conftest import TREE, save_import


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (None, {"belts": "belts", "bootcut": "bootcut", "flare": "flare"}),
        (1, {"belts": "belts", "jeans": "jeans", "bootcut": "jeans", "flare": "jeans"}),
        (2, {"belts": "belts", "bootcut": "bootcut", "flare": "flare"}),
        (3, {"belts": "belts", "bootcut": "bootcut", "flare": "flare"}),
    ],
)
def test_a_depth_counts_from_below_the_root_and_shallow_leaves_stay(
    db: sqlite3.Connection, depth: int | None, expected: dict[str, str]
) -> None:
    save_import(db, TREE, [], [], "products.csv")
    assert roll_up(db, depth) == expected


def test_a_tree_without_a_root_is_rolled_up_alike(db: sqlite3.Connection) -> None:
    tree = [
        Category(id="a", name="", parent=None, path="a", leaf=False),
        Category(id="a/b", name="", parent="a", path="a/b", leaf=False),
        Category(id="a/b/c", name="", parent="a/b", path="a/b/c", leaf=True),
    ]
    save_import(db, tree, [], [], "products.csv")
    assert roll_up(db, 2) == {"a/b": "a/b", "a/b/c": "a/b"}
    assert category_chains(db)["a/b/c"] == ("a/b/c", "a/b", "a")


def test_a_cycle_of_categories_ends_the_chain(db: sqlite3.Connection) -> None:
    loop = [
        Category(id="a", name="", parent="b", path="a", leaf=False),
        Category(id="b", name="", parent="a", path="b", leaf=True),
    ]
    save_import(db, loop, [], [], "products.csv")
    assert category_chains(db) == {"a": ("a", "b"), "b": ("b", "a")}


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(1, 5))
def test_rolling_up_a_tree_equals_cutting_its_paths(parents: list[int], depth: int) -> None:
    paths = ["0"]
    for number, parent in enumerate(parents, 1):
        paths.append(f"{paths[parent % len(paths)]}/{number}")
    inner = {path.rpartition("/")[0] for path in paths}
    tree = [
        Category(
            id=path,
            name="",
            parent=path.rpartition("/")[0] or None,
            path=path,
            leaf=path not in inner,
        )
        for path in paths
    ]
    expected = {
        path: "/".join(path.split("/")[:depth])
        for path in paths
        if path not in inner or path.count("/") + 1 >= depth
    }
    with TemporaryDirectory() as folder, open_database(Path(folder) / "x.db", create=True) as db:
        save_import(db, tree, [], [], "products.csv")
        assert roll_up(db, depth) == expected
