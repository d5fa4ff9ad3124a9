"""A classifier of words and one of pictures, and the two ways to put their judgements together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.features.dataset_features import Features
from product_classifier.models.base import Classifier, State, checked, insist
from product_classifier.models.cross_fitting import probabilities
from product_classifier.models.fields import whole
from product_classifier.models.scaling import CHUNK
from product_classifier.models.scikit import logistic
from product_classifier.models.scikit_state import (
    LOGISTIC,
    array_names,
    linear_arrays,
    restored_linear,
)
from product_classifier.models.training import Trained

SURE = 1e-6  # a half is never taken to be surer than this


@dataclass(frozen=True)
class Modalities:
    """A classifier of words and one of pictures."""

    words: Trained
    pictures: Trained
    features: Features

    @property
    def parameters(self) -> int:
        """Count the numbers that both consist of."""
        return sum(int(modality.settings["parameters"]) for modality in (self.words, self.pictures))

    @property
    def before_refit(self) -> Modalities:
        """The same as they were when the tuning rows judged them."""
        return Modalities(self.words.before_refit, self.pictures.before_refit, self.features)

    @property
    def settings(self) -> dict[str, Any]:
        """How an experiment records them."""
        return {"of_words": dict(self.words.settings), "of_pictures": dict(self.pictures.settings)}

    def states(self) -> list[State]:
        """Tell what both consist of."""
        return [self.words.state(), self.pictures.state()]

    def judge(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute the log-probabilities of both for some items, [2, rows, classes]."""
        found = [
            np.concatenate(
                [
                    probabilities(modality, features, rows[start : start + CHUNK])
                    for start in range(0, max(len(rows), 1), CHUNK)
                ]
            )
            for modality, features in (
                (self.words, self.features.words_alone),
                (self.pictures, self.features.pictures_alone),
            )
        ]
        return log_of(np.stack(found))


@dataclass(frozen=True)
class Late:
    """Weighs the logarithms of both, and takes one alone where the other is missing."""

    modalities: Modalities
    weights: NDArray[np.float64]  # [2]

    def state(self) -> State:
        """Tell what it consists of."""
        return State("late", arrays={"weights": self.weights}, parts=self.modalities.states())

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute the logits of some items, [rows, classes]."""
        evident = modalities_present(self.modalities.features, rows)
        alone = evident.sum(axis=0) < 2
        weights = np.where(alone, evident, self.weights[:, None])
        return np.asarray((weights[:, :, None] * self.modalities.judge(rows)).sum(axis=0))


@dataclass(frozen=True)
class Stack:
    """A logistic regression over what both say."""

    modalities: Modalities
    model: Any
    classes: int

    def state(self) -> State:
        """Tell what it consists of."""
        numbers = {"classes": self.classes}
        return State("stack", numbers, linear_arrays(self.model), self.modalities.states())

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute the logits of some items, [rows, classes]: they are log-probabilities."""
        found = np.full((len(rows), self.classes), np.log(SURE))
        if len(rows):
            inputs = stacked(
                self.modalities.judge(rows), modalities_present(self.modalities.features, rows)
            )
            found[:, self.model.classes_] = log_of(logistic(self.model, inputs))
        return found


def restored_fusion(
    state: State, parts: Sequence[Trained], features: Features, classes: int
) -> Classifier:
    """Make a late fusion or a stack again from its two halves.

    Raises ValueError where the state does not fit.
    """
    modalities = Modalities(parts[0], parts[1], features)
    if state.kind == "late":
        state.insist_on(arrays=["weights"], parts=2)
        weights = checked(state.arrays, "weights", (2,))
        insist(weights >= 0, "a weight of words or pictures is negative")
        return Late(modalities, weights)
    state.insist_on(["classes"], array_names(LOGISTIC), parts=2)
    whole(state.numbers["classes"], "the number of categories", classes, classes)
    model = restored_linear(LOGISTIC, state.arrays, 2 * classes + 4, classes)
    return Stack(modalities, model, classes)


def modalities_present(features: Features, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which items have known words, and which a picture, [2, rows]."""
    modalities = features.words_alone, features.pictures_alone
    return np.stack([modality.has_features()[rows] for modality in modalities])


def stacked(judged: NDArray[np.float64], evident: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Lay out what a stack sees, [rows, 2 classes + 4]; of a missing half, nothing."""
    kept = judged * evident[:, :, None]
    top = np.sort(kept, axis=2)[:, :, -2:]
    margins = top[:, :, 1] - top[:, :, 0]
    return np.concatenate([*kept, margins.T, ~evident.T], axis=1)


def log_of(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the logarithm of probabilities, however small."""
    return np.log(np.maximum(probability, SURE))
