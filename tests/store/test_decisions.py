"""Decisions of people about labels, and the true categories after them."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter

import pytest

from product_classifier.evaluate.accuracy import figures
from product_classifier.predictions import Experiment, Prediction
from product_classifier.printable import printable
from product_classifier.records import Category, Decided
from product_classifier.store.decisions import Imported, import_decisions
from product_classifier.store.experiments import read_mistakes, read_outcomes, save_experiment
from tests.conftest import TREE, dataset_of, product, save_import

PRODUCTS = [
    *(product(f"belt{k}", "belts") for k in range(5)),
    *(product(f"flare{k}", "flare") for k in range(4)),
    product("both", "bootcut", "flare"),
]


@pytest.fixture
def filled(db: sqlite3.Connection) -> sqlite3.Connection:
    save_import(db, TREE, PRODUCTS, [], "products.csv")
    return db


def decide(db: sqlite3.Connection, *lines: tuple[str, str], person: str = "Ada") -> Imported:
    decided = [Decided(number, *line) for number, line in enumerate(lines, 2)]
    return import_decisions(db, decided, person)


def truth(db: sqlite3.Connection, product: str) -> list[str]:
    rows = db.execute(
        "select category_id from true_category where product_id = ? order by 1", (product,)
    )
    return [category for (category,) in rows]


def test_crawled_categories_are_true_until_a_person_decides_otherwise(
    filled: sqlite3.Connection,
) -> None:
    assert truth(filled, "both") == ["bootcut", "flare"]
    assert truth(filled, "belt0") == ["belts"]


def test_a_decision_corrects_the_true_category_and_not_the_crawled_one(
    filled: sqlite3.Connection,
) -> None:
    crawled = filled.execute("select * from product_category").fetchall()
    found = decide(filled, ("belt0", "flare"), ("both", "jeans/flare"), ("belt1", "Ambiguous"))
    assert found == Imported(Counter(move=2, ambiguous=1))
    assert truth(filled, "belt0") == truth(filled, "both") == ["flare"]
    assert truth(filled, "belt1") == []
    assert truth(filled, "belt2") == ["belts"]
    assert filled.execute("select * from product_category").fetchall() == crawled


def test_the_latest_decision_counts_and_earlier_ones_are_kept(filled: sqlite3.Connection) -> None:
    decide(filled, ("belt0", "flare"))
    assert decide(filled, ("belt0", "keep"), person="Bob") == Imported(Counter(keep=1), replaced=1)
    assert truth(filled, "belt0") == ["belts"]
    rows = filled.execute(
        "select product_id, verdict, category_id, person from decision order by id"
    )
    assert rows.fetchall() == [("belt0", "move", "flare", "Ada"), ("belt0", "keep", None, "Bob")]


def test_a_review_file_that_is_imported_twice_is_stored_once(filled: sqlite3.Connection) -> None:
    decide(filled, ("belt0", "flare"), ("belt1", "keep"))
    assert decide(filled, ("belt0", "flare"), ("belt1", "keep")) == Imported(known=2)
    assert filled.execute("select count(*) from decision").fetchone() == (2,)


def test_a_decision_for_the_recorded_category_is_a_keep(filled: sqlite3.Connection) -> None:
    assert decide(filled, ("belt0", "belts")).stored == Counter(keep=1)


def test_invalid_lines_are_reported_and_the_others_stored(filled: sqlite3.Connection) -> None:
    found = decide(
        filled,
        ("belt0", "flare"),
        ("nobody", "keep"),
        ("belt1", "jeans/flair"),
        ("belt2", "jeans"),
        ("belt3", "keep"),
        ("belt3", "flare"),
        ("belt0", "flare"),
    )
    assert found.stored == Counter(move=1)
    assert list(found.problems) == [
        "line 3: there is no product 'nobody'; leave the ids as they were exported",
        "line 4: 'jeans/flair' is neither keep nor ambiguous nor a category's id or path; "
        "did you mean jeans/flare or jeans/bootcut?",
        "line 5: 'jeans' is not a leaf; name a leaf below it",
        "lines 6 and 7 contradict each other about product belt3; neither is stored",
    ]


def test_the_next_experiment_learns_the_corrected_categories(filled: sqlite3.Connection) -> None:
    decide(filled, ("belt0", "flare"), ("belt1", "ambiguous"))
    parts = {found.id: "train" for found in PRODUCTS} | {"belt2": "test"}
    dataset = dataset_of(filled, parts, ("belts", "flare"))
    labels = {
        item.id: [dataset.categories[label].id for label in item.labels] for item in dataset.items
    }
    assert labels["belt0"] == ["flare"]
    assert labels["belt1"] == []  # predicted, but not learned from
    assert labels["belt3"] == ["belts"]


def test_experiments_are_evaluated_by_the_corrected_categories(filled: sqlite3.Connection) -> None:
    predictions = [Prediction(f"belt{k}", "flare", 0.9 - k / 10) for k in range(4)]
    number = save_experiment(
        filled,
        Experiment(
            name="x",
            kind="words",
            split="",
            settings={},
            versions={},
            seconds=1.0,
            accuracy={},
            predictions=predictions,
        ),
    )
    decide(filled, ("belt1", "flare"), ("belt2", "ambiguous"), ("belt3", "keep"))
    level = figures(read_outcomes(filled, number)).leaf
    assert (level.right, level.total) == (1, 3)
    mistakes, total = read_mistakes(filled, number, 10)
    assert [found.product_id for found in mistakes] == ["belt0", "belt3"]
    assert total == 2


def test_escaped_control_characters_in_ids_are_read_back(
    db: sqlite3.Connection,
) -> None:
    ids = ["a\x1b[2Jb", "c\u202ed", "e\\u001bf"]
    save_import(db, TREE, [product(id, "belts") for id in ids], [], "a.csv")
    lines = [Decided(2, printable(id), "keep") for id in ids]
    assert import_decisions(db, lines, "Ada").stored == {"keep": 3}
    stored = db.execute("select product_id from decision order by id").fetchall()
    assert [id for (id,) in stored] == ids


def test_a_thousand_invalid_lines_are_reported_quickly_and_briefly(db: sqlite3.Connection) -> None:
    tree = [
        Category(id=f"leaf{k}", name="x", parent="", path=f"leaf{k}" * 20, leaf=True)
        for k in range(2_000)
    ]
    save_import(db, tree, [product("1", "leaf0")], [], "a.csv")
    lines = [Decided(k, "1", "leaf" * 30 + "\x1b" + "x" * 100_000) for k in range(1_000)]
    lines += [Decided(k, "x" * 100_000, "keep") for k in range(1_000)]
    started = time.monotonic()
    found = import_decisions(db, lines, "Ada")
    assert time.monotonic() - started < 10
    assert len(found.problems) == 2_000
    assert max(map(len, found.problems)) < 1_000
