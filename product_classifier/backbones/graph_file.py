"""Graph files from strangers: a bounded protobuf decoder, and limits on what a graph may cost.

`Decoder` reads protobuf messages by a schema that lists every allowed field. A hostile message of a
few bytes can take fifty times as much memory once it is parsed, so that the bytes that are not
weights (the description of the graph) are counted before any other library sees the file.

`Costs` adds up the values and multiplications of a graph's operations, and `largest_batch` chooses
the largest batch that stays within the limits. onnx_graph.py and tensorflow_graph.py use both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5  # wire types of protobuf
LONGEST_VARINT = 10  # bytes
FIELD = 64  # bytes that a field takes at least once it is decoded

INTEGER, FLOAT, TEXT, BYTES, NUMBERS = "integer", "float", "text", "bytes", "numbers"


class Field(NamedTuple):
    """A field of a message.

    kind: INTEGER to NUMBERS, or the schema of a nested message. NUMBERS are the bytes of weights,
    which do not count as description. many: the field may be repeated.
    """

    name: str
    kind: str | Mapping[int, Field]
    many: bool = False


Schema = Mapping[int, Field]
Message = dict[str, Any]  # values by name; lists for repeated fields


class Decoder:
    """A decoder for the messages of one file, with a budget for the bytes of descriptions."""

    def __init__(self, most: int) -> None:
        self._left = self._most = most

    def decode(self, data: memoryview, schema: Schema) -> Message:
        """Return a message's fields by name; absent fields are missing, or [] if repeatable.

        Raises ValueError for a message that is damaged, too large, or does not match the schema.
        """
        message: Message = {field.name: [] for field in schema.values() if field.many}
        place = 0
        while place < len(data):
            start = place
            key, place = _varint(data, place)
            field = schema.get(key >> 3)
            if field is None:
                raise ValueError(f"the graph has the unsupported field {key >> 3}")
            value, place = _value(data, place, key & 7)
            if field.kind == NUMBERS or not isinstance(field.kind, str):
                start += len(_delimited(value))  # weights do not count; nested messages count later
            self._left -= place - start + FIELD
            if self._left < 0:
                raise ValueError(f"the description of the graph exceeds {self._most:,} bytes")
            if isinstance(field.kind, str):
                value = _read(value, field.kind, key & 7)
            else:
                value = self.decode(value, field.kind)
            if field.many:
                message[field.name].append(value)
            elif field.name in message:
                raise ValueError(f"the field {field.name} occurs twice")
            else:
                message[field.name] = value
        return message


def _value(data: memoryview, place: int, wire: int) -> tuple[Any, int]:
    """Return the value of wire type `wire` at a place, and the place after it."""
    if wire == VARINT:
        return _varint(data, place)
    length = {FIXED32: 4, FIXED64: 8}.get(wire, -1)
    if wire == DELIMITED:
        length, place = _varint(data, place)
    if length < 0 or place + length > len(data):
        raise ValueError("the graph is cut short, or not a graph")
    return data[place : place + length], place + length


def _read(value: Any, kind: str, wire: int) -> Any:
    if kind == INTEGER:
        if wire != VARINT:
            raise ValueError("a field of the graph is not an integer")
        return _signed(value)
    if wire != (FIXED32 if kind == FLOAT else DELIMITED):
        raise ValueError("a field of the graph has the wrong type")
    return str(value, "utf-8") if kind == TEXT else value


def _delimited(value: Any) -> memoryview:
    if not isinstance(value, memoryview):
        raise ValueError("a field of the graph is a number instead of a message")
    return value


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """Return the variable-length integer at a place, and the place after it."""
    number = 0
    for k, byte in enumerate(data[place : place + LONGEST_VARINT]):
        number |= (byte & 0x7F) << (7 * k)
        if byte < 0x80:
            return number & (2**64 - 1), place + k + 1
    raise ValueError("the graph is cut short, or not a graph")


T = TypeVar("T")

LARGEST_GRAPH = 400_000_000  # bytes of a file; ResNet101, the largest Keras network, has 171 MB
LARGEST_DESCRIPTION = 20_000_000  # bytes, decoded, without weights; ResNet101 has 8 million
MOST_NODES = 20_000
LARGEST_SIDE = 1_024  # pixels of an input picture
LARGEST_TENSOR = 8_000_000  # values for a picture; VGG19 has 3.2 million
MOST_CONSTANT = 100_000_000  # values computed from constants alone
MOST_MULTIPLICATIONS = 25_000_000_000  # for a picture; VGG19 has 19.6 billion
MOST_VALUES = 400_000_000  # of all tensors for a batch of pictures
BATCH_SIZES = (32, 8, 4, 1)  # the largest within MOST_VALUES is used


class TooLargeError(ValueError):
    """The error for a graph that takes too much memory or time for a batch of this size."""


class Costs:
    """A sum of the values and multiplications of a graph's operations for a batch of pictures."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._values = self._constant = self._multiplications = 0

    def add(self, shape: Sequence[int], multiplications: int, constant: bool = False) -> None:
        """Add a tensor and the multiplications that compute it. Raises TooLargeError over a limit.

        constant: whether the tensor does not depend on the pictures.
        """
        size = math.prod(shape)
        self._multiplications += multiplications
        if constant:
            self._constant += size
        else:
            self._values += size
        largest = MOST_CONSTANT if constant else LARGEST_TENSOR * self._batch_size
        for count, most, unit in (
            (size, largest, "values at once"),
            (self._values, MOST_VALUES, "values in total"),
            (self._constant, MOST_CONSTANT, "values of constants"),
            (self._multiplications, MOST_MULTIPLICATIONS * self._batch_size, "multiplications"),
        ):
            if count > most:
                raise TooLargeError(f"the graph has {count:,} {unit}; the limit is {most:,}")


def largest_batch(add_up: Callable[[int], T]) -> tuple[int, T]:
    """Return the largest batch size within the limits, and add_up's result for it.

    add_up: adds up the costs of a batch. Raises TooLargeError if a single picture costs too much.
    """
    for batch_size in BATCH_SIZES[:-1]:
        try:
            return batch_size, add_up(batch_size)
        except TooLargeError:
            continue
    return BATCH_SIZES[-1], add_up(BATCH_SIZES[-1])


def square_side(shape: Sequence[Any]) -> int:
    """Return the side in pixels of the input pictures, [n, side, side, 3], of a graph.

    Raises ValueError for any other shape, and for pictures larger than LARGEST_SIDE.
    """
    [_, height, width, colours] = shape if len(shape) == 4 else [None] * 4
    if not (isinstance(height, int) and 0 < height == width and colours == 3):
        raise ValueError(f"the graph takes {str(list(shape))[:60]}, not square pictures")
    if height > LARGEST_SIDE:
        raise ValueError(
            f"the graph takes pictures of {height:,} pixels; the limit is {LARGEST_SIDE:,}"
        )
    return height
