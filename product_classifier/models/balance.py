"""What to do about categories of very unequal sizes, while training or afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.models.base import Classifier, State, Targets, checked

NONE, WEIGHTS, SAMPLE, LOGIT_ADJUST = "none", "weights", "sample", "logit-adjust"


@dataclass(frozen=True)
class Balance:
    """One way to treat small categories.

    none: as they are. weights: each category weighs the same in the loss. sample: as many rows of
    each, drawn, of smaller ones several times. logit-adjust: afterwards, value x log share is taken
    off each logit (Menon et al., arXiv 2007.07314).
    """

    kind: str = NONE
    value: float = 0.0  # rows of each category, or the factor of its log share

    @property
    def settings(self) -> dict[str, Any]:
        """How an experiment records it."""
        valued = self.kind in (SAMPLE, LOGIT_ADJUST)
        return {"balance": f"{self.kind}:{self.value:.12g}" if valued else self.kind}

    def apply(self, learning: Targets, classes: int, seed: int) -> Targets:
        """Weigh or draw the rows to learn from."""
        if self.kind == WEIGHTS:
            total = np.bincount(learning.labels, learning.weights, classes)
            present = np.count_nonzero(total)
            factor = learning.weights.sum() / (present * np.maximum(total, 1e-12))
            return dataclasses.replace(
                learning,
                weights=(learning.weights * factor[learning.labels]).astype(np.float32),
            )
        if self.kind == SAMPLE:
            chosen = _drawn(learning.labels, int(self.value), np.random.default_rng(seed))
            return Targets(learning.rows[chosen], learning.labels[chosen], learning.weights[chosen])
        return learning

    def adjust(self, classifier: Classifier, share: NDArray[np.float64]) -> Classifier:
        """Correct a trained classifier; share: [classes], of the training rows."""
        if self.kind != LOGIT_ADJUST:
            return classifier
        logs = np.log(share, out=np.zeros_like(share), where=share > 0)  # others stay unlikely
        return _Adjusted(classifier, self.value * logs)


AS_THEY_ARE = Balance()


@dataclass(frozen=True)
class _Adjusted:
    """A classifier whose logits are shifted."""

    classifier: Classifier
    shift: NDArray[np.float64]  # [classes], taken off

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Compute the shifted logits, [rows, classes]."""
        return self.classifier.logits(rows) - self.shift

    def state(self) -> State:
        """Tell what it consists of."""
        return State("adjusted", arrays={"shift": self.shift}, parts=[self.classifier.state()])


def restored_adjusted(state: State, parts: Sequence[Classifier], classes: int) -> Classifier:
    """Make a shifted classifier again. Raises ValueError where the state is none."""
    state.insist_on(arrays=["shift"], parts=1)
    return _Adjusted(parts[0], checked(state.arrays, "shift", (classes,)))


def _drawn(
    labels: NDArray[np.int32], size: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw as many places of each label, in order; twice only where there are fewer than that."""
    found = []
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        rounds = [generator.permutation(places) for _ in range(-(-size // len(places)))]
        found.append(np.concatenate(rounds)[:size])
    return np.sort(np.concatenate(found))
