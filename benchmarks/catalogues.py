"""Accuracy and coverage on real catalogues, beside logistic regression on the same features."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, logistic_regression, percent
from product_classifier.evaluate.coverage import coverage
from product_classifier.features.features import word_features
from product_classifier.models.experiment import run_experiment
from product_classifier.models.split import frozen_split
from product_classifier.records import Dataset
from product_classifier.sources.csvfile import read_csv
from product_classifier.store.catalogue import save_import
from product_classifier.store.database import open_database
from product_classifier.store.dataset import read_dataset, read_identities

POINT = 0.005
BARS = {"fashion": (0.0, POINT), "instacart": (0.0, None)}  # what accuracy, coverage may fall short


def run(shared: Path) -> Iterator[Row]:
    """Measure words on fashion and instacart, leaves of at least 20 products, frozen split."""
    for name, (accuracy_slack, coverage_slack) in BARS.items():
        dataset = read_catalogue(shared / "data" / name)
        with tempfile.TemporaryDirectory() as cache:
            features = word_features(dataset, Path(cache))
        experiment = run_experiment("words", dataset, features, time.monotonic())
        labels = np.array([item.labels[0] for item in dataset.items])
        parts = np.array([item.part for item in dataset.items])
        train, test = np.flatnonzero(parts == "train"), np.flatnonzero(parts == "test")
        positions = {category.id: k for k, category in enumerate(dataset.categories)}
        predicted = np.array([positions[p.category_id] for p in experiment.predictions])
        ours = judge(predicted == labels[test], np.array([p.score for p in experiment.predictions]))
        guess, score = logistic_regression(features.words, labels, train, test)
        peer = judge(guess == labels[test], score)
        met = ours[0] >= peer[0] - accuracy_slack
        bar = "accuracy >= peer"
        if coverage_slack is not None:
            met = met and ours[1] >= peer[1] - coverage_slack
            bar += ", cov98 >= -0.5"
        figure = f"words, {name}, accuracy / coverage at 98 % (N={len(test):,})"
        yield Row(figure, percent(ours), percent(peer), bar, met)


def read_catalogue(folder: Path, fewest: int = 20) -> Dataset:
    """Import a CSV file's products, without pictures."""
    contents = read_csv(folder / "products.csv", folder)
    with (
        tempfile.TemporaryDirectory() as place,
        open_database(Path(place) / "crawl.db", create=True) as db,
    ):
        save_import(db, contents.categories, contents.products, contents.skipped)
        return read_dataset(db, frozen_split(read_identities(db)), (), fewest)


def judge(right: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[float, float]:
    """Accuracy, and coverage at 98 %."""
    return float(right.mean()), coverage(score, right, 0.98).share
