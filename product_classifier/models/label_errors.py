"""The suspicion of each label of a data set, from out-of-sample probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from product_classifier.console import SILENT, Console
from product_classifier.evaluate.label_errors import (
    estimated_noise,
    overlapping,
    suggested,
    suspicion,
)
from product_classifier.features.dataset_features import Features
from product_classifier.features.neighbours import COMPARED, most_alike
from product_classifier.models.cross_fitting import cross_fitted
from product_classifier.predictions import LabelSearch
from product_classifier.records import Dataset


def search_labels(
    dataset: Dataset,
    features: Features,
    groups: Mapping[str, str],
    seed: int = 0,
    console: Console = SILENT,
) -> LabelSearch:
    """Return the suspicion of each label, by networks that are cross-fitted over the data set.

    groups: product id → duplicate group. Takes five trainings.
    """
    items = dataset.items
    probabilities = cross_fitted(
        features,
        [item.labels for item in items],
        [groups[item.id] for item in items],
        len(dataset.categories),
        seed=seed,
        console=console,
    )
    return compare_labels(dataset, features, probabilities)


def compare_labels(
    dataset: Dataset, features: Features, out_of_sample: NDArray[np.float32]
) -> LabelSearch:
    """Return the suspicion of each label; out_of_sample: probabilities, [items, categories]."""
    items = dataset.items
    labelled = np.array([k for k, item in enumerate(items) if item.labels], dtype=np.int64)
    probabilities = out_of_sample[labelled]
    pairs = [(row, label) for row, k in enumerate(labelled) for label in items[k].labels]
    row, category = np.array(pairs, dtype=np.int64).T
    score = suspicion(probabilities, row, category)
    other = suggested(probabilities, row, category)
    most = np.argsort(-score, kind="stable")[:COMPARED]
    names = [category.id for category in dataset.categories]
    return LabelSearch(
        products=[items[k].id for k in labelled],
        suspicion=score,
        suggested=[names[k] if k >= 0 else None for k in other],
        score=np.where(other >= 0, probabilities[np.arange(len(other)), other], 0.0),
        label_score=np.bincount(row, probabilities[row, category], len(labelled)).clip(0, 1),
        noise=estimated_noise(probabilities, row, category),
        overlaps=[
            (names[first], names[second], share)
            for first, second, share in overlapping(probabilities, row, category)
        ],
        alike=most_alike(features, [item.id for item in items], labelled[most]),
    )


def search_fingerprint(dataset: Dataset, experiment: int) -> str:
    """Return the SHA-256 of everything that a search for label errors depends on."""
    digest = hashlib.sha256(str(experiment).encode())
    for item in dataset.items:
        picture = item.image.sha256 if item.image else None
        more = tuple(image.sha256 for image in item.more_images)
        digest.update(repr((item.id, item.labels, item.text, picture, *more)).encode())
    return digest.hexdigest()
