"""The shapes of a network's weights, from its design alone: known before anything is built."""

from __future__ import annotations

from product_classifier.features.words import SEQUENCE, SEQUENCE_LENGTH
from product_classifier.models.layers import (
    CONCAT_DENSE,
    DENSE_UNITS,
    HIDDEN_UNITS,
    PRODUCT,
    PRODUCT_UNITS,
    SEQUENCE_UNITS,
    Design,
)

Shapes = tuple[list[tuple[int, ...]], int]  # of weights, and how many values come out


def weight_shapes(design: Design, columns: int, width: int, classes: int) -> list[tuple[int, ...]]:
    """List the shapes of all weights of a network of this design, in no order of Keras'.

    columns: of words, 0 without; width: of pictures, 0 without.
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
    seen, units = _head_shapes(design, width)
    if design.joint == PRODUCT:
        between = _dense_shapes(columns, PRODUCT_UNITS) + _dense_shapes(units, PRODUCT_UNITS)
        return seen + between + _dense_shapes(PRODUCT_UNITS, PRODUCT_UNITS), PRODUCT_UNITS
    if design.joint == CONCAT_DENSE:
        above = _dense_shapes(units, DENSE_UNITS) + _dense_shapes(DENSE_UNITS, DENSE_UNITS)
        return seen + above + _dense_shapes(columns, DENSE_UNITS), 2 * DENSE_UNITS
    read, more = _word_shapes(design, columns)
    return read + seen, more + units


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
