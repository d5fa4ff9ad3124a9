"""Classifiers that combine classifiers: late fusion and a stack of words and pictures, a blend.

A blend is the average of the calibrated probabilities of several classifiers of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.reliability import fit_temperature
from product_classifier.features.dataset_features import Features
from product_classifier.models.base import (
    Classifier,
    Fit,
    Fitted,
    State,
    Targets,
    Task,
    checked,
    insist,
    insist_on_temperatures,
    whole,
)
from product_classifier.models.cross_fitting import probabilities
from product_classifier.models.network import softmax
from product_classifier.models.scaling import CHUNK
from product_classifier.models.scikit import logistic
from product_classifier.models.scikit_state import (
    LOGISTIC,
    array_names,
    linear_arrays,
    restored_linear,
)
from product_classifier.models.training import Trained

SURE = 1e-6  # least probability that a modality is taken to give


@dataclass(frozen=True)
class Modalities:
    """A classifier of words and one of pictures."""

    words: Trained
    pictures: Trained
    features: Features

    @property
    def parameters(self) -> int:
        """The number of trained numbers of both."""
        return sum(int(modality.settings["parameters"]) for modality in (self.words, self.pictures))

    @property
    def before_refit(self) -> Modalities:
        """Both classifiers as they were before the tuning rows were added to the training rows."""
        return Modalities(self.words.before_refit, self.pictures.before_refit, self.features)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of both that an experiment records."""
        return {"of_words": dict(self.words.settings), "of_pictures": dict(self.pictures.settings)}

    def states(self) -> list[State]:
        """Return the states of both."""
        return [self.words.state(), self.pictures.state()]

    def log_probabilities(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the log-probabilities of items by both classifiers, [2, rows, classes]."""
        by_modality = [
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
        return log_of(np.stack(by_modality))


@dataclass(frozen=True)
class Late:
    """A weighted sum of both log-probabilities, or the only one if a modality is missing."""

    modalities: Modalities
    weights: NDArray[np.float64]  # [2]

    def state(self) -> State:
        """Return everything a prediction depends on, to be saved."""
        return State("late", arrays={"weights": self.weights}, parts=self.modalities.states())

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the logits of items, [rows, classes]."""
        present = modalities_present(self.modalities.features, rows)
        alone = present.sum(axis=0) < 2
        weights = np.where(alone, present, self.weights[:, None])
        return np.asarray(
            (weights[:, :, None] * self.modalities.log_probabilities(rows)).sum(axis=0)
        )


@dataclass(frozen=True)
class Stack:
    """A logistic regression over both classifiers' predictions."""

    modalities: Modalities
    model: Any
    classes: int

    def state(self) -> State:
        """Return everything a prediction depends on, to be saved."""
        numbers = {"classes": self.classes}
        return State("stack", numbers, linear_arrays(self.model), self.modalities.states())

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the logits of items, [rows, classes]; they are log-probabilities."""
        logits = np.full((len(rows), self.classes), np.log(SURE))
        if len(rows):
            inputs = stacked(
                self.modalities.log_probabilities(rows),
                modalities_present(self.modalities.features, rows),
            )
            logits[:, self.model.classes_] = log_of(logistic(self.model, inputs))
        return logits


def restored_fusion(
    state: State, parts: Sequence[Trained], features: Features, classes: int
) -> Classifier:
    """Return a late fusion or a stack from its state and its two restored classifiers.

    Raises ValueError if the state is invalid.
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
    """Return which items have known words, and which have a picture, [2, rows]."""
    modalities = features.words_alone, features.pictures_alone
    return np.stack([modality.has_features()[rows] for modality in modalities])


def stacked(
    log_probabilities: NDArray[np.float64], present: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the inputs of a stack, [rows, 2 classes + 4].

    These are the log-probabilities, 0 for a missing modality, the margin between the two largest
    of each modality, and whether each modality is missing.
    """
    values = log_probabilities * present[:, :, None]
    top = np.sort(values, axis=2)[:, :, -2:]
    margins = top[:, :, 1] - top[:, :, 0]
    return np.concatenate([*values, margins.T, ~present.T], axis=1)


def log_of(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of probabilities, at least log(SURE)."""
    return np.log(np.maximum(probability, SURE))


LEAST = 1e-9  # probability


def fit_blend(task: Task, members: Sequence[Fit]) -> Fitted:
    """Train each member alone, calibrate it on the tuning rows, and average the probabilities."""
    fitted = [fit(task) for fit in members]
    tuning = task.tuning
    temperatures = [
        fit_temperature(
            np.asarray(member.classifier.logits(tuning.rows)), tuning.labels, tuning.weights
        )
        for member in fitted
    ]
    settings = {
        "blended": len(members),
        "temperatures": [round(value, 6) for value in temperatures],
        "members": [dict(member.settings) for member in fitted],
    }
    blend = _Blend([member.classifier for member in fitted], temperatures)

    def refit(learning: Targets) -> Classifier:
        members = [
            member.refit(learning) if member.refit else member.classifier for member in fitted
        ]
        return _Blend(members, temperatures)

    return Fitted(blend, sum(member.parameters for member in fitted), settings, refit)


@dataclass(frozen=True)
class _Blend:
    members: Sequence[Classifier]
    temperatures: Sequence[float]

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the logits of items, [rows, classes]; they are log-probabilities."""
        probabilities = [
            softmax(np.asarray(member.logits(rows)) / temperature)
            for member, temperature in zip(self.members, self.temperatures, strict=True)
        ]
        return np.asarray(np.log(np.maximum(np.mean(probabilities, axis=0), LEAST)))

    def state(self) -> State:
        """Return everything a prediction depends on, to be saved."""
        arrays = {"temperatures": np.array(self.temperatures)}
        return State("blend", arrays=arrays, parts=[member.state() for member in self.members])


def restored_blend(state: State, parts: Sequence[Classifier]) -> Classifier:
    """Return a blend from its state. Raises ValueError if the state is invalid."""
    state.insist_on(arrays=["temperatures"], parts=max(len(parts), 1))
    temperatures = checked(state.arrays, "temperatures", (len(parts),))
    insist_on_temperatures(temperatures)
    return _Blend(parts, temperatures.tolist())
