"""A blend: the average of the calibrated probabilities of several classifiers."""

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
