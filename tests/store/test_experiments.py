"""Experiments: stored in one transaction and read as arrays."""

import sqlite3

import pytest

from product_classifier.errors import StoreError
from product_classifier.evaluate.accuracy import figures
from product_classifier.predictions import Experiment, Mistake, Prediction
from product_classifier.store.experiments import (
    read_experiments,
    read_mistakes,
    read_outcomes,
    save_experiment,
)
from tests.conftest import TREE, product, save_import

PREDICTIONS = [
    Prediction("right", "belts", 0.9),
    Prediction("sibling", "flare", 0.8),
    Prediction("one of two", "flare", 0.7),
    Prediction("far off", "belts", 0.95),
]


def experiment(predictions: list[Prediction]) -> Experiment:
    return Experiment(
        name="Text classification of: all (3 categories)",
        kind="words",
        split="0123",
        settings={"seed": 1},
        versions={"python": "3.11"},
        seconds=1.23,
        accuracy={"test": 0.5, "tuning": None},
        predictions=predictions,
    )


def store(db: sqlite3.Connection) -> int:
    products = [
        product("right", "belts"),
        product("sibling", "bootcut"),
        product("one of two", "bootcut", "flare"),
        product("far off", "flare"),
        product("not tested", "flare"),
    ]
    save_import(db, TREE, products, [], "products.csv")
    return save_experiment(db, experiment(PREDICTIONS))


def test_an_experiment_and_its_predictions_can_be_queried_by_hand(db: sqlite3.Connection) -> None:
    number = store(db)
    rows = db.execute(
        "select product_id, category_id, score from predicted_category pc "
        "where pc.experiment_id = ? order by score",
        (number,),
    ).fetchall()
    assert rows == [
        (p.product_id, p.category_id, p.score)
        for p in sorted(PREDICTIONS, key=lambda prediction: prediction.score)
    ]
    assert db.execute("select settings ->> 'seed' from experiment").fetchone() == (1,)


def test_an_experiment_with_an_impossible_prediction_is_not_stored(
    db: sqlite3.Connection,
) -> None:
    store(db)
    with pytest.raises(sqlite3.IntegrityError):
        save_experiment(db, experiment([*PREDICTIONS, Prediction("nobody", "belts", 0.5)]))
    assert db.execute("select count(*) from experiment").fetchone() == (1,)


def test_outcomes_have_every_true_category_and_its_parents(db: sqlite3.Connection) -> None:
    result = figures(read_outcomes(db, store(db)))
    assert (result.leaf.right, result.leaf.total) == (2, 4)
    assert (result.parent.right, result.parent.total) == (3, 4)


def test_a_true_category_that_is_not_a_leaf_makes_no_prediction_right(
    db: sqlite3.Connection,
) -> None:
    save_import(db, TREE, [product("1", "bootcut", "jeans")], [], "products.csv")
    number = save_experiment(db, experiment([Prediction("1", "belts", 0.9)]))
    assert figures(read_outcomes(db, number)).parent.right == 0


def test_mistakes_are_ordered_by_descending_confidence(db: sqlite3.Connection) -> None:
    number = store(db)
    far = Mistake(
        product_id="far off",
        name="product far off",
        description="",
        image=None,
        file=None,
        predicted="belts",
        score=0.95,
        categories=("jeans/flare",),
    )
    near = Mistake(
        product_id="sibling",
        name="product sibling",
        description="",
        image=None,
        file=None,
        predicted="jeans/flare",
        score=0.8,
        categories=("jeans/bootcut",),
    )
    assert read_mistakes(db, number, 500) == ([far, near], 2)
    assert read_mistakes(db, number, 1) == ([far], 2)


def test_an_unknown_experiment_names_the_known_ones(db: sqlite3.Connection) -> None:
    with pytest.raises(StoreError, match="there is no experiment yet"):
        read_experiments(db)
    store(db)
    with pytest.raises(StoreError, match="there is no experiment 7; the latest are 1"):
        read_experiments(db, 7)
    assert [found.id for found in read_experiments(db, 1)] == [1]
