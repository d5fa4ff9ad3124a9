"""Reports about unusual experiments are complete and contain no nan."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from product_classifier.console import SILENT
from product_classifier.errors import FeatureError, ReportError, StoreError
from product_classifier.predictions import Experiment, PathScores, Prediction
from product_classifier.recipes.find_label_errors import label_errors, to_audit, to_review
from product_classifier.recipes.judge_experiments import (
    Terms,
    compare_experiments,
    judge_experiments,
)
from product_classifier.recipes.judge_experiments import tested_categories as categories_of
from product_classifier.recipes.write_site import Contents, site_pages
from product_classifier.records import Category, Decided, FeaturePaths
from product_classifier.report.categories import categories_text, categories_values
from product_classifier.report.comparison import comparison_text, comparison_values
from product_classifier.report.text import figures_text, figures_values
from product_classifier.selection import CALIBRATION, TEST
from product_classifier.store.decisions import import_decisions
from product_classifier.store.experiments import read_experiments, read_paths, save_experiment
from product_classifier.store.image_folder import ImageFolder
from tests.conftest import TREE, product, save_import, shop
from tests.consoles import Failing

COUNT = 200
LEAVES = ("belts", "flare")
TERMS = Terms(targets=(0.95, 0.98), cost_error=10, cost_review=1)


def save(
    db: sqlite3.Connection, right: list[bool], score: list[float], calibrating: int = COUNT // 2
) -> int:
    """Store an experiment on belts, some of which are predicted as flare jeans."""
    ids = [f"{k:03}" for k in range(COUNT)]
    save_import(db, TREE, [product(id, "belts") for id in ids], [], "products.csv")
    answers = np.array([0 if hit else 1 for hit in right])
    table = np.array(score)[:, None]
    parts = {CALIBRATION: slice(0, calibrating), TEST: slice(calibrating, COUNT)}
    paths = [
        PathScores(
            part=part,
            products=ids[rows],
            categories=LEAVES,
            answers=answers[rows, None],
            score=table[rows],
            uncalibrated=table[rows],
        )
        for part, rows in parts.items()
    ]
    tested = range(calibrating, COUNT)
    predictions = [Prediction(ids[k], LEAVES[answers[k]], score[k]) for k in tested]
    settings = {"learned": list(LEAVES), "seed": 0}
    return save_experiment(
        db,
        Experiment(
            name="x",
            kind="words",
            split="s",
            settings=settings,
            versions={},
            seconds=1,
            accuracy={},
            predictions=predictions,
            paths=paths,
        ),
    )


RIGHT, SCORES = [True] * COUNT, np.linspace(0.5, 1, COUNT).tolist()
ODD = {
    "no errors": (RIGHT, SCORES),
    "all errors": ([False] * COUNT, SCORES),
    "ties everywhere": ([k % 10 > 0 for k in range(COUNT)], [0.75] * COUNT),
    "scores of 0 and 1": (RIGHT, [float(k % 2) for k in range(COUNT)]),
    "a score as small as can be": (RIGHT, [5e-324] * COUNT),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("calibrating", [0, 1, COUNT // 2, COUNT - 1])
def test_every_report_of_an_unusual_experiment_is_without_nan(
    db: sqlite3.Connection, tmp_path: Path, name: str, calibrating: int
) -> None:
    save(db, *ODD[name], calibrating)
    judged = list(judge_experiments(db, [None], TERMS, Failing()))
    tested = [(each.experiment, categories_of(db, each)) for each in judged]
    paths = read_paths(db)
    for text in (figures_text(judged), categories_text(tested, paths)):
        assert "nan" not in text
    for values in (figures_values(judged), categories_values(tested, paths)):
        json.dumps(values, allow_nan=False)
    for page, text in site_pages(db, Contents(judged, ImageFolder(tmp_path), products=True)):
        assert ">nan" not in text, page


def test_two_equal_experiments_are_compared(db: sqlite3.Connection) -> None:
    numbers = [save(db, *ODD["ties everywhere"]), save(db, *ODD["ties everywhere"])]
    judged = list(judge_experiments(db, numbers, TERMS, Failing()))
    coverages, pairs = compare_experiments(db, numbers, TERMS.targets)
    assert "p = 1)" in comparison_text(judged, coverages, pairs)
    json.dumps(comparison_values(judged, coverages, pairs), allow_nan=False)


def test_all_test_products_may_be_ambiguous(db: sqlite3.Connection, tmp_path: Path) -> None:
    save(db, *ODD["no errors"])
    ambiguous = [Decided(k, f"{k:03}", "ambiguous") for k in range(COUNT // 2, COUNT)]
    import_decisions(db, ambiguous, "Ada")
    judged = list(judge_experiments(db, [None], TERMS, Failing()))
    assert "Accuracy: – (N=0)" in figures_text(judged)
    json.dumps(figures_values(judged), allow_nan=False)
    assert list(site_pages(db, Contents(judged, ImageFolder(tmp_path), products=True)))


def test_predictions_of_a_former_leaf_count_as_wrong(
    db: sqlite3.Connection,
) -> None:
    number = save(db, *ODD["no errors"])
    below = [
        Category(id="belts", name="Belts", parent="women", path="belts", leaf=False),
        Category(id="wide", name="Wide", parent="belts", path="belts/wide", leaf=True),
    ]
    save_import(db, [*TREE[:4], *below], [product("new", "wide")], [], "more.csv")
    [judged] = judge_experiments(db, [number], TERMS, Failing())
    assert judged.figures.leaf.right == 0


@pytest.mark.parametrize("checks", ["on", "off"])
@pytest.mark.parametrize("score", ["7", "-1", "'much'"])
def test_impossible_scores_are_an_error(db: sqlite3.Connection, score: str, checks: str) -> None:
    save(db, *ODD["no errors"])
    db.execute("pragma ignore_check_constraints = on")
    db.execute(f"update predicted_path set score = {score} where product_id = '150'")
    db.execute(f"pragma ignore_check_constraints = {checks}")
    with pytest.raises(StoreError, match="was changed by hand"):
        list(judge_experiments(db, [None], TERMS, Failing()))


def test_without_a_label_search_there_is_nothing_to_review(db: sqlite3.Connection) -> None:
    save(db, *ODD["all errors"])
    [experiment] = read_experiments(db)
    assert to_review(db, experiment, TERMS, 10) == []


def test_an_audit_has_at_most_all_test_products(db: sqlite3.Connection) -> None:
    save(db, *ODD["no errors"])
    [experiment] = read_experiments(db)
    entries, size = to_audit(db, experiment, 1000)
    assert size == len(entries) == COUNT // 2
    few, _ = to_audit(db, experiment, 10)
    more, _ = to_audit(db, experiment, 20)
    ids = [{entry.product.product_id for entry in sample} for sample in (few, more)]
    assert ids[0] < ids[1]


def test_an_experiment_of_an_older_version_has_no_figures_by_category(
    db: sqlite3.Connection,
) -> None:
    save_import(db, TREE, [product("a", "belts")], [], "products.csv")
    predictions = [Prediction("a", "belts", 1.0)]
    save_experiment(
        db,
        Experiment(
            name="old",
            kind="words",
            split="",
            settings={},
            versions={},
            seconds=1,
            accuracy={},
            predictions=predictions,
        ),
    )
    [judged] = judge_experiments(db, [None], TERMS, Failing())
    with pytest.raises(ReportError, match="no scores of paths; categorize again"):
        categories_of(db, judged)


def test_ambiguous_products_are_left_out_of_comparisons(db: sqlite3.Connection) -> None:
    number = save(db, [k % 5 > 0 for k in range(COUNT)], SCORES)
    import_decisions(db, [Decided(2, f"{COUNT - 1:03}", "ambiguous")], "person")
    coverages, pairs = compare_experiments(db, [number, number], TERMS.targets)
    assert set(coverages) == {number}
    assert not pairs


@pytest.mark.parametrize("network", ["http://127.0.0.1:9/x", "../evil", "/tmp/x.npz", None, "tf2"])
def test_a_database_cannot_choose_the_network_that_is_loaded(
    db: sqlite3.Connection, tmp_path: Path, network: str | None
) -> None:
    shop(db)
    settings = {"learned": ["belts", "flare"], "seed": 0, "backbone": network, "weights": "0" * 64}
    number = save_experiment(
        db,
        Experiment(
            name="x",
            kind="images",
            split="s",
            settings=settings,
            versions={},
            seconds=1,
            accuracy={},
            predictions=[],
        ),
    )
    [experiment] = read_experiments(db, number)
    folders = FeaturePaths(tmp_path / "images", tmp_path / "cache")
    with pytest.raises(FeatureError, match="a network that has to be passed as --backbone"):
        label_errors(db, experiment, folders, 5, SILENT)
