"""Treatments of categories of very unequal sizes, in training or afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.models.base import Classifier, State, Targets, checked
from product_classifier.models.choices import LOGIT_ADJUST, SAMPLE, WEIGHTS, Balance


def balanced(balance: Balance, learning: Targets, classes: int, seed: int) -> Targets:
    """Return the training rows, weighted or resampled."""
    if balance.kind == WEIGHTS:
        total = np.bincount(learning.labels, learning.weights, classes)
        present = np.count_nonzero(total)
        factor = learning.weights.sum() / (present * np.maximum(total, 1e-12))
        return dataclasses.replace(
            learning,
            weights=(learning.weights * factor[learning.labels]).astype(np.float32),
        )
    if balance.kind == SAMPLE:
        chosen = _drawn(learning.labels, int(balance.value), np.random.default_rng(seed))
        return Targets(learning.rows[chosen], learning.labels[chosen], learning.weights[chosen])
    return learning


def adjusted(balance: Balance, classifier: Classifier, share: NDArray[np.float64]) -> Classifier:
    """Return a classifier with adjusted logits; share: [classes], of the training rows."""
    if balance.kind != LOGIT_ADJUST:
        return classifier
    logs = np.log(
        share, out=np.zeros_like(share), where=share > 0
    )  # categories without rows keep their logits
    return _Adjusted(classifier, balance.value * logs)


@dataclass(frozen=True)
class _Adjusted:
    """A classifier with a shift subtracted from its logits."""

    classifier: Classifier
    shift: NDArray[np.float64]  # [classes]

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Return the shifted logits, [rows, classes]."""
        return self.classifier.logits(rows) - self.shift

    def state(self) -> State:
        """Return everything a prediction depends on, to be saved."""
        return State("adjusted", arrays={"shift": self.shift}, parts=[self.classifier.state()])


def restored_adjusted(state: State, parts: Sequence[Classifier], classes: int) -> Classifier:
    """Return a shifted classifier from its state. Raises ValueError if the state is invalid."""
    state.insist_on(arrays=["shift"], parts=1)
    return _Adjusted(parts[0], checked(state.arrays, "shift", (classes,)))


def _drawn(labels: NDArray[np.int32], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return size places of each label, in order; repeated only if a label has fewer places."""
    chosen = []
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        rounds = [rng.permutation(places) for _ in range(-(-size // len(places)))]
        chosen.append(np.concatenate(rounds)[:size])
    return np.sort(np.concatenate(chosen))
