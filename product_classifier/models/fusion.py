"""Words and pictures judged apart, and their judgements put together.

What to make of the two is learned from the training rows, each judged by classifiers that have not
seen its fold: a classifier's own training rows would make it look surer than it is.
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
from product_classifier.features.pooling import PLACEHOLDER
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

FOLDS = 5
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)  # inverse, of the regularization of a stack


def fit_late(task: Task, words: Fit = fit_network, pictures: Fit = fit_network) -> Fitted:
    """Weigh the logarithms of both halves' calibrated probabilities.

    The weights are those under which the training rows, out of fold, are likeliest. A half that a
    product has not is left out, and the other stands alone.
    """
    from scipy.optimize import minimize

    modalities, judged = _train_modalities(task, words, pictures)
    learning = task.learning
    both = modalities_present(task.features, learning.rows).all(axis=0)
    chosen = np.flatnonzero(both)
    share = learning.weights[chosen] / max(float(learning.weights[chosen].sum()), 1e-12)
    labels = learning.labels[chosen]

    def loss(weights: NDArray[np.float64]) -> float:
        logits = np.tensordot(weights, judged[:, chosen], axes=1)
        top = logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
        return float(share @ (total - logits[np.arange(len(labels)), labels]))

    weights = np.ones(2)
    if len(chosen):
        found = minimize(loss, [1.0, 0.5], method="L-BFGS-B", bounds=[(0, 3), (0, 3)])
        weights = found.x
    settings = {
        "weight_of_words": float(weights[0]),
        "weight_of_pictures": float(weights[1]),
        **modalities.settings,
    }
    return Fitted(
        Late(modalities.before_refit, weights),
        modalities.parameters + 2,
        settings,
        functools.partial(_as_learned, Late(modalities, weights)),
    )


def fit_stack(task: Task, words: Fit = fit_network, pictures: Fit = fit_network) -> Fitted:
    """Train a logistic regression on both halves' log-probabilities, margins and what is missing.

    The tuning rows choose how strongly it is regularized.
    """
    from sklearn.linear_model import LogisticRegression

    modalities, judged = _train_modalities(task, words, pictures)
    learning = task.learning
    inputs = stacked(judged, modalities_present(task.features, learning.rows))
    if len(np.unique(learning.labels)) < 2:
        raise ModelError("the products to learn from are all in one category")
    found: list[tuple[float, Fitted]] = []
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=300)
        fit_quietly(model, inputs, learning)
        stack = Stack(modalities.before_refit, model, task.classes)
        logits = stack.logits(task.tuning.rows)
        loss = task.tuning.score(np.exp(logits)).loss if len(task.tuning.rows) else strength
        settings = {"strength": strength, **modalities.settings}
        parameters = modalities.parameters + model.coef_.size + model.intercept_.size
        learned = Stack(modalities, model, task.classes)
        refit = functools.partial(_as_learned, learned)
        found.append((loss, Fitted(stack, parameters, settings, refit)))
    return min(found, key=lambda one: one[0])[1]


def _as_learned(learned: Classifier, learning: Targets) -> Classifier:
    """Give what has learned the tuning rows already."""
    return learned


def _train_modalities(
    task: Task, words: Fit, pictures: Fit
) -> tuple[Modalities, NDArray[np.float64]]:
    """Train both halves; returns them and what others say of the targets, [2, targets, classes]."""
    features, learning = task.features, task.learning
    if features.words is None or features.pictures is None:
        raise ModelError("there are no two halves to put together")
    labels = _labels(task)
    train_rows, place = np.unique(learning.rows, return_inverse=True)
    tuning_rows = np.unique(task.tuning.rows)
    groups = _groups(features, train_rows)
    trained, judged = [], []
    for fit, modality in ((words, features.words_alone), (pictures, features.pictures_alone)):
        trained.append(
            train(
                modality,
                labels,
                train_rows,
                tuning_rows,
                task.classes,
                task.seed,
                task.console,
                fit,
            )
        )
        out_of_fold = cross_fitted(
            modality,
            labels,
            groups,
            task.classes,
            FOLDS,
            task.seed,
            task.console,
            train_rows,
            fit,
            calibrated=False,
        )
        judged.append(
            _calibrated(out_of_fold[place], learning, modality.has_features()[learning.rows])
        )
    return Modalities(trained[0], trained[1], features), log_of(np.stack(judged))


def _calibrated(
    out_of_fold: NDArray[np.float32], learning: Targets, evident: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Calibrate all folds by one temperature, since a fold alone has few rows to do it by."""
    logits = np.log(np.maximum(out_of_fold.astype(np.float64), np.finfo(np.float32).tiny))
    temperature = fit_temperature(
        logits[evident], learning.labels[evident], learning.weights[evident]
    )
    found = softmax(logits / temperature)
    found[~evident] = out_of_fold[~evident]
    return found


def _labels(task: Task) -> Sequence[Sequence[int]]:
    """Give each item its labels once more, of the learning and the tuning rows alone."""
    found: list[list[int]] = [[] for _ in range(len(task.features.has_features()))]
    for targets in (task.learning, task.tuning):
        for row, label in zip(targets.rows.tolist(), targets.labels.tolist(), strict=True):
            if label not in found[row]:
                found[row].append(label)
    return found


def _groups(features: Features, rows: NDArray[np.int64]) -> list[str]:
    """Name the duplicate group of some items: equal words or the same main picture."""
    words, pictures = features.words, features.pictures
    if words is None or pictures is None:
        raise ValueError("groups are those of words and pictures")
    texts = []
    for row in rows:
        cells = slice(words.indptr[row], words.indptr[row + 1])
        content = words.indices[cells].tobytes() + words.data[cells].tobytes()
        texts.append(hashlib.sha256(content).hexdigest() if content else f"none {row}")
    times = Counter(pictures.main[rows].tolist())
    seen = [
        str(place) if place >= 0 and times[place] <= PLACEHOLDER else None
        for place in pictures.main[rows].tolist()
    ]
    return [f"group {number}" for number in duplicate_groups(texts, seen)]
