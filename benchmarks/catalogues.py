"""Accuracy and coverage on real catalogues, beside logistic regression on the same features."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, logistic_regression, measure, percent
from product_classifier.evaluate.coverage import coverage
from product_classifier.features.dataset_features import Features, word_features
from product_classifier.models.choices import Choices
from product_classifier.models.experiment import run_experiment
from product_classifier.recipes.select_products import select
from product_classifier.records import Dataset
from product_classifier.selection import Selection
from product_classifier.store.database import open_database

POINT = 0.005
FEWEST = 20  # products of a leaf
SEEDS = 5  # one product is 0.11 points of fashion
BARS = {
    "fashion": (0.0, POINT),
    "instacart": (0.0, None),
}  # allowed shortfalls of accuracy and coverage


def run(shared: Path) -> Iterator[Row]:
    """Measure words on fashion and instacart, leaves of at least 20 products, frozen split."""
    for name, (accuracy_slack, coverage_slack) in BARS.items():
        with tempfile.TemporaryDirectory() as place:
            dataset = read_catalogue(Path(place), "--from", shared / "data" / name / "products.csv")
            features = word_features(dataset, Path(place))
        labels = np.array([item.labels[0] for item in dataset.items])
        parts = np.array([item.part for item in dataset.items])
        train, test = np.flatnonzero(parts == "train"), np.flatnonzero(parts == "test")
        by_seed = [ours(dataset, features, seed) for seed in range(SEEDS)]
        mean = (fmean(accuracy for accuracy, _ in by_seed), fmean(share for _, share in by_seed))
        guess, score = logistic_regression(features.words, labels, train, test)
        peer = judge(guess == labels[test], score)
        met = mean[0] >= peer[0] - accuracy_slack
        bar = "accuracy >= peer"
        if coverage_slack is not None:
            met = met and mean[1] >= peer[1] - coverage_slack
            bar += ", cov98 >= -0.5"
        figure = f"words, {name}, accuracy / coverage at 98 % (N={len(test):,})"
        yield Row(figure, percent(mean), percent(peer), bar, met)
        for label, seed in (("lowest", min(by_seed)), ("highest", max(by_seed))):
            yield Row(f"  … {label} of the {SEEDS} seeds averaged", percent(seed), "", "reported")


def ours(
    dataset: Dataset, features: Features, seed: int, kind: str = "words"
) -> tuple[float, float]:
    """Return accuracy, and coverage at 98 %, of a categorizer's experiment."""
    choices = Choices(kind=kind, seed=seed)
    experiment, _ = run_experiment(dataset, features, choices, time.monotonic())
    truths = {item.id: item.labels for item in dataset.items}
    positions = {category.id: k for k, category in enumerate(dataset.categories)}
    right = [positions[p.category_id] in truths[p.product_id] for p in experiment.predictions]
    return judge(np.array(right), np.array([p.score for p in experiment.predictions]))


def read_catalogue(place: Path, *source: object) -> Dataset:
    """Crawl a source into a folder, and return the data set.

    Pictures are needed even for words, since products with equal pictures are in one part of the
    split.
    """
    place.mkdir(exist_ok=True)
    where = ["--db-path", place / "crawl.db", "--images-path", place / "images"]
    measure("crawl.py", *source, *where)
    with open_database(place / "crawl.db") as db:
        return select(db, Selection(min_per_category=FEWEST))[0]


def judge(right: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[float, float]:
    """Return accuracy, and coverage at 98 %."""
    return float(right.mean()), coverage(score, right, 0.98).share
