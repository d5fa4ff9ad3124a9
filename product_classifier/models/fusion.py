"""The fits of late fusions: one classifier of words, one of pictures, and a combination of both.

The combination is trained on out-of-fold predictions of the training rows, since a classifier is
overconfident on the rows that it was trained on. late_fusion.py has the fitted classifiers.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.evaluate.reliability import fit_temperature
from product_classifier.features.dataset_features import Features
from product_classifier.models.base import Classifier, Fit, Fitted, Targets, Task
from product_classifier.models.cross_fitting import cross_fitted
from product_classifier.models.fitting import fit_network
from product_classifier.models.late_fusion import (
    Late,
    Modalities,
    Stack,
    log_of,
    modalities_present,
    stacked,
)
from product_classifier.models.network import softmax
from product_classifier.models.scikit import fit_quietly
from product_classifier.models.split import duplicate_groups
from product_classifier.models.training import train
from product_classifier.selection import PLACEHOLDER

FOLDS = 5
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)  # inverse, of the regularization of a stack


def fit_late(task: Task, words: Fit = fit_network, pictures: Fit = fit_network) -> Fitted:
    """Fit a weighted sum of both modalities' calibrated log-probabilities.

    The weights maximize the likelihood of the training rows, predicted out of fold. A product that
    lacks a modality is classified by the other one alone.
    """
    from scipy.optimize import minimize

    modalities, log_probabilities = _train_modalities(task, words, pictures)
    learning = task.learning
    both = modalities_present(task.features, learning.rows).all(axis=0)
    chosen = np.flatnonzero(both)
    share = learning.weights[chosen] / max(float(learning.weights[chosen].sum()), 1e-12)
    labels = learning.labels[chosen]

    def loss(weights: NDArray[np.float64]) -> float:
        logits = np.tensordot(weights, log_probabilities[:, chosen], axes=1)
        top = logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
        return float(share @ (total - logits[np.arange(len(labels)), labels]))

    weights = np.ones(2)
    if len(chosen):
        weights = minimize(loss, [1.0, 0.5], method="L-BFGS-B", bounds=[(0, 3), (0, 3)]).x
    settings = {
        "weight_of_words": float(weights[0]),
        "weight_of_pictures": float(weights[1]),
        **modalities.settings,
    }
    return Fitted(
        Late(modalities.before_refit, weights),
        modalities.parameters + 2,
        settings,
        refit=functools.partial(_already_refit, Late(modalities, weights)),
    )


def fit_stack(task: Task, words: Fit = fit_network, pictures: Fit = fit_network) -> Fitted:
    """Fit a logistic regression on both modalities' predictions, see `stacked`.

    The tuning rows choose the strength of the regularization. Raises ModelError if all training
    products are in one category.
    """
    from sklearn.linear_model import LogisticRegression

    modalities, log_probabilities = _train_modalities(task, words, pictures)
    learning = task.learning
    inputs = stacked(log_probabilities, modalities_present(task.features, learning.rows))
    if len(np.unique(learning.labels)) < 2:
        raise ModelError("the products to learn from are all in one category")
    candidates: list[tuple[float, Fitted]] = []
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=300)
        fit_quietly(model, inputs, learning)
        stack = Stack(modalities.before_refit, model, task.classes)
        logits = stack.logits(task.tuning.rows)
        loss = task.tuning.score(np.exp(logits)).loss if len(task.tuning.rows) else strength
        settings = {"strength": strength, **modalities.settings}
        parameters = modalities.parameters + model.coef_.size + model.intercept_.size
        refit = functools.partial(_already_refit, Stack(modalities, model, task.classes))
        candidates.append((loss, Fitted(stack, parameters, settings, refit=refit)))
    return min(candidates, key=lambda candidate: candidate[0])[1]


def _already_refit(classifier: Classifier, learning: Targets) -> Classifier:
    """Return a classifier whose modalities were refit on the tuning rows when they were trained."""
    return classifier


def _train_modalities(
    task: Task, words: Fit, pictures: Fit
) -> tuple[Modalities, NDArray[np.float64]]:
    """Return both trained modalities and out-of-fold log-probabilities, [2, targets, classes].

    Raises ModelError if the features lack words or pictures.
    """
    features, learning = task.features, task.learning
    if features.words is None or features.pictures is None:
        raise ModelError("a fusion needs both words and pictures")
    labels = _labels(task)
    train_rows, place = np.unique(learning.rows, return_inverse=True)
    tuning_rows = np.unique(task.tuning.rows)
    groups = _groups(features, train_rows)
    trained, out_of_fold = [], []
    for fit, modality in ((words, features.words_alone), (pictures, features.pictures_alone)):
        trained.append(
            train(
                modality,
                labels,
                train_rows,
                tuning_rows,
                task.classes,
                seed=task.seed,
                console=task.console,
                fit=fit,
            )
        )
        uncalibrated = cross_fitted(
            modality,
            labels,
            groups,
            task.classes,
            folds=FOLDS,
            seed=task.seed,
            console=task.console,
            rows=train_rows,
            fit=fit,
            calibrated=False,
        )
        has_features = modality.has_features()[learning.rows]
        out_of_fold.append(_calibrated(uncalibrated[place], learning, has_features))
    return Modalities(trained[0], trained[1], features), log_of(np.stack(out_of_fold))


def _calibrated(
    uncalibrated: NDArray[np.float32], learning: Targets, has_features: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return probabilities calibrated by one temperature for all folds: each has too few rows."""
    logits = np.log(np.maximum(uncalibrated.astype(np.float64), np.finfo(np.float32).tiny))
    temperature = fit_temperature(
        logits[has_features], learning.labels[has_features], learning.weights[has_features]
    )
    probabilities = softmax(logits / temperature)
    probabilities[~has_features] = uncalibrated[~has_features]
    return probabilities


def _labels(task: Task) -> Sequence[Sequence[int]]:
    """Return the labels of each item, [items]; none but for the training and tuning rows."""
    labels: list[list[int]] = [[] for _ in range(len(task.features.has_features()))]
    for targets in (task.learning, task.tuning):
        for row, label in zip(targets.rows.tolist(), targets.labels.tolist(), strict=True):
            if label not in labels[row]:
                labels[row].append(label)
    return labels


def _groups(features: Features, rows: NDArray[np.int64]) -> list[str]:
    """Return the duplicate group of items: equal words or the same main picture."""
    words, pictures = features.words, features.pictures
    if words is None or pictures is None:
        raise ValueError("duplicate groups need words and pictures")
    texts = []
    for row in rows:
        cells = slice(words.indptr[row], words.indptr[row + 1])
        content = words.indices[cells].tobytes() + words.data[cells].tobytes()
        texts.append(hashlib.sha256(content).hexdigest() if content else f"none {row}")
    counts = Counter(pictures.main[rows].tolist())
    pictures_of = [
        str(place) if place >= 0 and counts[place] <= PLACEHOLDER else None
        for place in pictures.main[rows].tolist()
    ]
    return [f"group {number}" for number in duplicate_groups(texts, pictures_of)]
