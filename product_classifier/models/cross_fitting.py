"""Out-of-sample probabilities: each product is predicted by a network trained without it.

A network reproduces the labels it was trained on, so only a network that has not seen a product's
label can show that the label is wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from product_classifier.console import SILENT, Console
from product_classifier.features.dataset_features import Features
from product_classifier.models.base import Fit
from product_classifier.models.fitting import fit_network
from product_classifier.models.network import softmax
from product_classifier.models.scaling import CHUNK
from product_classifier.models.split import position_of
from product_classifier.models.training import Trained, train

TUNING_SHARE = 0.05  # of the products outside of a fold


def cross_fitted(
    features: Features,
    labels: Sequence[Sequence[int]],
    groups: Sequence[str],
    classes: int,
    *,
    folds: int = 5,
    seed: int = 0,
    console: Console = SILENT,
    rows: NDArray[np.int64] | None = None,
    fit: Fit = fit_network,
    calibrated: bool = True,
) -> NDArray[np.float32]:
    """Return the probabilities of items by classifiers of the other folds, float32 [rows, classes].

    labels: [items], the classes of each item. rows: the items to cut into folds and predict, all by
    default. groups: [rows], their duplicate groups; a group stays in one fold. A twentieth of the
    products outside of a fold tunes its classifier: it stops the training and, with calibrated,
    fits the temperature, which needs more than a few products. An item without features gets the
    share of each category. A category whose items are all in one fold gets probabilities near 0
    there. Raises ModelError if no item of the other folds has features.
    """
    fold, tuning = cut(groups, folds, seed)
    chosen = np.arange(len(labels)) if rows is None else rows
    out_of_fold = np.empty((len(chosen), classes), np.float32)
    for number in console.progress(np.unique(fold).tolist(), "folds", folds):
        seen = fold != number
        trained = train(
            features,
            labels,
            chosen[seen & ~tuning],
            chosen[seen & tuning],
            classes,
            seed=seed,
            fit=fit,
        )
        if not calibrated:
            trained = dataclasses.replace(trained, temperature=1.0)
        for places in _chunks(np.flatnonzero(~seen)):
            out_of_fold[places] = probabilities(trained, features, chosen[places])
    return out_of_fold


def cut(
    groups: Sequence[str], folds: int, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the fold of each product and whether it tunes the other folds' networks, both [items].

    A hash of seed and group decides both, independent of the order and of the other products.
    """
    places = {group: position_of(f"{seed} {group}") * folds for group in set(groups)}
    place = np.array([places[group] for group in groups])
    fold = place.astype(np.int64)
    return fold, place - fold < TUNING_SHARE


def probabilities(
    trained: Trained, features: Features, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the calibrated probabilities of items, [rows, classes]; each row sums to 1.

    An item without features gets the share of each category among the training rows.
    """
    has_features = features.has_features()[rows]
    values = np.tile(trained.prior, (len(rows), 1))
    logits = trained.classifier.logits(rows[has_features])
    values[has_features] = softmax(logits / trained.temperature)
    return values


def _chunks(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return rows in chunks whose probabilities fit into memory in double precision."""
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
