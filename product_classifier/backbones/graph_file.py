"""Messages of protobuf as they lie in a file, decoded by a schema that knows every field.

A file of networks may come from an enemy, and a message of a few bytes can take fifty times as much
memory once it is parsed: how many bytes describe and are no numbers is counted here, before any
other library sees the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5  # how a field lies in a message
LONGEST_VARINT = 10  # bytes
FIELD = 64  # bytes that a field takes at least once it is decoded, however short it is

INTEGER, FLOAT, TEXT, BYTES, NUMBERS = "integer", "float", "text", "bytes", "numbers"


class Field(NamedTuple):
    """A field of a message. kind: one of the above, or the schema of what it holds.

    NUMBERS are bytes that describe nothing; many: it may come more than once.
    """

    name: str
    kind: str | Mapping[int, Field]
    many: bool = False


Schema = Mapping[int, Field]
Message = dict[str, Any]  # values by name; lists where there may be many


class Decoder:
    """Decodes messages of one file, whose descriptions may have so many bytes in all."""

    def __init__(self, most: int) -> None:
        self._left = self._most = most

    def decode(self, data: memoryview, schema: Schema) -> Message:
        """Decode a message. Raises ValueError for one that is damaged, too large, or not of schema.

        A field that is not there is not in what is returned, or an empty list.
        """
        found: Message = {field.name: [] for field in schema.values() if field.many}
        place = 0
        while place < len(data):
            start = place
            key, place = _varint(data, place)
            field = schema.get(key >> 3)
            if field is None:
                raise ValueError(f"it has a field {key >> 3} that these graphs do not have")
            value, place = _value(data, place, key & 7)
            if field.kind == NUMBERS or not isinstance(field.kind, str):
                start += len(_delimited(value))  # numbers do not count, and what is nested later
            self._left -= place - start + FIELD
            if self._left < 0:
                raise ValueError(f"what describes it takes more than {self._most:,} bytes")
            if isinstance(field.kind, str):
                value = _read(value, field.kind, key & 7)
            else:
                value = self.decode(value, field.kind)
            if field.many:
                found[field.name].append(value)
            elif field.name in found:
                raise ValueError(f"it says its {field.name} twice")
            else:
                found[field.name] = value
        return found


def _value(data: memoryview, place: int, wire: int) -> tuple[Any, int]:
    if wire == VARINT:
        return _varint(data, place)
    length = {FIXED32: 4, FIXED64: 8}.get(wire, -1)
    if wire == DELIMITED:
        length, place = _varint(data, place)
    if length < 0 or place + length > len(data):
        raise ValueError("it is cut short, or no graph at all")
    return data[place : place + length], place + length


def _read(value: Any, kind: str, wire: int) -> Any:
    if kind == INTEGER:
        if wire != VARINT:
            raise ValueError("a number in it is none")
        return _signed(value)
    if wire != (FIXED32 if kind == FLOAT else DELIMITED):
        raise ValueError("a field in it is of another kind")
    return str(value, "utf-8") if kind == TEXT else value


def _delimited(value: Any) -> memoryview:
    if not isinstance(value, memoryview):
        raise ValueError("a part of it is a number")
    return value


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    number = 0
    for k, byte in enumerate(data[place : place + LONGEST_VARINT]):
        number |= (byte & 0x7F) << (7 * k)
        if byte < 0x80:
            return number & (2**64 - 1), place + k + 1
    raise ValueError("it is cut short, or no graph at all")


T = TypeVar("T")

LARGEST_GRAPH = (
    400_000_000  # bytes of a file; ResNet101, the largest of Keras' networks, has 171 MB
)
LARGEST_DESCRIPTION = 20_000_000  # bytes, decoded, of what is no numbers; ResNet101 has 8 million
MOST_NODES = 20_000
LARGEST_SIDE = 1_024  # pixels of the pictures that it takes
LARGEST_TENSOR = 8_000_000  # values for a picture; VGG19 has 3.2 million
MOST_CONSTANT = 100_000_000  # values of what is computed from constants alone
MOST_MULTIPLICATIONS = 25_000_000_000  # for a picture; VGG19 has 19.6 billion
MOST_VALUES = 400_000_000  # of all tensors for a batch of pictures
BATCH_SIZES = (32, 8, 4, 1)  # the largest that keeps to that is taken


class TooLargeError(ValueError):
    """A graph takes too much for a batch of this size."""


class Costs:
    """Adds up what the operations of a graph take for a batch of pictures."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._values = self._constant = self._multiplications = 0

    def add(self, shape: Sequence[int], multiplications: int, constant: bool = False) -> None:
        """Count a tensor and what computing it takes; raises TooLargeError beyond a limit.

        constant: it does not depend on the pictures.
        """
        size = math.prod(shape)
        self._multiplications += multiplications
        if constant:
            self._constant += size
        else:
            self._values += size
        for count, most, what in (
            (size, MOST_CONSTANT if constant else LARGEST_TENSOR * self._batch_size, "at once"),
            (self._values, MOST_VALUES, "in all"),
            (self._constant, MOST_CONSTANT, "of constants"),
            (self._multiplications, MOST_MULTIPLICATIONS * self._batch_size, "to multiply"),
        ):
            if count > most:
                raise TooLargeError(f"it has {count:,} values {what}; {most:,} are the most")


def largest_batch(add_up: Callable[[int], T]) -> tuple[int, T]:
    """Return how many pictures can be computed at once, and what add_up gives for that many.

    Raises TooLargeError where a single one takes too much.
    """
    for batch_size in BATCH_SIZES[:-1]:
        try:
            return batch_size, add_up(batch_size)
        except TooLargeError:
            continue
    return BATCH_SIZES[-1], add_up(BATCH_SIZES[-1])


def square_side(shape: Sequence[Any]) -> int:
    """Return the side in pixels of the pictures [n, side, side, 3] that a graph takes.

    Raises ValueError for a shape of anything else, and for huge pictures.
    """
    [_, height, width, colours] = shape if len(shape) == 4 else [None] * 4
    if not (isinstance(height, int) and 0 < height == width and colours == 3):
        raise ValueError(f"it takes {str(list(shape))[:60]}, no square pictures")
    if height > LARGEST_SIDE:
        raise ValueError(f"it takes pictures of {height:,} pixels; {LARGEST_SIDE:,} are the most")
    return height
