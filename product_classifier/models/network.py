"""The networks: 100 rectified units over the words, the bottleneck as it is, one softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.features import Features
from product_classifier.features.runtime import tensorflow

HIDDEN_UNITS = 100
DROPOUT = 0.5  # of hidden units and of bottleneck values
PICTURE_SCALE = 0.1  # deviation of a scaled bottleneck value, beside words of 0 and 1
PREDICTION_BATCH = 256
CHUNK = 4096  # items read, or predicted, at once


@dataclass(frozen=True)
class Scaling:
    """Standardises bottlenecks by their mean and deviation in the training rows, both [width]."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def fit(cls, pictures: Bottlenecks, train: NDArray[np.int64]) -> Scaling:
        """Learn from those training rows that have a picture; train holds row numbers."""
        rows = train[pictures.present[train]]
        total = np.zeros(pictures.width)
        squares = np.zeros(pictures.width)
        for start in range(0, len(rows), CHUNK):
            values = pictures[rows[start : start + CHUNK]].astype(np.float64)
            total += values.sum(axis=0)
            squares += np.square(values).sum(axis=0)
        count = max(len(rows), 1)
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
        return cls(
            mean.astype(np.float32),
            # a value that never varies tells nothing, and must not be blown up
            np.where(deviation > 1e-6, deviation, 1).astype(np.float32),
        )

    def apply(self, pictures: Bottlenecks, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read and standardise, float32 [rows, width]; a missing picture is an average one."""
        values = (pictures[rows] - self.mean) / self.deviation * np.float32(PICTURE_SCALE)
        values[~pictures.present[rows]] = 0
        return values.astype(np.float32, copy=False)


class Network:
    """A network over features, untrained; the same seed gives the same weights."""

    def __init__(
        self, features: Features, train: NDArray[np.int64], classes: int, seed: int
    ) -> None:
        tensorflow()
        import keras

        keras.utils.set_random_seed(seed)
        self._features = features
        self._scaling = Scaling.fit(features.pictures, train) if features.pictures else None
        inputs, joined = [], []
        if features.words is not None:
            words = keras.Input((features.words.shape[1],), sparse=True)
            hidden = keras.layers.Dense(HIDDEN_UNITS, activation="relu")(words)
            inputs.append(words)
            joined.append(keras.layers.Dropout(DROPOUT)(hidden))
        if features.pictures is not None:
            pictures = keras.Input((features.pictures.width,))
            inputs.append(pictures)
            joined.append(keras.layers.Dropout(DROPOUT)(pictures))
        body = keras.layers.Concatenate()(joined) if len(joined) > 1 else joined[0]
        self.model = keras.Model(inputs, keras.layers.Dense(classes)(body))

    def softmax_regression(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights [width, classes] and bias [classes] over raw bottlenecks; for pictures alone."""
        if self._scaling is None or self._features.words is not None:
            raise ValueError("only a network over pictures alone is a softmax regression")
        kernel, bias = self.model.get_weights()
        weights = kernel * (np.float32(PICTURE_SCALE) / self._scaling.deviation)[:, None]
        return weights, bias - self._scaling.mean @ weights

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute the logits of some items, [rows, classes].

        Batches are padded to one size: a row's rounding then depends on that row alone.
        """
        parts = []
        for start in range(0, len(rows), PREDICTION_BATCH):
            some = rows[start : start + PREDICTION_BATCH]
            values = self.model(self.batch(some, size=PREDICTION_BATCH), training=False)
            parts.append(np.asarray(values)[: len(some)])
        return np.concatenate(parts) if parts else np.zeros((0, self.model.output_shape[1]), "f4")

    def batch(self, rows: NDArray[np.int64], size: int | None = None) -> list[Any]:
        """Read the network's inputs for some items, padded with empty rows up to size."""
        size = size or len(rows)
        inputs: list[Any] = []
        if self._features.words is not None:
            inputs.append(_sparse_tensor(self._features.words[rows], size))
        if self._features.pictures is not None and self._scaling is not None:
            values = self._scaling.apply(self._features.pictures, rows)
            padding = ((0, size - len(rows)), (0, 0))
            inputs.append(tensorflow().constant(np.pad(values, padding)))
        return inputs


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn logits into probabilities, row by row, in double precision."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _sparse_tensor(matrix: csr_matrix, rows: int) -> Any:
    cells = matrix.tocoo()
    indices = np.stack([cells.row, cells.col], axis=1).astype(np.int64)
    return tensorflow().SparseTensor(indices, cells.data, (rows, matrix.shape[1]))
