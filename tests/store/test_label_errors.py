"""Searches for wrong labels and audit samples: stored and read back."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from product_classifier.predictions import (
    Experiment,
    LabelSearch,
    LabelSearchSummary,
    Neighbour,
    Prediction,
    SimilarProduct,
)
from product_classifier.records import Decided
from product_classifier.store.decisions import (
    import_decisions,
    read_audit,
    read_open_audit,
    read_tested_products,
    save_audit,
)
from product_classifier.store.experiments import read_mistakes, save_experiment
from product_classifier.store.label_errors import (
    read_label_search,
    read_open_suspicions,
    read_suspicious,
    save_label_search,
)
from tests.conftest import TREE, product, save_import

IDS = ["a", "b", "c", "d"]
PREDICTIONS = [Prediction(id, "flare", 0.9) for id in IDS]


def search(suspicion: list[float], noise: float = 0.25) -> LabelSearch:
    return LabelSearch(
        products=IDS,
        suspicion=np.array(suspicion),
        suggested=["flare", "belts", None, "flare"],
        score=np.array([0.75, 0.5, 0, 0.25]),
        label_score=np.array([0.25, 0.5, 1, 0.75]),
        noise=noise,
        overlaps=[("belts", "flare", 0.5), ("belts", "gone", 0.25)],
        alike=[SimilarProduct("a", 1, "b", 0.5), SimilarProduct("a", 2, "c", 0.25)],
    )


@pytest.fixture
def number(db: sqlite3.Connection) -> int:
    products = [product("a", "belts"), product("b", "flare"), product("c", "flare", "bootcut")]
    save_import(db, TREE, [*products, product("d", "belts")], [], "products.csv")
    alike = [SimilarProduct("d", 1, "a", 1.0)]
    return save_experiment(
        db,
        Experiment(
            name="x",
            kind="words",
            split="",
            settings={},
            versions={},
            seconds=1.0,
            accuracy={},
            predictions=PREDICTIONS,
            paths=(),
            alike=alike,
        ),
    )


def decide(db: sqlite3.Connection, product: str, decision: str) -> None:
    import_decisions(db, [Decided(2, product, decision)], "Ada")


def test_an_experiment_without_a_search_has_no_summary(db: sqlite3.Connection, number: int) -> None:
    assert read_label_search(db, number) is None
    assert read_suspicious(db, number, 10) == []


def test_a_search_replaces_the_last_one(db: sqlite3.Connection, number: int) -> None:
    save_label_search(db, number, search([1, 0, 0, 0]), "first")
    save_label_search(db, number, search([0.5, 0.25, 0, 0.75], float("nan")), "second")
    found = read_label_search(db, number)
    assert found == LabelSearchSummary(
        date=found.date if found else "",
        products=4,
        noise=None,
        overlaps=[("belts", "jeans/flare", 0.5)],
        fingerprint="second",
    )
    assert [found.product_id for found in read_suspicious(db, number, 3)] == ["d", "a", "b"]


def test_a_suspicious_label_is_read_with_its_similar_products(
    db: sqlite3.Connection, number: int
) -> None:
    save_label_search(db, number, search([1, 0, 0, 0]), "")
    [found] = read_suspicious(db, number, 1)
    assert (found.categories, found.predicted, found.suspicion) == (("belts",), "jeans/flare", 1)
    assert found.neighbours == (
        Neighbour("b", "product b", ("jeans/flare",), 0.5),
        Neighbour("c", "product c", ("jeans/bootcut", "jeans/flare"), 0.25),
    )


def test_a_product_with_a_decision_is_not_suspicious_any_more(
    db: sqlite3.Connection, number: int
) -> None:
    save_label_search(db, number, search([1, 0.5, 0.25, 0]), "")
    decide(db, "a", "keep")
    assert [found.product_id for found in read_suspicious(db, number, 9)] == ["b", "c", "d"]
    assert sorted(read_open_suspicions(db, number).values()) == [("b", 0.5), ("c", 0.25), ("d", 0)]


def test_chosen_products_are_read_in_the_chosen_order(db: sqlite3.Connection, number: int) -> None:
    save_label_search(db, number, search([1, 0.5, 0.25, 0]), "")
    found = read_suspicious(db, number, 9, chosen=["c", "a"])
    assert [one.product_id for one in found] == ["c", "a"]
    assert read_suspicious(db, number, 9, chosen=[]) == []


def test_mistakes_have_their_suspicion_and_similar_products(
    db: sqlite3.Connection, number: int
) -> None:
    before, _ = read_mistakes(db, number, 9)
    assert [(one.product_id, one.suspicion) for one in before] == [("a", None), ("d", None)]
    assert [other.product_id for other in before[1].neighbours] == ["a"]
    save_label_search(db, number, search([1, 0.5, 0.25, 0]), "")
    after, _ = read_mistakes(db, number, 9)
    assert [(one.product_id, one.suspicion) for one in after] == [("a", 1), ("d", 0)]


def test_an_audit_is_open_until_every_product_has_a_decision(
    db: sqlite3.Connection, number: int
) -> None:
    assert read_audit(db, number) is None
    assert sorted(read_tested_products(db, number)) == IDS
    save_audit(db, number, ["a", "c", "d"])
    decide(db, "a", "jeans/flare")
    decide(db, "d", "keep")
    assert [found.product_id for found in read_open_audit(db, number)] == ["c"]
    sample = read_audit(db, number)
    assert sample
    assert sample.undecided == 1
    decide(db, "c", "ambiguous")
    sample = read_audit(db, number)
    assert sample
    assert sample.recorded_right.tolist() == [False, True, True, False]  # corrections do not count
    assert sample.sampled.tolist() == [0, 2, 3]
    assert sample.truly_right.tolist() == [True, False, False]
    assert sample.doubtful.tolist() == [False, True, False]
    assert sample.undecided == 0


def test_a_new_audit_sample_replaces_the_old_one(db: sqlite3.Connection, number: int) -> None:
    save_audit(db, number, ["a", "b"])
    save_audit(db, number, ["c"])
    assert [found.product_id for found in read_open_audit(db, number)] == ["c"]
