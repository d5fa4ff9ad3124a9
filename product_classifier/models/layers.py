"""The layers of a network, from its inputs to its logits, in Keras alone: for any backend."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.features.cleaning import BAG, NGRAMS, SEQUENCE
from product_classifier.features.text_vectors import SEQUENCE_LENGTH
from product_classifier.models.base import fields, insist, items, one_of, real, whole
from product_classifier.models.choices import (
    CONCAT,
    CONCAT_DENSE,
    MOST_LAYERS,
    PRODUCT,
    WIDEST_LAYER,
)

VECTORS = "vectors"  # encoder: word vectors, averaged over a bag of words
HIDDEN_UNITS = 100  # over words
DROPOUT = 0.5  # of hidden units and of bottleneck values
PRODUCT_UNITS = 128
DENSE_UNITS = 256
DENSE_L2 = 1e-5
SEQUENCE_UNITS = 128  # of the embedding of a term, and of the layer over all of them


@dataclass(frozen=True, kw_only=True)
class Design:
    """The architecture of a network; an experiment records the settings that are not defaults."""

    encoder: str = BAG  # of words: BAG, NGRAMS, SEQUENCE or VECTORS
    head: tuple[int, ...] = ()  # rectified units of each layer over pictures
    joint: str = CONCAT  # CONCAT, PRODUCT or CONCAT_DENSE
    word_dropout: float = 0.0  # share of a product's words hidden in training
    modality_dropout: float = 0.0  # share of products whose words or picture are hidden in training
    vectors: NDArray[np.float32] | None = field(default=None, repr=False)  # [terms, dimensions]
    levels: NDArray[np.int64] | None = field(default=None, repr=False)  # see models.levels

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that an experiment records."""
        settings = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("vectors", "levels")
            and getattr(self, field.name) != field.default
        }
        if self.vectors is not None:
            settings["vector_dimensions"] = self.vectors.shape[1]
        return settings

    @classmethod
    def of(cls, settings: Any, columns: int, levels: NDArray[np.int64] | None) -> Design:
        """Return the design with these recorded settings; its vectors are zeros.

        columns: of words, 0 without. Raises ValueError for invalid settings.
        """
        names = ("encoder", "head", "joint", "word_dropout", "modality_dropout")
        values = fields(settings, "the design", (), (*names, "vector_dimensions"))
        encoder = one_of(
            values.get("encoder", BAG), "the encoder", (BAG, NGRAMS, SEQUENCE, VECTORS)
        )
        joint = one_of(values.get("joint", CONCAT), "the joint of words and pictures", _JOINTS)
        head = items(list(values.get("head", ())), "the head", 0, MOST_LAYERS)
        vectors = None
        if encoder == VECTORS:
            size = whole(values.get("vector_dimensions"), "the size of vectors", 1, WIDEST_LAYER)
            vectors = np.broadcast_to(np.float32(0), (columns, size))  # takes no memory
        plain = encoder in (BAG, NGRAMS)
        insist(
            plain or (columns and joint == CONCAT),
            f"the encoder {encoder} needs words alone",
        )
        placed = encoder != SEQUENCE or columns % SEQUENCE_LENGTH == 0
        insist(placed, "the columns of words are not a multiple of the sequence length")
        insist(
            vectors is not None or "vector_dimensions" not in values,
            "only the encoder vectors has vector_dimensions",
        )
        return cls(
            encoder=encoder,
            head=tuple(whole(units, "a layer", 1, WIDEST_LAYER) for units in head),
            joint=joint,
            word_dropout=real(values.get("word_dropout", 0.0), "the share of hidden words", 0, 1),
            modality_dropout=real(
                values.get("modality_dropout", 0.0), "the share of hidden modalities", 0, 1
            ),
            vectors=vectors,
            levels=levels,
        )


PLAIN = Design()


def word_input(columns: int, design: Design) -> Any:
    """Return the input layer for words; columns: of the word vectors."""
    import keras

    if design.encoder == SEQUENCE:
        return keras.Input((SEQUENCE_LENGTH,), dtype="int32", name=f"terms_{columns}")
    return keras.Input((columns,), sparse=True)


def body_of(words: Any | None, pictures: Any | None, design: Design) -> Any:
    """Return the layers over one or two inputs, without the last one."""
    if words is None:
        return _head(pictures, design)
    if pictures is None:
        return _words(words, design)
    return _JOINTS[design.joint](words, pictures, design)


def scores_of(body: Any, classes: int, design: Design) -> Any:
    """Return the layer of logits, [n, classes], on top of a body.

    With levels, there is a softmax for each level, and the logit of a class is the logarithm of the
    product of its nodes' probabilities.
    """
    import keras

    if design.levels is None:
        return keras.layers.Dense(classes)(body)
    scores = []
    for nodes in design.levels:
        head = keras.layers.Dense(int(nodes.max()) + 1)(body)
        scores.append(keras.ops.take(keras.ops.log_softmax(head), nodes, axis=1))
    return keras.layers.Add()(scores)


def loss_of(design: Design) -> Any:
    """Return the training loss: the cross-entropy, with levels summed over these."""
    import keras

    if design.levels is None:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def summed(labels: Any, scores: Any) -> Any:
        chosen = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), scores.shape[1])
        return -keras.ops.sum(chosen * scores, axis=-1)

    return summed


def _words(words: Any, design: Design) -> Any:
    import keras

    units = HIDDEN_UNITS
    if design.encoder == SEQUENCE:
        terms = int(words.name.removeprefix("terms_")) // SEQUENCE_LENGTH
        embedded = keras.layers.Embedding(terms + 1, SEQUENCE_UNITS)(words)
        words, units = keras.layers.Flatten()(embedded), SEQUENCE_UNITS
    elif design.vectors is not None:
        start = keras.initializers.Constant(design.vectors)
        dimensions = design.vectors.shape[1]
        words = keras.layers.Dense(dimensions, use_bias=False, kernel_initializer=start)(words)
    return _dropped(keras.layers.Dense(units, activation="relu")(words))


def _head(pictures: Any, design: Design) -> Any:
    import keras

    body = _dropped(pictures)
    for units in design.head:
        decay = keras.regularizers.L2(DENSE_L2)
        dense = keras.layers.Dense(units, activation="relu", kernel_regularizer=decay)
        body = _dropped(dense(body))
    return body


def _concat(words: Any, pictures: Any, design: Design) -> Any:
    """Return the concatenation of both."""
    import keras

    return keras.layers.Concatenate()([_words(words, design), _head(pictures, design)])


def _product(words: Any, pictures: Any, design: Design) -> Any:
    """Return a layer over the product of 128 units for words and 128 units for pictures."""
    import keras

    def units() -> Any:
        return keras.layers.Dense(PRODUCT_UNITS, activation="relu")

    joined = keras.layers.Multiply()([units()(words), units()(_head(pictures, design))])
    return _dropped(units()(joined))


def _concat_dense(words: Any, pictures: Any, design: Design) -> Any:
    """Return two dense layers over pictures, concatenated with a linear layer over words."""
    import keras

    decay = keras.regularizers.L2(DENSE_L2)

    def units(activation: str) -> Any:
        return keras.layers.Dense(DENSE_UNITS, activation=activation, kernel_regularizer=decay)

    seen = units("sigmoid")(_dropped(units("relu")(_head(pictures, design))))
    read = keras.layers.Dense(DENSE_UNITS)(words)
    return _dropped(keras.layers.Concatenate()([read, seen]))


def _dropped(layer: Any) -> Any:
    import keras

    return keras.layers.Dropout(DROPOUT)(layer)


_JOINTS: Mapping[str, Callable[[Any, Any, Design], Any]] = {
    CONCAT: _concat,
    PRODUCT: _product,
    CONCAT_DENSE: _concat_dense,
}
