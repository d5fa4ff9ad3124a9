"""Imports with ids at several places, against a simple model."""

import random
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from product_classifier.records import Category, Entry, Product, Skipped
from product_classifier.store import importing
from product_classifier.store.database import open_database

CATEGORIES = [Category(id=name, name=name, parent=None, path=name, leaf=True) for name in "abcd"]
Facts = dict[str, tuple[object, ...]]


def twin(imports: Iterable[Sequence[Product]]) -> tuple[Facts, list[str]]:
    """Follow the rule: of an import the first place counts, and a later import replaces it."""
    stored: dict[str, Product] = {}
    filed: dict[str, set[str]] = {}
    skipped: list[str] = []
    for products in imports:
        met: set[str] = set()
        skipped = []
        for product in products:
            if product.id not in met:
                stored[product.id], filed[product.id] = product, set(product.categories)
            elif product.facts != stored[product.id].facts:
                skipped.append(product.place)
                continue
            met.add(product.id)
            filed[product.id] |= set(product.categories)
    facts: Facts = {
        identity: (
            *(product.name, product.description, product.image, product.more_images),
            *(product.categories[0] if product.categories else None, product.part),
            tuple(sorted(filed[identity])),
        )
        for identity, product in stored.items()
    }
    return facts, skipped


def stored(db: sqlite3.Connection) -> Facts:
    def listed(table: str, column: str, order: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        query = f"select product_id, {column} from {table} order by product_id, {order}"
        for identity, value in db.execute(query):
            found[identity] = (*found.get(identity, ()), value)
        return found

    more = listed("product_image", "address", "place")
    filed = listed("product_category", "category_id", "category_id")
    parts = dict(db.execute("select product_id, part from given_part").fetchall())
    return {
        identity: (
            *(name, description, image, more.get(identity, ())),
            *(category, parts.get(identity), filed.get(identity, ())),
        )
        for identity, name, description, image, category in db.execute(
            "select id, name, description, image, category_id from product"
        )
    }


def some_products(chance: random.Random) -> list[Product]:
    """Draw products of few ids, so that most stand in several places, often with other facts."""
    return [
        Product(
            id=str(chance.randrange(30)),
            name=chance.choice(["Boot", "Boot", "Boot", "Shoe"]),
            description="",
            categories=tuple(chance.sample("abcd", chance.randrange(3))),
            image=chance.choice([None, "http://a/1.jpg"]) if chance.random() < 0.1 else None,
            more_images=("http://a/2.jpg",) if chance.random() < 0.2 else (),
            part=chance.choice([None, None, "train"]),
            place=f"products.csv line {line}",
        )
        for line in range(chance.randrange(1, 80))
    ]


@pytest.mark.parametrize("seed", range(40))
def test_ids_at_several_places_are_stored_as_by_a_simple_model(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    imports = [some_products(chance) for _ in range(3)]
    with open_database(tmp_path / "crawl.db", create=True) as db:
        for products in imports:
            entries: list[Entry] = [*CATEGORIES, *products]
            if chance.random() < 0.5:  # categories may come between products
                entries = [*CATEGORIES, *products[:20], *CATEGORIES, *products[20:]]
            told: list[Skipped] = []
            importing.save_import(db, entries, "products.csv", told.append)
        facts, skipped = twin(imports)
        assert stored(db) == facts
        assert [entry.item for entry in told] == skipped
        for name, count in db.execute("select id, product_count from category"):
            assert count == sum(name in fact[-1] for fact in facts.values())  # type: ignore[operator]


def test_twenty_thousand_rows_of_one_id_take_seconds(db: sqlite3.Connection) -> None:
    products = [
        Product(id="1", name="Boot", description="", categories=("a",), image=None)
        for _ in range(20_000)
    ]
    started = time.process_time()
    importing.save_import(db, [*CATEGORIES, *products], "products.csv")
    assert time.process_time() - started < 2
    assert db.execute("select count(*) from product").fetchall() == [(1,)]


def test_skipped_rows_beyond_a_limit_are_counted_only(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_SKIPPED", 10)
    skipped = [Skipped("product", f"a.csv line {k}", "no id") for k in range(30)]
    told: list[Skipped] = []
    importing.save_import(db, skipped, "a.csv", told.append)
    assert len(told) == 30
    rows = db.execute("select item, reason from skipped order by rowid").fetchall()
    assert [item for item, _ in rows] == [*(f"a.csv line {k}" for k in range(10)), "a.csv …"]
    assert rows[-1] == ("a.csv …", "20 more are not listed")
    importing.save_import(db, skipped[:3], "a.csv")
    assert db.execute("select count(*) from skipped").fetchall() == [(3,)]


def test_a_category_is_a_leaf_until_a_later_import_puts_one_below_it(
    db: sqlite3.Connection,
) -> None:
    def leaves() -> list[str]:
        return [name for (name,) in db.execute("select id from category where leaf order by id")]

    importing.save_import(
        db, [Category(id="a", name="a", parent=None, path="a", leaf=True)], "a.csv"
    )
    assert leaves() == ["a"]
    importing.save_import(
        db, [Category(id="a/b", name="b", parent="a", path="a/b", leaf=True)], "b.csv"
    )
    assert leaves() == ["a/b"]
    importing.save_import(
        db, [Category(id="a", name="a", parent=None, path="a", leaf=True)], "a.csv"
    )
    assert leaves() == ["a/b"]
