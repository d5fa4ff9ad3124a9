"""Predicted categories at all heights, read back beside the true categories."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from product_classifier.errors import StoreError
from product_classifier.predictions import Experiment, PathScores
from product_classifier.selection import CALIBRATION, TEST
from product_classifier.store.experiments import save_experiment
from product_classifier.store.integrity import insist_on_checksum
from product_classifier.store.predicted_paths import read_predicted_paths
from tests.conftest import TREE, product, save_import

NODES = ("bootcut", "flare", "belts", "jeans")
NONE = np.nan


def paths(part: str, *rows: tuple[str, int, float, float | None]) -> PathScores:
    """Rows of product, leaf, its score and its parent's score, if it has a parent."""
    return PathScores(
        part=part,
        products=[name for name, _, _, _ in rows],
        categories=NODES,
        answers=np.array([[leaf, 3 if above else -1] for _, leaf, _, above in rows]),
        score=np.array([[score, above or NONE] for _, _, score, above in rows]),
        uncalibrated=np.array(
            [[score / 2, above / 2 if above else NONE] for _, _, score, above in rows]
        ),
    )


@pytest.fixture
def number(db: sqlite3.Connection) -> int:
    products = [
        product("a", "belts"),
        product("b", "bootcut", "flare"),
        product("c", "flare"),
        product("d", "belts", "women"),
    ]
    save_import(db, TREE, products, [], "products.csv")
    part_paths = [
        paths(CALIBRATION, ("c", 0, 0.5, 0.75), ("b", 1, 0.875, 1.0)),
        paths(TEST, ("d", 0, 0.5, 0.75), ("a", 2, 0.25, None)),
    ]
    return save_experiment(
        db,
        Experiment(
            name="x",
            kind="words",
            split="0123",
            settings={},
            versions={},
            seconds=1.0,
            accuracy={},
            predictions=[],
            paths=part_paths,
        ),
    )


def names(db: sqlite3.Connection, table: str) -> dict[int, str]:
    return {-1: "", **dict(db.execute(f"select rowid, id from {table}"))}


def test_predicted_paths_are_read_with_scores_true_categories_and_ancestors(
    db: sqlite3.Connection, number: int
) -> None:
    predicted = read_predicted_paths(db, number, CALIBRATION)
    products, categories = names(db, "product"), names(db, "category")
    assert [
        (products[p], [categories[c] for c in answers], scores.tolist(), raw.tolist())
        for p, answers, scores, raw in zip(
            predicted.product,
            predicted.answers.tolist(),
            predicted.score,
            predicted.uncalibrated,
            strict=True,
        )
    ] == [
        ("b", ["flare", "jeans"], [0.875, 1.0], [0.4375, 0.5]),
        ("c", ["bootcut", "jeans"], [0.5, 0.75], [0.25, 0.375]),
    ]
    pairs = zip(predicted.row.tolist(), predicted.truth.tolist(), strict=True)
    truths = {(products[predicted.product[row]], categories[truth]) for row, truth in pairs}
    assert truths == {("b", "bootcut"), ("b", "flare"), ("c", "flare")}


def test_a_path_ends_below_the_root(db: sqlite3.Connection, number: int) -> None:
    predicted = read_predicted_paths(db, number, TEST)
    assert np.isnan(predicted.score).tolist() == [[False, True], [False, False]]
    assert predicted.answers[0, 1] == -1
    categories = names(db, "category")
    above = {
        categories[k]: [categories[c] for c in predicted.above[k].tolist() if c >= 0]
        for k in categories
        if k > 0
    }
    assert above["flare"] == ["flare", "jeans"]
    assert above["belts"] == ["belts"]


def test_an_experiment_without_predicted_paths_has_zero_rows(db: sqlite3.Connection) -> None:
    number = save_experiment(
        db,
        Experiment(
            name="x",
            kind="words",
            split="",
            settings={},
            versions={},
            seconds=1.0,
            accuracy={},
            predictions=[],
        ),
    )
    predicted = read_predicted_paths(db, number, TEST)
    assert predicted.answers.shape == (0, 1)
    assert len(predicted.row) == len(predicted.product) == 0


def test_a_score_that_was_changed_by_hand_fails_the_checksum(
    db: sqlite3.Connection, number: int
) -> None:
    insist_on_checksum(db, number)
    db.execute("update predicted_path set score = 0.99 where product_id = 'c' and height = 1")
    with pytest.raises(StoreError, match="experiment 1 is not what was stored"):
        insist_on_checksum(db, number)
