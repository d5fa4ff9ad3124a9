"""The table of categories, worst first."""

from __future__ import annotations

import json

import numpy as np

from product_classifier.evaluate.categories import evaluate_categories
from product_classifier.predictions import PredictedPaths, Summary
from product_classifier.report.categories import categories_text, categories_values

PATHS = {0: "belts", 1: "jeans/flare", 2: "jeans/bootcut", 3: "jeans"}
ABOVE = np.array([[0, -1], [1, 3], [2, 3], [3, -1]])
SUMMARY = Summary(id=3, name="Text", date="2026", kind="words", split="x", seconds=1.0, settings={})


def answers(*rows: tuple[int, float, tuple[int, ...]]) -> PredictedPaths:
    """Rows of predicted, score and true categories."""
    predicted = np.array([row[0] for row in rows], dtype=np.int64)
    score = np.array([[row[1]] for row in rows])
    pairs = [(k, true) for k, row in enumerate(rows) for true in row[2]]
    row, truth = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    number = np.arange(len(rows))
    return PredictedPaths(
        product=number,
        answers=predicted[:, None],
        score=score,
        uncalibrated=score,
        row=row,
        truth=truth,
        above=ABOVE,
    )


FOUND = evaluate_categories(
    answers((0, 0.9, (0,)), (0, 0.8, (1,)), (1, 0.7, (1,)), (1, 0.95, (1, 2)), (0, 0.6, (2,))),
    {0.95: 0.75},
)


def test_the_worst_category_comes_first_with_its_confusions() -> None:
    text = categories_text([(SUMMARY, FOUND)], PATHS)
    lines = text.splitlines()
    assert lines[0] == "#3: Text"
    assert lines[1].split() == [
        "support",
        "precision",
        "recall",
        "F1",
        "at",
        "95%",
        "confused",
        "with",
    ]
    averages = [line.split()[0] for line in lines[2:6]]
    assert averages == ["micro", "macro", "weighted", "hierarchical"]
    rows = [line.split() for line in lines[6:]]
    assert rows == [
        ["jeans/bootcut", "2", "–", "0.0%", "–", "–", "belts", "(1)"],
        ["belts", "1", "33.3%", "100.0%", "50.0%", "66.7%"],
        ["jeans/flare", "3", "100.0%", "66.7%", "80.0%", "50.0%", "belts", "(1)"],
    ]


def test_values_are_unrounded() -> None:
    values = categories_values([(SUMMARY, FOUND)], PATHS)
    [experiment] = json.loads(json.dumps(values, allow_nan=False))
    worst = experiment["categories"][0]
    assert worst["precision"] is None
    assert worst["confused_with"] == [{"category": "belts", "products": 1}]
    assert experiment["averages"]["micro"]["precision"] == 3 / 5


def test_products_without_a_true_category_count_against_what_is_predicted() -> None:
    found = evaluate_categories(answers((0, 0.9, ()), (0, 0.9, (0,))), {})
    assert found.figures.precision[0] == 0.5
    assert found.worst_first.tolist() == [0]
