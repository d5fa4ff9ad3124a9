"""What is told of small catalogues, whole ones and broken ones, beside twins that count slowly."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from product_classifier.console import SILENT
from product_classifier.errors import StoreError
from product_classifier.evaluate.catalogue_summary import (
    CatalogueSummary,
    FilingCounts,
    KeptLeaves,
    Quantiles,
)
from product_classifier.recipes import summarise_catalogue
from product_classifier.recipes.find_label_errors import contradicting, duplicate_groups
from product_classifier.recipes.summarise_catalogue import read_catalogue
from product_classifier.records import Category, Decided, Image, Product
from product_classifier.report.catalogue_advice import catalogue_advice
from product_classifier.report.catalogue_summary import (
    catalogue_page,
    catalogue_text,
    catalogue_values,
)
from product_classifier.store.database import open_database
from product_classifier.store.decisions import import_decisions
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.products import save_images
from tests.conftest import TREE, jpeg, product, save_import, shop


def told(db: sqlite3.Connection) -> CatalogueSummary:
    """Read a catalogue, and see that it can be told in all ways."""
    found, sheet = read_catalogue(db, SILENT)
    assert sheet is None
    assert catalogue_text(found)
    assert json.loads(json.dumps(catalogue_values(found)))["state"]["products"]
    assert "<h2>Categories</h2>" in catalogue_page(found)
    return found


def test_an_empty_database_is_refused_with_what_to_do(db: sqlite3.Connection) -> None:
    with pytest.raises(StoreError, match=r"no products; run crawl\.py first"):
        read_catalogue(db, SILENT)


def test_a_whole_catalogue_is_counted(db: sqlite3.Connection) -> None:
    shop(db, per_leaf=30)
    found = told(db)
    assert found.state.products == 90
    assert [(one.path, one.products) for one in found.categories] == [
        *(("jeans", 60), ("belts", 30), ("jeans/bootcut", 30), ("jeans/flare", 30)),
        ("", 0),
    ]
    assert found.kept == [
        KeptLeaves(1, 3, 90),
        KeptLeaves(20, 3, 90),
        KeptLeaves(100, 0, 0),
        KeptLeaves(1000, 0, 0),
    ]
    assert found.names[0].before == Quantiles(4, 4, 4, 4, 4)
    assert found.vocabulary.products == 90
    assert found.languages.products == sum(count for _, count in found.languages.counts) == 90


def test_products_without_category_or_picture_are_told(db: sqlite3.Connection) -> None:
    products = [product("a"), product("b", name="blue belt")]
    save_import(db, [], products, [], "products.csv")
    found = told(db)
    assert found.filed == FilingCounts(2, 0, 0, 0)
    assert (found.levels, found.categories) == ([], [])
    assert found.picture_sizes.pictures == 0
    assert any("are in no category" in remark for remark in catalogue_advice(found))


def test_one_product_is_a_catalogue(db: sqlite3.Connection) -> None:
    save_import(db, TREE, [product("a", "belts", name="<b>Wide</b> dark-blue belt")], [], "x.csv")
    found = told(db)
    assert found.names[0].before == Quantiles(3, 3, 3, 3, 3)
    assert found.names[0].after == Quantiles(4, 4, 4, 4, 4)
    assert {word for word, *_ in found.vocabulary.commonest} == {"wide", "dark", "blue", "belt"}


def test_a_category_that_lies_above_itself_is_told(db: sqlite3.Connection) -> None:
    tree = [
        Category(id=name, name=name, parent=up, path=name, leaf=False)
        for name, up in (("a", "b"), ("b", "a"))
    ]
    tree.append(Category(id="c", name="c", parent="b", path="b/c", leaf=True))
    save_import(db, tree, [product("1", "a"), product("2", "c")], [], "x.csv")
    found = told(db)
    assert {one.path: one.products for one in found.categories} == {"a": 2, "b": 2, "b/c": 1}
    assert any(
        remark.startswith("2 categories are their own ancestors")
        for remark in catalogue_advice(found)
    )


def test_categories_of_the_same_name_are_told_apart_by_path(db: sqlite3.Connection) -> None:
    tree = [
        Category(id=name, name=name, parent=None, path=name, leaf=False)
        for name in ("men", "women")
    ]
    tree += [
        Category(id=f"{up}/hats", name="Hats", parent=up, path=f"{up}/hats", leaf=True)
        for up in ("men", "women")
    ]
    save_import(db, tree, [product("1", "men/hats"), product("2", "women/hats")], [], "x.csv")
    found = told(db)
    assert [one.label for one in found.categories if one.leaf] == ["men/hats", "women/hats"]
    assert any("such as Hats by 2" in remark for remark in catalogue_advice(found))


def test_pictures_are_told_by_what_became_of_them(db: sqlite3.Connection) -> None:
    products = [
        product("a", "belts", image="a.jpg", more=("b.jpg", "c.jpg")),
        product("b", "belts", image="b.jpg"),
        product("c", "belts", image="c.jpg"),
        product("d", "flare", image="d.jpg"),
        product("e", "flare"),
    ]
    save_import(db, TREE, products, [], "x.csv")
    save_images(
        db,
        [
            Image(address="a.jpg", file="a", sha256="aa", width=90, height=400),
            Image(address="b.jpg", file="b", sha256="aa", width=90, height=400),
            Image(address="c.jpg", error="HTTP 404"),
            Image(
                address="gone.jpg", file="g", sha256="gg", width=1, height=1
            ),  # no product shows it any more
        ],
    )
    found = told(db)
    state = found.state
    assert (state.no_picture, state.waiting_pictures, state.lost_pictures) == (1, 1, 1)
    assert state.reasons == {"HTTP 404": 1}
    pictures = {one.path: (one.pictures, one.pictured) for one in found.categories}
    assert pictures["belts"] == (3, 2)
    assert pictures["jeans/flare"] == (0, 0)
    assert (found.picture_sizes.pictures, found.picture_sizes.small) == (2, 2)
    assert (found.same_picture.groups, found.same_picture.contradicting) == (1, 0)


def test_what_persons_have_decided_mends_a_contradiction(db: sqlite3.Connection) -> None:
    products = [product("a", "belts", name="belt"), product("b", "flare", name="belt")]
    save_import(db, TREE, products, [], "x.csv")
    assert told(db).same_words.contradicting == 1
    import_decisions(db, [Decided(2, "b", "belts")], "Ada")
    found = told(db)
    assert found.same_words.contradicting == 0
    assert found.state.decided == {"move": 1}


LEAVES = [category.id for category in TREE if category.id != "women"]
PRODUCTS = st.lists(
    st.tuples(
        st.sampled_from(["", "belt", "Belt", "<b>belt</b>", "hat"]),
        st.sampled_from([None, "x.jpg", "y.jpg", "z.jpg"]),
        st.sets(st.sampled_from(LEAVES), max_size=3),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PRODUCTS)
def test_counts_are_those_of_twins_that_look_at_each_product(
    tmp_path_factory: pytest.TempPathFactory,
    products: list[tuple[str, str | None, set[str]]],
) -> None:
    path = tmp_path_factory.mktemp("twin") / "crawl.db"
    with open_database(path, create=True) as db:
        entries = [
            Product(
                id=str(k), name=name, description="", categories=tuple(sorted(filed)), image=image
            )
            for k, (name, image, filed) in enumerate(products)
        ]
        save_import(db, TREE, entries, [], "x.csv")
        same = [
            Image(address=name, file="f", sha256="ab", width=5, height=5)
            for name in ("x.jpg", "y.jpg")
        ]
        save_images(db, [*same, Image(address="z.jpg", file="z", sha256="cd", width=5, height=5)])
        found, _ = read_catalogue(db, SILENT)
        groups = duplicate_groups(db)
        against = contradicting(db, groups)
    either = found.same_either
    assert (either.groups, either.products) == (len(groups), sum(map(len, groups)))
    assert (either.contradicting, either.contradicted) == (len(against), sum(map(len, against)))
    parents = {category.id: category.parent for category in TREE}
    inside = defaultdict(set)
    for entry in entries:
        for category in entry.categories:
            while category not in ("women", "all"):
                inside[category].add(entry.id)
                category = parents[category] or "all"
    counted = {one.id: one.products for one in found.categories if one.id != "women"}
    assert counted == {category: len(inside[category]) for category in LEAVES}


def test_a_large_catalogue_is_sampled_and_says_so(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(db, per_leaf=30)
    monkeypatch.setattr(summarise_catalogue, "WORDS_OF", 40)
    monkeypatch.setattr(summarise_catalogue, "LANGUAGES_OF", 20)
    found = told(db)
    assert (found.vocabulary.products, found.languages.products) == (40, 20)
    assert found.same_words.products == 0  # exact all the same
    text = catalogue_text(found)
    assert "of 40 of 90 products, chosen at random (seed 0)" in text
    assert "of 20 of 90 products, chosen at random (seed 0)" in text
    assert told(db) == found


def test_products_are_drawn_from_every_leaf_with_their_pictures(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    folder = ImageFolder(tmp_path)
    file, digest = folder.put(jpeg(), "jpg")
    folder.keep()
    entries = [
        product(f"{leaf}{k}", leaf, image="a.jpg") for leaf in ("belts", "flare") for k in range(9)
    ]
    save_import(db, TREE, entries, [], "x.csv")
    save_images(db, [Image(address="a.jpg", file=file, sha256=digest, width=30, height=40)])
    _, sheet = read_catalogue(db, SILENT, folder)
    assert sheet
    assert [(shelf.title, shelf.note, len(shelf.tiles)) for shelf in sheet.leaves] == [
        ("belts", "9 products", 6),
        ("jeans/flare", "9 products", 6),
    ]
    for shelf, leaf in zip(sheet.leaves, ("belts", "flare"), strict=True):
        names = [tile.name for tile in shelf.tiles]
        assert len(set(names)) == 6
        assert all(name.startswith(f"product {leaf}") for name in names)
        assert all(tile.thumbnail for tile in shelf.tiles)
    assert sheet.shared
    assert [tile.note for tile in sheet.shared.tiles] == ["shown by 18 products"]
    assert read_catalogue(db, SILENT, folder)[1] == sheet


def test_without_leaves_products_are_drawn_from_all(db: sqlite3.Connection, tmp_path: Path) -> None:
    save_import(db, [], [product("a"), product("b")], [], "x.csv")
    found, sheet = read_catalogue(db, SILENT, ImageFolder(tmp_path))
    assert sheet
    assert [(shelf.title, len(shelf.tiles)) for shelf in sheet.leaves] == [("without a leaf", 2)]
    assert "From all products (seed 0)." in catalogue_page(found, sheet)
