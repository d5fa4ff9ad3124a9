"""Training a classifier that gives calibrated probabilities, and predicting with it."""

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
from product_classifier.models.balance import AS_THEY_ARE, Balance
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
from product_classifier.models.fitting import fit_network
from product_classifier.models.network import softmax
from product_classifier.models.scaling import CHUNK


@dataclass(frozen=True)
class Trained:
    """A trained classifier and how its training went."""

    classifier: Classifier
    prior: NDArray[np.float64]  # [classes], share of each category among the training rows
    temperature: float  # that logits are divided by, so that scores are probabilities
    settings: Mapping[str, Any]
    first: Classifier | None = None  # where it has learned the tuning rows too: before it did

    @property
    def before_refit(self) -> Trained:
        """The same as it was when the tuning rows judged it."""
        return dataclasses.replace(self, classifier=self.first or self.classifier)

    def state(self) -> State:
        """Tell what it consists of."""
        arrays = {"prior": self.prior, "temperature": np.array(self.temperature)}
        return State("trained", arrays=arrays, parts=[self.classifier.state()])

    @classmethod
    def restored(cls, state: State, classifier: Classifier, classes: int) -> Trained:
        """Make it again from its state. Raises ValueError where that is none."""
        state.insist_on(arrays=["prior", "temperature"], parts=1)
        shares = checked(state.arrays, "prior", (classes,))
        insist((shares >= 0) & (shares <= 1), "shares are not from 0 to 1")
        insist(abs(shares.sum() - 1) < 1e-3, "shares do not sum to 1")
        temperature = checked(state.arrays, "temperature", ())
        insist_on_temperatures(temperature)
        return cls(classifier, shares, float(temperature), {})


def train(
    features: Features,
    labels: Sequence[Sequence[int]],
    train_rows: NDArray[np.int64],
    tuning_rows: NDArray[np.int64],
    classes: int,
    seed: int = 0,
    console: Console = SILENT,
    fit: Fit = fit_network,
    balance: Balance = AS_THEY_ARE,
) -> Trained:
    """Train on the training rows that have evidence; the tuning rows choose and calibrate.

    labels: [items], the positions of each item's categories. Raises ModelError where no training
    row has any evidence.
    """
    evidence = features.has_features()
    learning = Targets.of(train_rows[evidence[train_rows]], labels)
    tuning = Targets.of(tuning_rows[evidence[tuning_rows]], labels)
    if not len(learning.rows):
        raise ModelError("no training product has a text or picture to learn from")
    shares = prior(Targets.of(train_rows, labels), classes)
    balanced = balance.apply(learning, classes, seed)
    fitted = fit(Task(features, balanced, tuning, classes, seed, console))
    first = classifier = balance.adjust(fitted.classifier, shares)
    temperature = fit_temperature(classifier.logits(tuning.rows), tuning.labels, tuning.weights)
    if fitted.refit and len(tuning.rows):
        both = balance.apply(learning | tuning, classes, seed)
        classifier = balance.adjust(fitted.refit(both), shares)
    return Trained(
        classifier,
        shares,
        temperature,
        {
            "seed": seed,
            "temperature": temperature,
            "parameters": fitted.parameters,
            **balance.settings,
            **fitted.settings,
        },
        first,
    )


def prior(targets: Targets, classes: int) -> NDArray[np.float64]:
    """Compute the share of each category, [classes]."""
    counts = np.bincount(targets.labels, targets.weights, classes)
    return np.asarray(counts / counts.sum())


def predict(
    trained: Trained, features: Features, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Predict the category and its probability for some items.

    An item without any evidence is given the commonest category with its share as the score.
    """
    leaves = np.arange(len(trained.prior))[:, None]
    answers, score, _ = predict_paths(trained, features, rows, leaves)
    return answers[:, 0], score[:, 0]


def predict_paths(
    trained: Trained, features: Features, rows: NDArray[np.int64], paths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Predict the leaf of some items, and how probable it and all that lies above it are.

    paths: [classes, heights], the numbers of each class and of the nodes above it, -1 above the
    highest; a node is as probable as the classes below it together. Returns the paths of the
    predicted classes, their probabilities, and these before the temperature, [rows, heights] each,
    nan above the highest. Raises ModelError where a product's logits are no numbers.
    """
    nodes = paths.max(initial=-1) + 2  # the last one stands for -1
    classes = np.repeat(np.arange(len(paths)), paths.shape[1])
    cells = np.unique(np.stack([paths.ravel() % nodes, classes]), axis=1)
    # sparse: each row's sum then goes from the first class to the last, whatever the other rows
    above = csr_matrix((np.ones(cells.shape[1]), tuple(cells)), (nodes, len(paths)))
    answers = np.empty((len(rows), paths.shape[1]), np.int64)
    score, uncalibrated = np.empty(answers.shape), np.empty(answers.shape)
    for start in range(0, len(rows), CHUNK):  # all probabilities at once would be large
        some = slice(start, start + CHUNK)
        evident = features.has_features()[rows[some]]
        logits = trained.classifier.logits(rows[some][evident])
        cold, warm = (np.tile(trained.prior, (len(evident), 1)) for _ in range(2))
        cold[evident], warm[evident] = softmax(logits), softmax(logits / trained.temperature)
        predicted = warm.argmax(axis=1)
        answers[some] = paths[predicted]
        for probabilities, found in ((warm, score), (cold, uncalibrated)):
            sums = np.take_along_axis((above @ probabilities.T).T, answers[some], axis=1)
            found[some] = sums.clip(0, 1)
    if spoilt := int(np.count_nonzero(np.isnan(score + uncalibrated).any(axis=1))):
        raise ModelError(
            f"{spoilt:,} of {len(rows):,} products get scores that are no numbers, and none of "
            "them is kept: what the model consists of is too large; train it again"
        )
    score[answers < 0] = uncalibrated[answers < 0] = np.nan
    return answers, score, uncalibrated
