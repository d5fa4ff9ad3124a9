"""Standardization of bottlenecks by the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.models.base import Arrays, checked, insist

PICTURE_SCALE = 0.1  # standard deviation of a scaled value; words are 0 and 1
CHUNK = 1024  # items read, or predicted, at once


@dataclass(frozen=True)
class Scaling:
    """The mean and standard deviation of bottlenecks in the training rows, both [width]."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def fit(cls, pictures: Bottlenecks, train: NDArray[np.int64]) -> Scaling:
        """Return the scaling of the training rows that have a picture; train: row numbers."""
        rows = train[pictures.present[train]]
        total = np.zeros(pictures.width)
        squares = np.zeros(pictures.width)
        for start in range(0, len(rows), CHUNK):
            values = pictures[rows[start : start + CHUNK]].astype(np.float64)
            total += values.sum(axis=0)
            squares += np.square(values).sum(axis=0)
        count = max(len(rows), 1)
        mean = total / count
        with np.errstate(invalid="ignore"):  # apply() refuses values that are not numbers
            deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
        return cls(
            mean.astype(np.float32),
            # a constant value has no information and must not be scaled up
            np.where(deviation > 1e-6, deviation, 1).astype(np.float32),
        )

    @property
    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The arrays of a state."""
        return {"mean": self.mean, "deviation": self.deviation}

    @classmethod
    def of(cls, arrays: Arrays, features: Features) -> Scaling | None:
        """Return the scaling in a state, None without pictures. Raises ValueError if invalid."""
        if features.pictures is None:
            return None
        deviation = checked(arrays, "deviation", (features.width,))
        insist(deviation > 0, "a deviation of pictures is not above 0")
        return cls(checked(arrays, "mean", (features.width,)), deviation)

    def apply(self, pictures: Bottlenecks, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return standardized bottlenecks, float32 [rows, width]; 0 for a missing picture.

        Raises ModelError if a bottleneck has values that are not numbers, or too large.
        """
        values = pictures[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            values -= self.mean
            values /= self.deviation
        values *= np.float32(PICTURE_SCALE)
        values[~pictures.present[rows]] = 0
        if not np.isfinite(values).all():
            raise ModelError(
                "a picture's bottleneck has values that are not numbers, or too large: the network "
                "or the cache is damaged; pass another --backbone or --cache-path"
            )
        return values
