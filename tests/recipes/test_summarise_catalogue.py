"""Summaries of small catalogues, complete and broken, compared with brute-force counts."""

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


def summary_of(db: sqlite3.Connection) -> CatalogueSummary:
    """Return the summary of a catalogue, which all three formats can show."""
    summary, sheet = read_catalogue(db, SILENT)
    assert sheet is None
    assert catalogue_text(summary)
    assert json.loads(json.dumps(catalogue_values(summary)))["state"]["products"]
    assert "<h2>Categories</h2>" in catalogue_page(summary)
    return summary


def test_an_empty_database_is_an_error_with_the_remedy(db: sqlite3.Connection) -> None:
    with pytest.raises(StoreError, match=r"no products; run crawl\.py first"):
        read_catalogue(db, SILENT)


def test_a_complete_catalogue_is_counted(db: sqlite3.Connection) -> None:
    shop(db, per_leaf=30)
    summary = summary_of(db)
    assert summary.state.products == 90
    assert [(category.path, category.products) for category in summary.categories] == [
        *(("jeans", 60), ("belts", 30), ("jeans/bootcut", 30), ("jeans/flare", 30)),
        ("", 0),
    ]
    assert summary.kept == [
        KeptLeaves(1, 3, 90),
        KeptLeaves(20, 3, 90),
        KeptLeaves(100, 0, 0),
        KeptLeaves(1000, 0, 0),
    ]
    assert summary.names[0].before == Quantiles(4, 4, 4, 4, 4)
    assert summary.vocabulary.products == 90
    assert summary.languages.products == sum(count for _, count in summary.languages.counts) == 90


def test_products_without_category_or_picture_are_counted(db: sqlite3.Connection) -> None:
    products = [product("a"), product("b", name="blue belt")]
    save_import(db, [], products, [], "products.csv")
    summary = summary_of(db)
    assert summary.filed == FilingCounts(2, 0, 0, 0)
    assert (summary.levels, summary.categories) == ([], [])
    assert summary.picture_sizes.pictures == 0
    assert any("are in no category" in remark for remark in catalogue_advice(summary))


def test_a_catalogue_may_have_one_product(db: sqlite3.Connection) -> None:
    save_import(db, TREE, [product("a", "belts", name="<b>Wide</b> dark-blue belt")], [], "x.csv")
    summary = summary_of(db)
    assert summary.names[0].before == Quantiles(3, 3, 3, 3, 3)
    assert summary.names[0].after == Quantiles(4, 4, 4, 4, 4)
    assert {word for word, *_ in summary.vocabulary.commonest} == {"wide", "dark", "blue", "belt"}


def test_categories_that_are_their_own_ancestors_are_reported(db: sqlite3.Connection) -> None:
    tree = [
        Category(id=name, name=name, parent=up, path=name, leaf=False)
        for name, up in (("a", "b"), ("b", "a"))
    ]
    tree.append(Category(id="c", name="c", parent="b", path="b/c", leaf=True))
    save_import(db, tree, [product("1", "a"), product("2", "c")], [], "x.csv")
    summary = summary_of(db)
    sizes = {category.path: category.products for category in summary.categories}
    assert sizes == {
        "a": 2,
        "b": 2,
        "b/c": 1,
    }
    assert any(
        remark.startswith("2 categories are their own ancestors")
        for remark in catalogue_advice(summary)
    )


def test_categories_of_the_same_name_are_labelled_by_path(db: sqlite3.Connection) -> None:
    tree = [
        Category(id=name, name=name, parent=None, path=name, leaf=False)
        for name in ("men", "women")
    ]
    tree += [
        Category(id=f"{up}/hats", name="Hats", parent=up, path=f"{up}/hats", leaf=True)
        for up in ("men", "women")
    ]
    save_import(db, tree, [product("1", "men/hats"), product("2", "women/hats")], [], "x.csv")
    summary = summary_of(db)
    leaves = [category for category in summary.categories if category.leaf]
    assert [leaf.label for leaf in leaves] == [
        "men/hats",
        "women/hats",
    ]
    assert any("such as Hats by 2" in remark for remark in catalogue_advice(summary))


def test_pictures_are_counted_by_their_state(db: sqlite3.Connection) -> None:
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
            Image(address="gone.jpg", file="g", sha256="gg", width=1, height=1),  # of no product
        ],
    )
    summary = summary_of(db)
    state = summary.state
    assert (state.no_picture, state.waiting_pictures, state.lost_pictures) == (1, 1, 1)
    assert state.reasons == {"HTTP 404": 1}
    pictures = {
        category.path: (category.pictures, category.pictured) for category in summary.categories
    }
    assert pictures["belts"] == (3, 2)
    assert pictures["jeans/flare"] == (0, 0)
    assert (summary.picture_sizes.pictures, summary.picture_sizes.small) == (2, 2)
    assert (summary.same_picture.groups, summary.same_picture.contradicting) == (1, 0)


def test_a_decision_can_resolve_a_contradiction(db: sqlite3.Connection) -> None:
    products = [product("a", "belts", name="belt"), product("b", "flare", name="belt")]
    save_import(db, TREE, products, [], "x.csv")
    assert summary_of(db).same_words.contradicting == 1
    import_decisions(db, [Decided(2, "b", "belts")], "Ada")
    summary = summary_of(db)
    assert summary.same_words.contradicting == 0
    assert summary.state.decided == {"move": 1}


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
def test_counts_equal_those_of_a_brute_force_twin(
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
        summary, _ = read_catalogue(db, SILENT)
        groups = duplicate_groups(db)
        against = contradicting(db, groups)
    either = summary.same_either
    assert (either.groups, either.products) == (len(groups), sum(map(len, groups)))
    assert (either.contradicting, either.contradicted) == (len(against), sum(map(len, against)))
    parents = {category.id: category.parent for category in TREE}
    inside = defaultdict(set)
    for entry in entries:
        for category in entry.categories:
            while category not in ("women", "all"):
                inside[category].add(entry.id)
                category = parents[category] or "all"
    counted = {
        category.id: category.products for category in summary.categories if category.id != "women"
    }
    assert counted == {category: len(inside[category]) for category in LEAVES}


def test_the_summary_of_a_large_catalogue_is_of_a_sample_and_says_so(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(db, per_leaf=30)
    monkeypatch.setattr(summarise_catalogue, "WORDS_OF", 40)
    monkeypatch.setattr(summarise_catalogue, "LANGUAGES_OF", 20)
    summary = summary_of(db)
    assert (summary.vocabulary.products, summary.languages.products) == (40, 20)
    assert summary.same_words.products == 0  # counted in all products
    text = catalogue_text(summary)
    assert "of 40 of 90 products, chosen at random (seed 0)" in text
    assert "of 20 of 90 products, chosen at random (seed 0)" in text
    assert summary_of(db) == summary


def test_the_page_shows_random_products_of_every_leaf_with_their_pictures(
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


def test_without_leaves_the_page_shows_any_products(db: sqlite3.Connection, tmp_path: Path) -> None:
    save_import(db, [], [product("a"), product("b")], [], "x.csv")
    summary, sheet = read_catalogue(db, SILENT, ImageFolder(tmp_path))
    assert sheet
    assert [(shelf.title, len(shelf.tiles)) for shelf in sheet.leaves] == [("without a leaf", 2)]
    assert "From all products (seed 0)." in catalogue_page(summary, sheet)
