"""Several classifiers of the same features, whose calibrated probabilities are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.reliability import fit_temperature
from product_classifier.models.base import (
    Classifier,
    Fit,
    Fitted,
    State,
    Targets,
    Task,
    checked,
    insist_on_temperatures,
)
from product_classifier.models.network import softmax

LEAST = 1e-9  # probability


def fit_blend(task: Task, members: Sequence[Fit]) -> Fitted:
    """Train each member by itself, calibrate it by the tuning rows, and average."""
    fitted = [fit(task) for fit in members]
    tuning = task.tuning
    temperature = [
        fit_temperature(
            np.asarray(one.classifier.logits(tuning.rows)), tuning.labels, tuning.weights
        )
        for one in fitted
    ]
    settings = {
        "blended": len(members),
        "temperatures": [round(one, 6) for one in temperature],
        "members": [dict(one.settings) for one in fitted],
    }
    blend = _Blend([one.classifier for one in fitted], temperature)

    def refit(learning: Targets) -> Classifier:
        members = [one.refit(learning) if one.refit else one.classifier for one in fitted]
        return _Blend(members, temperature)

    return Fitted(blend, sum(one.parameters for one in fitted), settings, refit)


@dataclass(frozen=True)
class _Blend:
    members: Sequence[Classifier]
    temperatures: Sequence[float]

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute the logits of some items, [rows, classes]: they are log-probabilities."""
        found = [
            softmax(np.asarray(member.logits(rows)) / temperature)
            for member, temperature in zip(self.members, self.temperatures, strict=True)
        ]
        return np.asarray(np.log(np.maximum(np.mean(found, axis=0), LEAST)))

    def state(self) -> State:
        """Tell what it consists of."""
        arrays = {"temperatures": np.array(self.temperatures)}
        return State("blend", arrays=arrays, parts=[member.state() for member in self.members])


def restored_blend(state: State, parts: Sequence[Classifier]) -> Classifier:
    """Make a blend again. Raises ValueError where the state is none."""
    state.insist_on(arrays=["temperatures"], parts=max(len(parts), 1))
    temperatures = checked(state.arrays, "temperatures", (len(parts),))
    insist_on_temperatures(temperatures)
    return _Blend(parts, temperatures.tolist())
