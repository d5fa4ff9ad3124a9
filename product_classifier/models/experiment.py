"""A data set and its features → a trained categorizer's experiment, ready to be stored."""

from __future__ import annotations

import importlib.metadata
import platform
import time

import numpy as np

from product_classifier import __version__
from product_classifier.features.features import Features
from product_classifier.models.split import TEST, TRAIN, TUNING
from product_classifier.models.training import predict, train
from product_classifier.records import Dataset, Experiment, Prediction, Track, untracked

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
    """Train on the training part, choose by the tuning part, and predict the test part.

    started: time.monotonic() before the first of the work.
    """
    labels = [item.labels for item in dataset.items]
    parts = np.array([item.part for item in dataset.items])
    rows = {part: np.flatnonzero(parts == part) for part in (TRAIN, TUNING, TEST)}
    trained = train(
        features, labels, rows[TRAIN], rows[TUNING], len(dataset.categories), seed, track=track
    )
    accuracy = {}
    for part in (TRAIN, TUNING, TEST):
        predicted, score = predict(trained, features, rows[part])
        right = [k in labels[row] for row, k in zip(rows[part], predicted, strict=True)]
        accuracy[part] = float(np.mean(right)) if right else None
    predictions = [  # of the test part, which came last
        Prediction(dataset.items[row].id, dataset.categories[k].id, float(probability))
        for row, k, probability in zip(rows[TEST], predicted, score, strict=True)
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
    )


def _versions() -> dict[str, str]:
    return {
        "product_classifier": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }
