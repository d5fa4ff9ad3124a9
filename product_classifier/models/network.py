"""A network over words, pictures or both: its inputs, its logits and its saved state.

The default design has 100 rectified units over the words, the bottleneck itself and one softmax.
Read `Network` first; `weight_shapes` below predicts the shapes of its weights, by which a saved
state is checked before a network is built.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

from product_classifier.backbones.runtime import load_keras, tensorflow
from product_classifier.features.cleaning import SEQUENCE
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import SEQUENCE_LENGTH
from product_classifier.models.base import INTEGERS, Arrays, State, checked, insist, whole
from product_classifier.models.choices import CONCAT_DENSE, PRODUCT
from product_classifier.models.layers import (
    DENSE_UNITS,
    HIDDEN_UNITS,
    PLAIN,
    PRODUCT_UNITS,
    SEQUENCE_UNITS,
    VECTORS,
    Design,
    body_of,
    loss_of,
    scores_of,
    word_input,
)
from product_classifier.models.scaling import PICTURE_SCALE, Scaling

PREDICTION_BATCH = 256
MOST_CLASSES, MOST_LEVELS = 1_000_000, 50


class Network:
    """A network over features; the same seed gives the same initial weights."""

    def __init__(
        self,
        features: Features,
        scaling: Scaling | None,
        classes: int,
        seed: int = 0,
        design: Design = PLAIN,
    ) -> None:
        keras = load_keras()
        keras.utils.set_random_seed(seed)
        self._features = features
        self._design = design
        self._generator = np.random.default_rng(seed)
        self._scaling = scaling
        words = pictures = None
        if features.words is not None:
            words = word_input(features.words.shape[1], design)
        if features.pictures is not None:
            pictures = keras.Input((features.pictures.width,))
        body = body_of(words, pictures, design)
        inputs = [layer for layer in (words, pictures) if layer is not None]
        self.model = keras.Model(inputs, scores_of(body, classes, design))

    @classmethod
    def new(
        cls,
        features: Features,
        train: NDArray[np.int64],
        classes: int,
        seed: int,
        design: Design = PLAIN,
    ) -> Network:
        """Return an untrained network that standardizes bottlenecks by the training rows."""
        scaling = Scaling.fit(features.pictures, train) if features.pictures else None
        return cls(features, scaling, classes, seed, design)

    @property
    def loss(self) -> Any:
        """The training loss."""
        return loss_of(self._design)

    def state(self) -> State:
        """Return everything a prediction depends on, to be saved."""
        arrays = {f"weights{k}": array for k, array in enumerate(self.model.get_weights())}
        arrays |= self._scaling.arrays if self._scaling else {}
        if self._design.levels is not None:
            arrays["levels"] = self._design.levels
        numbers = {"classes": self.model.output_shape[1], "design": self._design.settings}
        return State("network", numbers, arrays)

    @classmethod
    def restored(cls, state: State, features: Features, seed: int = 0) -> Network:
        """Return a network from its state, over new features.

        Raises ValueError if the state does not fit the features; sizes are checked before the
        network is built.
        """
        classes = whole(state.numbers.get("classes"), "the number of categories", 1, MOST_CLASSES)
        scaling = Scaling.of(state.arrays, features)
        levels = _levels(state.arrays, classes)
        design = Design.of(state.numbers.get("design"), features.columns, levels)
        shapes = weight_shapes(design, features.columns, features.width, classes)
        names = [f"weights{k}" for k in range(len(shapes))]
        others = [*(scaling.arrays if scaling else ()), *(() if levels is None else ["levels"])]
        state.insist_on(("classes", "design"), [*names, *others])
        weights = [checked(state.arrays, name, state.arrays[name].shape) for name in names]
        fitting = sorted(array.shape for array in weights) == sorted(shapes)
        insist(fitting, "the weights of a network do not fit its design")
        network = cls(features, scaling, classes, seed, design)
        network.model.set_weights(weights)  # raises ValueError for another order of shapes
        return network

    @property
    def picture_scaling(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The mean subtracted from bottlenecks and the factor of the difference, both [width]."""
        if self._scaling is None:
            raise ValueError("this network has no pictures")
        return self._scaling.mean, np.float32(PICTURE_SCALE) / self._scaling.deviation

    def softmax_regression(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights [width, classes] and bias [classes] for unscaled bottlenecks.

        Raises ValueError unless the network is over pictures alone.
        """
        if self._scaling is None or self._features.words is not None:
            raise ValueError("only a network over pictures alone is a softmax regression")
        kernel, bias = self.model.get_weights()
        weights = kernel * (np.float32(PICTURE_SCALE) / self._scaling.deviation)[:, None]
        return weights, bias - self._scaling.mean @ weights

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the logits of items, [rows, classes].

        Batches are padded to one size, so that a row's rounding depends on that row alone.
        """
        parts = []
        for start in range(0, len(rows), PREDICTION_BATCH):
            batch = rows[start : start + PREDICTION_BATCH]
            values = self.model(self.batch(batch, size=PREDICTION_BATCH), training=False)
            parts.append(load_keras().ops.convert_to_numpy(values)[: len(batch)])
        return np.concatenate(parts) if parts else np.zeros((0, self.model.output_shape[1]), "f4")

    def batch(
        self, rows: NDArray[np.int64], size: int | None = None, training: bool = False
    ) -> list[Any]:
        """Return the network's inputs for items, padded with empty rows up to size.

        training: hide words, and whole texts and pictures, at random, as the design says.
        """
        size = size or len(rows)
        words, pictures = self._features.words, self._features.pictures
        no_words, no_picture = self._hidden(rows, training)
        inputs: list[Any] = []
        if words is not None:
            chosen = words[rows]
            if training and self._design.word_dropout:
                chosen = _drop_words(chosen, self._design.word_dropout, self._generator)
            if no_words.any():
                chosen = csr_matrix(diags_array((~no_words).astype(np.float32)) @ chosen)
            inputs.append(self._word_tensor(chosen, size))
        if pictures is not None and self._scaling is not None:
            values = self._scaling.apply(pictures, rows)
            values[no_picture] = 0
            if size > len(rows):
                values = np.pad(values, ((0, size - len(rows)), (0, 0)))
            inputs.append(load_keras().ops.convert_to_tensor(values))
        return inputs

    def _hidden(
        self, rows: NDArray[np.int64], training: bool
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whose words and whose picture to hide, both [rows]; never both of an item."""
        words, pictures, share = self._features.words, self._features.pictures, 0.0
        if training and words is not None and pictures is not None:
            share = self._design.modality_dropout
        if not share or words is None or pictures is None:
            return np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        chance = self._generator.random(len(rows))
        both = (np.diff(words.indptr)[rows] > 0) & pictures.present[rows]
        return both & (chance < share / 2), both & (chance > 1 - share / 2)

    def _word_tensor(self, words: csr_matrix, size: int) -> Any:
        if self._design.encoder == SEQUENCE:
            return tensorflow().constant(_term_numbers(words, size))
        if self._design.encoder == VECTORS:  # the mean of the word vectors
            count = np.maximum(np.diff(words.indptr), 1).astype(np.float32)
            words = csr_matrix(
                (words.data / np.repeat(count, np.diff(words.indptr)), words.indices, words.indptr),
                words.shape,
            )
        return _sparse_tensor(words, size)


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the probabilities of logits, [rows, classes], in double precision."""
    values = np.ascontiguousarray(logits, np.float64)  # sums depend on the layout
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _levels(arrays: Arrays, classes: int) -> NDArray[np.int64] | None:
    """Return the node of each class at each level, [levels, classes], from a state; or None."""
    if "levels" not in arrays:
        return None
    count = len(arrays["levels"]) if arrays["levels"].ndim == 2 else 0
    insist(0 < count <= MOST_LEVELS, "the levels of a network are not a table")
    levels = checked(arrays, "levels", (count, classes), INTEGERS).astype(np.int64)
    insist((levels >= 0) & (levels < classes), "a level of a network has too many nodes")
    return levels


def _drop_words(words: csr_matrix, share: float, generator: np.random.Generator) -> csr_matrix:
    """Return words without a random share of them; the others are scaled up to compensate."""
    mask = generator.random(words.nnz) >= share
    data = words.data * mask / np.float32(1 - share)
    return csr_matrix((data.astype(np.float32), words.indices, words.indptr), words.shape)


def _term_numbers(words: csr_matrix, size: int) -> NDArray[np.int32]:
    """Return the terms of a text, [size, SEQUENCE_LENGTH]: numbers from 1 by place, 0 for none."""
    terms = words.shape[1] // SEQUENCE_LENGTH
    numbers = np.zeros((size, SEQUENCE_LENGTH), np.int32)
    cells = words.tocoo()
    numbers[cells.row, cells.col // terms] = cells.col % terms + 1
    return numbers


def _sparse_tensor(matrix: csr_matrix, rows: int) -> Any:
    cells = matrix.tocoo()
    indices = np.stack([cells.row, cells.col], axis=1).astype(np.int64)
    return tensorflow().SparseTensor(indices, cells.data, (rows, matrix.shape[1]))


Shapes = tuple[list[tuple[int, ...]], int]  # of weights, and the number of outputs


def weight_shapes(design: Design, columns: int, width: int, classes: int) -> list[tuple[int, ...]]:
    """Return the shapes of all weights of a network of this design, in another order than Keras'.

    columns: of words, 0 without; width: of bottlenecks, 0 without.
    """
    shapes, units = _body_shapes(design, columns, width)
    if design.levels is None:
        return shapes + _dense_shapes(units, classes)
    for nodes in design.levels:
        shapes += _dense_shapes(units, int(nodes.max()) + 1)
    return shapes


def _body_shapes(design: Design, columns: int, width: int) -> Shapes:
    if not columns:
        return _head_shapes(design, width)
    if not width:
        return _word_shapes(design, columns)
    of_pictures, units = _head_shapes(design, width)
    if design.joint == PRODUCT:
        between = _dense_shapes(columns, PRODUCT_UNITS) + _dense_shapes(units, PRODUCT_UNITS)
        return of_pictures + between + _dense_shapes(PRODUCT_UNITS, PRODUCT_UNITS), PRODUCT_UNITS
    if design.joint == CONCAT_DENSE:
        above = _dense_shapes(units, DENSE_UNITS) + _dense_shapes(DENSE_UNITS, DENSE_UNITS)
        return of_pictures + above + _dense_shapes(columns, DENSE_UNITS), 2 * DENSE_UNITS
    of_words, word_units = _word_shapes(design, columns)
    return of_words + of_pictures, word_units + units


def _word_shapes(design: Design, columns: int) -> Shapes:
    if design.encoder == SEQUENCE:
        embedding = (columns // SEQUENCE_LENGTH + 1, SEQUENCE_UNITS)
        dense = _dense_shapes(SEQUENCE_LENGTH * SEQUENCE_UNITS, SEQUENCE_UNITS)
        return [embedding, *dense], SEQUENCE_UNITS
    if design.vectors is None:
        return _dense_shapes(columns, HIDDEN_UNITS), HIDDEN_UNITS
    dimensions = design.vectors.shape[1]
    return [(columns, dimensions), *_dense_shapes(dimensions, HIDDEN_UNITS)], HIDDEN_UNITS


def _head_shapes(design: Design, width: int) -> Shapes:
    shapes: list[tuple[int, ...]] = []
    for units in design.head:
        shapes += _dense_shapes(width, units)
        width = units
    return shapes, width


def _dense_shapes(inputs: int, units: int) -> list[tuple[int, ...]]:
    return [(inputs, units), (units,)]
