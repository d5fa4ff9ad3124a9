"""Experiments of a depth, evaluated by rolled-up categories, against a simple model."""

from __future__ import annotations

import random
import sqlite3

import numpy as np
import pytest

from product_classifier.evaluate.accuracy import figures
from product_classifier.evaluate.categories import evaluate_categories
from product_classifier.evaluate.certification import leaf_scores
from product_classifier.predictions import (
    Experiment,
    LabelSearch,
    Neighbour,
    PathScores,
    Prediction,
    SimilarProduct,
)
from product_classifier.records import Category, Decided
from product_classifier.store.decisions import (
    import_decisions,
    read_audit,
    read_open_audit,
    save_audit,
)
from product_classifier.store.experiments import (
    read_mistakes,
    read_outcomes,
    read_paths,
    save_experiment,
)
from product_classifier.store.label_errors import (
    read_similar_products,
    read_suspicious,
    save_label_search,
)
from product_classifier.store.predicted_paths import CALIBRATION, TEST, read_predicted_paths
from tests.conftest import product, save_import

PATHS = ("a", "a/b", "a/b/1", "a/b/2", "a/c", "a/c/3", "a/c/4/5", "a/c/4", "d", "e", "e/6")
INNER = {path.rpartition("/")[0] for path in PATHS}
TREE = [
    Category(
        id=path,
        name=path,
        parent=path.rpartition("/")[0] or None,
        path=path,
        leaf=path not in INNER,
    )
    for path in sorted(PATHS)
]
CLASSES = {None: [p for p in PATHS if p not in INNER], 1: ["a", "d", "e"]}
CLASSES[2] = ["a/b", "a/c", "d", "e/6"]


def folded(path: str, depth: int | None) -> str | None:
    """What stands for a category, by its path."""
    steps = path.split("/")
    if depth is None or len(steps) < depth:
        return None if path in INNER else path
    return "/".join(steps[:depth])


def truths(categories: tuple[str, ...], depth: int | None) -> set[str]:
    return {found for path in categories if (found := folded(path, depth))}


class Shop:
    """Products in leaves and inner categories, some of them corrected, and random predictions."""

    def __init__(self, db: sqlite3.Connection, depth: int | None, count: int = 120) -> None:
        chance = random.Random(1)
        self.depth = depth
        self.met = {
            f"{k:03}": tuple(chance.sample(PATHS, chance.choice((1, 1, 2, 3))))
            for k in range(count)
        }
        save_import(db, TREE, [product(id, *c) for id, c in self.met.items()], [], "x.csv")
        moved = dict.fromkeys(list(self.met)[:10], "a/b/2")
        self.ambiguous = set(list(self.met)[10:15])
        said = {**moved, **dict.fromkeys(self.ambiguous, "ambiguous")}
        import_decisions(db, [Decided(2, id, what) for id, what in said.items()], "Ada")
        self.true = {id: (moved[id],) if id in moved else met for id, met in self.met.items()}
        classes = CLASSES[depth]
        self.predicted = {id: chance.choice(classes) for id in self.met}
        self.score = {id: round(chance.random(), 3) for id in self.met}
        settings = {"depth": depth, "learned": classes} if depth else {"learned": classes}
        nodes = sorted(PATHS)
        path = np.full((count, 4), -1)
        for row, found in enumerate(self.predicted.values()):
            steps = found.split("/")
            above = ["/".join(steps[: len(steps) - k]) for k in range(len(steps))]
            path[row, : len(above)] = [nodes.index(one) for one in above]
        score = np.where(path >= 0, np.array(list(self.score.values()))[:, None], np.nan)
        paths = [
            PathScores(
                part=TEST,
                products=list(self.met),
                categories=nodes,
                answers=path,
                score=score,
                uncalibrated=score,
            )
        ]
        self.number = save_experiment(
            db,
            Experiment(
                name="x",
                kind="words",
                split="0123",
                settings=settings,
                versions={},
                seconds=1.0,
                accuracy={},
                predictions=[Prediction(id, self.predicted[id], self.score[id]) for id in self.met],
                paths=paths,
                alike=[SimilarProduct("000", 1, "001", 0.5)],
            ),
        )

    def right(self, categories: dict[str, tuple[str, ...]]) -> dict[str, bool]:
        """Judge all products by hand."""
        return {
            id: self.predicted[id] in truths(found, self.depth) for id, found in categories.items()
        }

    @property
    def judged(self) -> list[str]:
        return [id for id in self.met if id not in self.ambiguous]


@pytest.fixture(params=[None, 1, 2])
def sold(db: sqlite3.Connection, request: pytest.FixtureRequest) -> Shop:
    return Shop(db, request.param)


