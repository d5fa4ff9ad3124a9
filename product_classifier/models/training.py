"""Training of a classifier with calibrated probabilities, and prediction with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.console import SILENT, Console
from product_classifier.errors import ModelError
from product_classifier.evaluate.reliability import fit_temperature
from product_classifier.features.dataset_features import Features
from product_classifier.models.balance import adjusted, balanced
from product_classifier.models.base import (
    Classifier,
    Fit,
    State,
    Targets,
    Task,
    checked,
    insist,
    insist_on_temperatures,
)
from product_classifier.models.choices import AS_THEY_ARE, Balance
from product_classifier.models.fitting import fit_network
from product_classifier.models.network import softmax
from product_classifier.models.scaling import CHUNK


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained classifier with its calibration and settings."""

    classifier: Classifier
    prior: NDArray[np.float64]  # [classes], share of each category among the training rows
    temperature: float  # divides the logits, which calibrates the probabilities
    settings: Mapping[str, Any]
    first_classifier: Classifier | None = None  # before the refit, if there was one

    @property
    def before_refit(self) -> Trained:
        """The classifier before the refit, which has not learned from the tuning rows."""
        return dataclasses.replace(self, classifier=self.first_classifier or self.classifier)

    def state(self) -> State:
        """Return everything a prediction depends on, to be saved."""
        arrays = {"prior": self.prior, "temperature": np.array(self.temperature)}
        return State("trained", arrays=arrays, parts=[self.classifier.state()])

    @classmethod
    def restored(cls, state: State, classifier: Classifier, classes: int) -> Trained:
        """Return a trained classifier from its state. Raises ValueError if the state is invalid."""
        state.insist_on(arrays=["prior", "temperature"], parts=1)
        shares = checked(state.arrays, "prior", (classes,))
        insist((shares >= 0) & (shares <= 1), "shares are not between 0 and 1")
        insist(abs(shares.sum() - 1) < 1e-3, "shares do not sum to 1")
        temperature = checked(state.arrays, "temperature", ())
        insist_on_temperatures(temperature)
        return cls(classifier=classifier, prior=shares, temperature=float(temperature), settings={})


def train(
    features: Features,
    labels: Sequence[Sequence[int]],
    train_rows: NDArray[np.int64],
    tuning_rows: NDArray[np.int64],
    classes: int,
    *,
    seed: int = 0,
    console: Console = SILENT,
    fit: Fit = fit_network,
    balance: Balance = AS_THEY_ARE,
) -> Trained:
    """Return a classifier trained on the training rows, tuned and calibrated on the tuning rows.

    labels: [items], the classes of each item. Rows without features are left out. Once calibrated,
    the classifier is refit on both parts, if its fit can do that. Raises ModelError if no training
    row has features.
    """
    has_features = features.has_features()
    learning = Targets.of(train_rows[has_features[train_rows]], labels)
    tuning = Targets.of(tuning_rows[has_features[tuning_rows]], labels)
    if not len(learning.rows):
        raise ModelError("no training product has a text or picture to learn from")
    shares = prior(Targets.of(train_rows, labels), classes)
    targets = balanced(balance, learning, classes, seed)
    task = Task(
        features=features,
        learning=targets,
        tuning=tuning,
        classes=classes,
        seed=seed,
        console=console,
    )
    fitted = fit(task)
    first_classifier = classifier = adjusted(balance, fitted.classifier, shares)
    temperature = fit_temperature(classifier.logits(tuning.rows), tuning.labels, tuning.weights)
    if fitted.refit and len(tuning.rows):
        both = balanced(balance, learning | tuning, classes, seed)
        classifier = adjusted(balance, fitted.refit(both), shares)
    return Trained(
        classifier=classifier,
        prior=shares,
        temperature=temperature,
        settings={
            "seed": seed,
            "temperature": temperature,
            "parameters": fitted.parameters,
            **balance.settings,
            **fitted.settings,
        },
        first_classifier=first_classifier,
    )


def prior(targets: Targets, classes: int) -> NDArray[np.float64]:
    """Return the share of each category among targets, [classes]."""
    counts = np.bincount(targets.labels, targets.weights, classes)
    return np.asarray(counts / counts.sum())


def predict(
    trained: Trained, features: Features, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the predicted classes of items and their probabilities, both [rows].

    An item without features gets the most frequent category, with its share as the score.
    """
    leaves = np.arange(len(trained.prior))[:, None]
    answers, score, _ = predict_paths(trained, features, rows, leaves)
    return answers[:, 0], score[:, 0]


def predict_paths(
    trained: Trained, features: Features, rows: NDArray[np.int64], paths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the predicted leaves of items with their ancestors, and the probability of each node.

    paths: [classes, heights], the numbers of each class and of its ancestors, -1 above the highest.
    The probability of a node is the sum over the classes below it. The results are [rows, heights]
    each: the paths of the predicted classes, their calibrated and their uncalibrated probabilities,
    nan above the highest. Raises ModelError if logits are not numbers.
    """
    nodes = paths.max(initial=-1) + 2  # the last one stands for -1
    classes = np.repeat(np.arange(len(paths)), paths.shape[1])
    cells = np.unique(np.stack([paths.ravel() % nodes, classes]), axis=1)
    # sparse: each row's sum then goes from the first class to the last, whatever the other rows
    above = csr_matrix((np.ones(cells.shape[1]), tuple(cells)), (nodes, len(paths)))
    answers = np.empty((len(rows), paths.shape[1]), np.int64)
    score, uncalibrated = np.empty(answers.shape), np.empty(answers.shape)
    for start in range(0, len(rows), CHUNK):  # all probabilities at once would be large
        chunk = slice(start, start + CHUNK)
        has_features = features.has_features()[rows[chunk]]
        logits = trained.classifier.logits(rows[chunk][has_features])
        raw, calibrated = (np.tile(trained.prior, (len(has_features), 1)) for _ in range(2))
        raw[has_features] = softmax(logits)
        calibrated[has_features] = softmax(logits / trained.temperature)
        answers[chunk] = paths[calibrated.argmax(axis=1)]
        for probabilities, result in ((calibrated, score), (raw, uncalibrated)):
            sums = np.take_along_axis((above @ probabilities.T).T, answers[chunk], axis=1)
            result[chunk] = sums.clip(0, 1)
    if invalid := int(np.count_nonzero(np.isnan(score + uncalibrated).any(axis=1))):
        raise ModelError(
            f"{invalid:,} of {len(rows):,} products have scores that are not numbers, so no "
            "prediction is returned: the model's weights are too large; train it again"
        )
    score[answers < 0] = uncalibrated[answers < 0] = np.nan
    return answers, score, uncalibrated
