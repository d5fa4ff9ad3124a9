"""A data set and its features → a trained categorizer's experiment, ready to be stored."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from product_classifier import __version__
from product_classifier.features.features import Features
from product_classifier.features.neighbours import COMPARED, most_alike
from product_classifier.models.split import CALIBRATION, TEST, TRAIN, TUNING
from product_classifier.models.training import predict, predict_paths, train
from product_classifier.predictions import Experiment, PathScores, Prediction
from product_classifier.records import Dataset, Track, untracked

TITLES = {"words": "Text", "images": "Image", "both": "Image+Text"}
LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn", "pillow")


def run_experiment(
    kind: str,
    dataset: Dataset,
    features: Features,
    started: float,
    seed: int = 0,
    track: Track = untracked,
) -> Experiment:
    """Train on the training part, choose by the tuning part, predict calibration and test part.

    started: time.monotonic() before the first of the work.
    """
    labels = [item.labels for item in dataset.items]
    parts = np.array([item.part for item in dataset.items])
    rows = {part: np.flatnonzero(parts == part) for part in (TRAIN, TUNING, CALIBRATION, TEST)}
    trained = train(
        features, labels, rows[TRAIN], rows[TUNING], len(dataset.categories), seed, track=track
    )
    accuracy = {}
    for part in (TRAIN, TUNING, CALIBRATION, TEST):
        known = np.array([row for row in rows[part] if labels[row]], dtype=np.int64)
        predicted, _ = predict(trained, features, known)
        right = [k in labels[row] for row, k in zip(known, predicted, strict=True)]
        accuracy[part] = float(np.mean(right)) if right else None
    nodes, above = _tree(dataset)
    paths = [
        PathScores(
            part,
            [dataset.items[row].id for row in rows[part]],
            nodes,
            *predict_paths(trained, features, rows[part], above),
        )
        for part in (CALIBRATION, TEST)
    ]
    tested = paths[1]
    wrong = _most_confident_errors(rows[TEST], tested, labels)
    predictions = [
        Prediction(product, nodes[k], float(score))
        for product, k, score in zip(
            tested.products, tested.answers[:, 0], tested.score[:, 0], strict=True
        )
    ]
    return Experiment(
        name=f"{TITLES[kind]} classification of: {dataset.name}",
        kind=kind,
        split=dataset.split,
        settings={**dataset.settings, **features.settings, **trained.settings},
        versions=_versions(),
        seconds=time.monotonic() - started,
        accuracy=accuracy,
        predictions=predictions,
        paths=paths,
        alike=most_alike(features, [item.id for item in dataset.items], wrong),
    )


def _most_confident_errors(
    rows: NDArray[np.int64], tested: PathScores, labels: Sequence[Sequence[int]]
) -> NDArray[np.int64]:
    """Choose those test rows whose prediction is not among their labels, highest scores first."""
    wrong = [
        k for k, row in enumerate(rows) if labels[row] and tested.answers[k, 0] not in labels[row]
    ]
    wrong.sort(key=lambda k: -tested.score[k, 0])
    return rows[wrong[:COMPARED]]


def _tree(dataset: Dataset) -> tuple[list[str], NDArray[np.int64]]:
    """List the learned categories and all above them, and the paths of the former by number."""
    numbers = {category.id: k for k, category in enumerate(dataset.categories)}
    paths = np.full((len(numbers), 1 + max(map(len, dataset.above))), -1)
    for k, above in enumerate(dataset.above):
        paths[k, 0] = k
        paths[k, 1 : 1 + len(above)] = [numbers.setdefault(node, len(numbers)) for node in above]
    return list(numbers), paths


def _versions() -> dict[str, str]:
    return {
        "product_classifier": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }
