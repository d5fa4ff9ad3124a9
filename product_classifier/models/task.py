"""What a categorizer is trained on, and what a trained one can do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from product_classifier.features.features import Features
from product_classifier.models.state import State
from product_classifier.records import Track, untracked


class Score(NamedTuple):
    """How well a classifier does on some rows."""

    loss: float  # mean cross-entropy
    accuracy: float


@dataclass(frozen=True)
class Targets:
    """Rows with their labels; a row of k labels stands k times, with weight 1/k."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Iterable[int], labels: Sequence[Sequence[int]]) -> Targets:
        """Spread labels[row] of each of the rows."""
        pairs = [(row, label, 1 / len(labels[row])) for row in rows for label in labels[row]]
        columns = np.array(pairs, dtype=np.float64).reshape(-1, 3).T
        return cls(
            columns[0].astype(np.int64), columns[1].astype(np.int32), columns[2].astype(np.float32)
        )

    def __or__(self, others: Targets) -> Targets:
        """Put both together."""
        return Targets(
            np.concatenate([self.rows, others.rows]),
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.weights, others.weights]),
        )

    def score(self, probabilities: NDArray[np.float64]) -> Score:
        """Judge [targets, classes] probabilities; nan without targets."""
        if not len(self.rows):
            return Score(math.nan, math.nan)
        given = probabilities[np.arange(len(self.labels)), self.labels]
        loss = np.average(-np.log(np.maximum(given, 1e-12)), weights=self.weights)
        right = probabilities.argmax(axis=1) == self.labels
        return Score(float(loss), float(np.average(right, weights=self.weights)))


class Classifier(Protocol):
    """Something trained that tells categories apart."""

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Compute the logits of some items, [rows, classes]: softmax makes them probabilities."""

    def state(self) -> State:
        """Tell what it consists of; models.saved makes it again."""


@dataclass(frozen=True)
class Task:
    """What a classifier is to learn."""

    features: Features
    learning: Targets  # of rows that have evidence
    tuning: Targets  # likewise; may be empty
    classes: int
    seed: int = 0
    track: Track = untracked
    levels: NDArray[np.int64] | None = None  # [levels, classes], for a network with a head for each


@dataclass(frozen=True)
class Fitted:
    """A trained classifier, and how its training went."""

    classifier: Classifier
    parameters: int  # numbers that it consists of
    settings: Mapping[str, Any] = field(default_factory=dict)
    # trains the same once more, on more rows: those that calibrated it need not be lost to it
    again: Callable[[Targets], Classifier] | None = None


Fit = Callable[[Task], Fitted]