def test_accuracies_are_those_of_rolled_up_categories(db: sqlite3.Connection, sold: Shop) -> None:
    found = figures(read_outcomes(db, sold.number))
    right = sold.right(sold.true)
    assert found.leaf.total == len(sold.judged)
    assert found.leaf.right == sum(right[id] for id in sold.judged)

    def parent(path: str) -> str:
        return path.rpartition("/")[0] or path

    parents = {
        id: parent(sold.predicted[id]) in set(map(parent, truths(sold.true[id], sold.depth)))
        for id in sold.judged
    }
    assert found.parent.right == sum(parents.values())


def test_predicted_paths_have_each_rolled_up_category_once(
    db: sqlite3.Connection, sold: Shop
) -> None:
    answers = read_predicted_paths(db, sold.number, TEST)
    paths, ids = read_paths(db), dict(db.execute("select rowid, id from product"))
    pairs = [
        (ids[answers.product[row]], paths[true])
        for row, true in zip(answers.row.tolist(), answers.truth.tolist(), strict=True)
    ]
    expected = {(id, true) for id in sold.judged for true in truths(sold.true[id], sold.depth)}
    assert sorted(pairs) == sorted(expected)
    right = sold.right(sold.true)
    assert leaf_scores(answers)[1].tolist() == [right[id] for id in sold.judged]
    assert not len(read_predicted_paths(db, sold.number, CALIBRATION).product)


def test_the_support_of_a_category_is_the_products_below_it(
    db: sqlite3.Connection, sold: Shop
) -> None:
    figures = evaluate_categories(read_predicted_paths(db, sold.number, TEST), {}).figures
    paths = read_paths(db)
    support = {paths[k]: int(n) for k, n in enumerate(figures.support) if n}
    counted: dict[str, int] = {}
    for id in sold.judged:
        for true in truths(sold.true[id], sold.depth):
            counted[true] = counted.get(true, 0) + 1
    assert support == counted


def test_mistakes_are_predictions_outside_the_rolled_up_categories(
    db: sqlite3.Connection, sold: Shop
) -> None:
    mistakes, total = read_mistakes(db, sold.number, 1000)
    right = sold.right(sold.true)
    wrong = [id for id in sold.judged if not right[id]]
    assert total == len(wrong)
    assert [one.product_id for one in mistakes] == sorted(
        wrong, key=lambda id: (-sold.score[id], id)
    )
    for one in mistakes:
        shown = {folded(path, sold.depth) or path for path in sold.true[one.product_id]}
        assert (set(one.categories), len(one.categories)) == (shown, len(shown))
        assert one.predicted == sold.predicted[one.product_id]


def test_an_audit_is_evaluated_by_rolled_up_labels(db: sqlite3.Connection, sold: Shop) -> None:
    sample = list(sold.met)[:60]
    save_audit(db, sold.number, sample)
    open_ = read_open_audit(db, sold.number)
    assert [one.product_id for one in open_] == sample[15:]
    assert {"a/b/1", "a/b/2"}.isdisjoint(path for one in open_ for path in one.categories) == (
        sold.depth is not None
    )
    import_decisions(db, [Decided(2, id, "keep") for id in sample[15:40]], "Ada")
    import_decisions(db, [Decided(2, id, "e/6") for id in sample[40:]], "Ada")
    found = read_audit(db, sold.number)
    assert found
    assert found.undecided == 0
    recorded = sold.right(sold.met)
    assert found.recorded_right.tolist() == list(recorded.values())
    # a label that was there alone is kept, not moved
    true = {**sold.true, **dict.fromkeys(sample[40:], ("e/6",))}
    truly = sold.right(true)
    certain = [k for k, id in enumerate(sample) if id not in sold.ambiguous]
    assert [bool(found.truly_right[k]) for k in certain] == [truly[sample[k]] for k in certain]


def test_paths_of_suspicious_labels_and_similar_products_are_rolled_up(
    db: sqlite3.Connection, sold: Shop
) -> None:
    ids = list(sold.met)
    column = np.linspace(1, 0, len(ids))
    search = LabelSearch(
        products=ids,
        suspicion=column,
        suggested=[None] * len(ids),
        score=column,
        label_score=column,
        noise=0.1,
        overlaps=[],
        alike=[],
    )
    save_label_search(db, sold.number, search, "")
    found = read_suspicious(db, sold.number, 1000)
    assert [one.product_id for one in found] == ids[15:]
    for one in found:
        shown = {folded(path, sold.depth) or path for path in sold.true[one.product_id]}
        assert (set(one.categories), len(one.categories)) == (shown, len(shown))
    path = folded("a/b/2", sold.depth)
    assert read_similar_products(db, sold.number)["000"] == (
        Neighbour("001", "product 001", (str(path),), 0.5),
    )
