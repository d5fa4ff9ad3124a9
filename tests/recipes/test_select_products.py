"""Selections: the products and labels, the messages, and repeating a recorded selection."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from product_classifier.errors import StoreError
from product_classifier.models.split import frozen_split
from product_classifier.recipes.select_products import select
from product_classifier.records import Dataset, Decided
from product_classifier.selection import Selection
from product_classifier.store.database import open_database
from product_classifier.store.dataset import read_identities
from product_classifier.store.decisions import import_decisions
from tests.conftest import TREE, product, save_import
from tests.consoles import Recorder, Tracker

WORDS = {
    "bootcut": ("Women's bootcut jeans in blue denim", "Jean femme coupe évasée en toile bleue"),
    "flare": ("Wide leg flared jeans for women", "Jean large taille haute pour femme"),
    "belts": ("Leather belt with a silver buckle", "Ceinture en cuir avec boucle argentée"),
}
SIZE = 60  # products of each leaf: a third of them French, some without any words


@pytest.fixture
def shop(db: sqlite3.Connection) -> sqlite3.Connection:
    products = [
        product(
            f"{leaf}-{k:02}", leaf, name=f"{k} 00" if k % 10 == 9 else f"{texts[k % 3 == 0]} {k}"
        )
        for leaf, texts in WORDS.items()
        for k in range(SIZE)
    ]
    products.append(product("both", "bootcut", "flare", name=f"{WORDS['flare'][0]} 99"))
    save_import(db, TREE, products, [], "products.csv")
    return db


def selected(db: sqlite3.Connection, **more: Any) -> tuple[Dataset, list[str]]:
    messages: list[str] = []
    dataset, _ = select(db, Selection(**{"min_per_category": 1, **more}), Recorder(messages))
    return dataset, messages


def ids(dataset: Dataset) -> set[str]:
    return {item.id for item in dataset.items}


def labels(dataset: Dataset) -> dict[str, list[str]]:
    names = [category.id for category in dataset.categories]
    return {item.id: [names[k] for k in item.labels] for item in dataset.items}


def add_split(db: sqlite3.Connection, **parts: str) -> None:
    """Give each product a part by the last digit of its id, and those in parts another one."""
    rows = [
        (id, "train" if id[-1] < "6" else "test") for (id,) in db.execute("select id from product")
    ]
    db.executemany("insert into given_part values (?, ?)", rows)
    for id, part in parts.items():
        db.execute("update given_part set part = ? where product_id = ?", (part, id))


def test_without_options_all_leaves_are_learned_and_nothing_is_printed(
    shop: sqlite3.Connection,
) -> None:
    dataset, messages = selected(shop)
    assert dataset.name == "all (3 categories)"
    assert dataset.settings == {"min_per_category": 1, "learned": ["belts", "bootcut", "flare"]}
    assert len(dataset.items) == 3 * SIZE + 1
    assert messages == []


def test_a_depth_is_learned_named_and_recorded(shop: sqlite3.Connection) -> None:
    dataset, _ = selected(shop, depth=1)
    assert dataset.name == "all (2 categories); depth 1"
    assert [category.path for category in dataset.categories] == ["belts", "jeans"]
    assert dataset.above == ((), ())
    assert labels(dataset)["both"] == ["jeans"]
    assert dataset.settings == {"min_per_category": 1, "depth": 1, "learned": ["belts", "jeans"]}
    leaves, _ = selected(shop)
    assert ids(dataset) == ids(leaves)
    assert {i.id: i.part for i in dataset.items} == {i.id: i.part for i in leaves.items}


def test_products_of_other_or_unknown_languages_are_left_out_and_counted(
    shop: sqlite3.Connection,
) -> None:
    dataset, messages = selected(shop, languages=("fr",))
    silent = {f"{leaf}-{k:02}" for leaf in WORDS for k in range(9, SIZE, 10)}
    french = {f"{leaf}-{k:02}" for leaf in WORDS for k in range(0, SIZE, 3)} - silent
    assert ids(dataset) == french
    assert messages == [f"language: en {181 - 18 - 54}; fr 54; unknown 18; kept 54"]
    assert dataset.settings["language"] == ["fr"]
    assert dataset.settings["languages"] == {"en": 109, "fr": 54, "": 18}
    assert dataset.name == "all (3 categories); language fr"
    both, messages = selected(shop, languages=("en", "fr"))
    assert len(both.items) == 181 - 18
    assert messages[0].endswith("; unknown 18; kept 163")


def test_a_category_must_be_large_enough_in_the_language(shop: sqlite3.Connection) -> None:
    with pytest.raises(StoreError, match="second largest leaf has 18"):
        selected(shop, languages=("fr",), min_per_category=19)
    with pytest.raises(
        StoreError, match=r"no product is in that language \(en 109; fr 54; unknown"
    ):
        selected(shop, languages=("pl",))


def test_languages_are_counted_in_the_chosen_categories_only(shop: sqlite3.Connection) -> None:
    _, messages = selected(shop, languages=("fr",), categories=("belts", "flare"))
    assert messages == ["language: en 73; fr 36; unknown 12; kept 36"]


def test_a_sample_is_smaller_named_and_recorded_and_keeps_the_parts_of_products(
    shop: sqlite3.Connection,
) -> None:
    dataset, messages = selected(shop, sample=0.1, sample_per_category=5)
    assert len(dataset.items) == 15
    assert dataset.name == "all (3 categories); sample 0.1; at most 5 of each category"
    assert dataset.settings["sample_seed"] == 0
    parts = frozen_split(read_identities(shop))
    assert all(item.part == parts[item.id] for item in dataset.items)
    assert ids(dataset) <= ids(selected(shop, sample=0.3)[0])
    assert messages == []


def test_a_sample_is_drawn_from_the_products_of_the_language(shop: sqlite3.Connection) -> None:
    french, _ = selected(shop, languages=("fr",))
    dataset, _ = selected(shop, languages=("fr",), sample=0.5)
    assert ids(dataset) < ids(french)
    assert len(dataset.items) == 27


def test_the_split_that_the_catalogue_came_with_is_used(shop: sqlite3.Connection) -> None:
    add_split(shop)
    shop.execute("update given_part set part = 'validation' where product_id like '%5'")
    shop.execute("delete from given_part where product_id like '%8'")
    dataset, messages = selected(shop, given_split=True)
    assert messages[0] == "given split: 18 products have no part and are left out"
    expected = {"5": {"tuning", "calibration"}, "6": {"test"}, "7": {"test"}, "9": {"test"}}
    for item in dataset.items:
        last = item.id[-1]
        assert item.part in expected.get(last, {"test"} if item.id == "both" else {"train"})
    assert dataset.name.endswith("; given split")
    assert dataset.settings["given_split"] is True
    assert dataset.settings["without_part"] == 18


def test_a_given_split_that_divides_duplicate_groups_is_reported(shop: sqlite3.Connection) -> None:
    add_split(shop)
    _, messages = selected(shop, given_split=True)
    assert len(messages) == 1
    twins = [product(f"twin-{k}", "belts", name="the very same belt") for k in (5, 6, 7)]
    save_import(shop, [], twins, [], "twins.csv")
    shop.executemany(
        "insert into given_part values (?, ?)",
        [("twin-5", "train"), ("twin-6", "test"), ("twin-7", "test")],
    )
    dataset, messages = selected(shop, given_split=True)
    assert messages[1].startswith(
        "given split: 1 duplicate groups have products in more than one part"
    )
    assert dataset.settings["divided_groups"] == 1


def test_a_given_split_never_has_the_hash_of_the_frozen_one(shop: sqlite3.Connection) -> None:
    parts = frozen_split(read_identities(shop))
    for id, part in parts.items():
        if part in ("tuning", "calibration"):
            shop.execute("delete from product where id = ?", (id,))
        else:
            shop.execute("insert into given_part values (?, ?)", (id, part))
    # or a tenth of the training part would be taken
    save_import(shop, [], [product("in no category")], [], "more.csv")
    shop.execute("insert into given_part values ('in no category', 'validation')")
    own, frozen = selected(shop, given_split=True)[0], selected(shop)[0]
    assert own.items == frozen.items
    assert own.split != frozen.split


def test_a_catalogue_without_split_and_an_empty_one_are_errors_with_the_remedy(
    shop: sqlite3.Connection,
) -> None:
    with pytest.raises(StoreError, match="leave out --given-split"):
        selected(shop, given_split=True)
    shop.execute("delete from product")
    with pytest.raises(StoreError, match=r"no products; run crawl\.py first"):
        selected(shop)


def test_a_given_split_without_a_test_part_is_an_error(shop: sqlite3.Connection) -> None:
    add_split(shop)
    shop.execute("update given_part set part = 'train'")
    with pytest.raises(StoreError, match="is in the test part of the catalogue's own split"):
        selected(shop, given_split=True)


OPTIONS: list[dict[str, Any]] = [
    {"depth": 1},
    {"languages": ("en",)},
    {"sample": 0.4, "sample_seed": 3},
    {"sample_per_category": 15},
    {"given_split": True},
]


@pytest.mark.parametrize(
    "options", [pair for n in (1, 2, 5) for pair in itertools.combinations(OPTIONS, n)]
)
def test_a_recorded_selection_selects_the_same_products_again(
    shop: sqlite3.Connection, options: tuple[dict[str, Any], ...]
) -> None:
    add_split(shop, **{"belts-01": "validation"})
    import_decisions(
        shop, [Decided(2, "belts-02", "ambiguous"), Decided(3, "belts-04", "flare")], "Ada"
    )
    combined = {name: value for each in options for name, value in each.items()}
    dataset, _ = selected(shop, **combined)
    again, _ = select(shop, Selection.recorded(dataset.settings))
    assert again.items == dataset.items
    assert again.categories == dataset.categories
    assert again.split == dataset.split


def test_while_languages_are_detected_a_crawl_can_commit(
    shop: sqlite3.Connection, tmp_path: Path
) -> None:
    with open_database(tmp_path / "crawl.db") as crawl:
        crawl.execute("pragma busy_timeout = 0")

        def track(items: Any, label: str, total: int | None = None) -> Any:
            for number, item in enumerate(items):
                if not number:
                    save_import(
                        crawl, [], [product("new", "belts", name="Ceinture")], [], "new.csv"
                    )
                yield item

        dataset, _ = select(shop, Selection(languages=("fr",), min_per_category=1), Tracker(track))
    # 18 and the new product, whose language was not detected
    assert dataset.settings["languages"][""] == 19
