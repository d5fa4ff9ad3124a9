"""Out-of-sample probabilities for every product: each is predicted by a network it never taught.

What a network has learned from, it repeats; only one that has not seen a product's label can tell
that the label is wrong.
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

TUNING_SHARE = 0.05  # of the products that a fold's network may see


def cross_fitted(
    features: Features,
    labels: Sequence[Sequence[int]],
    groups: Sequence[str],
    classes: int,
    folds: int = 5,
    seed: int = 0,
    console: Console = SILENT,
    rows: NDArray[np.int64] | None = None,
    fit: Fit = fit_network,
    calibrated: bool = True,
) -> NDArray[np.float32]:
    """Predict products by classifiers trained on the other folds, float32 [rows, classes].

    labels: [items], the positions of each item's categories. rows: the items to cut into folds and
    predict, all by default. groups: [rows], the duplicate group of each; a group stays in one fold.
    Each classifier stops by a twentieth of what it may see, and is calibrated by it, unless its
    logits are to be taken as they are: of few products, that is few. A product without evidence
    gets the shares of the categories. A category that stands in one fold alone is near 0 there:
    nothing else tells of it. Raises ModelError where the other folds have no evidence.
    """
    fold, tuning = cut(groups, folds, seed)
    chosen = np.arange(len(labels)) if rows is None else rows
    found = np.empty((len(chosen), classes), np.float32)
    for number in console.progress(np.unique(fold).tolist(), "folds", folds):
        seen = fold != number
        trained = train(
            features,
            labels,
            chosen[seen & ~tuning],
            chosen[seen & tuning],
            classes,
            seed,
            fit=fit,
        )
        if not calibrated:
            trained = dataclasses.replace(trained, temperature=1.0)
        for places in _chunks(np.flatnonzero(~seen)):
            found[places] = probabilities(trained, features, chosen[places])
    return found


def cut(
    groups: Sequence[str], folds: int, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give each product its fold, and tell whether it tunes the networks of the others; [items].

    A hash of seed and group decides both, whatever the order and the other products.
    """
    known = {group: position_of(f"{seed} {group}") * folds for group in set(groups)}
    place = np.array([known[group] for group in groups])
    fold = place.astype(np.int64)
    return fold, place - fold < TUNING_SHARE


def probabilities(
    trained: Trained, features: Features, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Compute how probable each category is for some items, [rows, classes]; each row sums to 1.

    An item without any evidence is given the share of each category among the training rows.
    """
    evident = features.has_features()[rows]
    found = np.tile(trained.prior, (len(rows), 1))
    found[evident] = softmax(trained.classifier.logits(rows[evident]) / trained.temperature)
    return found


def _chunks(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut into runs whose probabilities fit into memory in double precision."""
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
