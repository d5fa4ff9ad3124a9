"""A reader and writer of Thrift's compact protocol, as in Parquet's footers and page headers.

A struct is a list of fields [number, type, value]; a list is (type of its values, values).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
INTEGERS = (I16, I32, I64)


class Reader:
    """A reader of values from bytes, beginning at a position."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def struct(self) -> list[list[Any]]:
        """Read a struct."""
        fields, number = [], 0
        while head := self._byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            fields.append([number, kind, self._value(kind)])
        return fields

    def _value(self, kind: int, is_element: bool = False) -> Any:
        if kind in (TRUE, FALSE):
            return self._byte() if is_element else kind
        if kind == BYTE:
            return self._byte()
        if kind in INTEGERS:
            return self._zigzag()
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind in (LIST, SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            return (head & 15, [self._value(head & 15, True) for _ in range(count)])
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"type {kind}")

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)


def written(fields: list[list[Any]]) -> bytes:
    """Write a struct."""
    parts, before = [], 0
    for number, kind, value in fields:
        delta = number - before
        short = 0 < delta < 16
        parts.append(bytes([delta << 4 | kind]) if short else bytes([kind]) + _zigzag(number))
        parts.append(b"" if kind in (TRUE, FALSE) else _value(kind, value))
        before = number
    return b"".join([*parts, b"\0"])


def leaves(fields: list[list[Any]]) -> Iterator[tuple[list[Any], int]]:
    """Return the places of all numbers and texts: the list that contains each, and its index."""
    for field in fields:
        _, kind, value = field
        if kind in (*INTEGERS, BINARY):
            yield field, 2
        elif kind == STRUCT:
            yield from leaves(value)
        elif kind == LIST:
            inner, values = value
            for place, element in enumerate(values):
                if inner == STRUCT:
                    yield from leaves(element)
                elif inner in (*INTEGERS, BINARY):
                    yield values, place


def _value(kind: int, value: Any) -> bytes:
    if kind in (TRUE, FALSE, BYTE):
        return bytes([value & 255])
    if kind in INTEGERS:
        return _zigzag(value)
    if kind == DOUBLE:
        return bytes(value)
    if kind == BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return written(value)
    inner, values = value
    head = (
        bytes([len(values) << 4 | inner])
        if len(values) < 15
        else bytes([0xF0 | inner]) + _varint(len(values))
    )
    return head + b"".join(_value(inner, element) for element in values)


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _zigzag(value: int) -> bytes:
    return _varint((value << 1 ^ value >> 63) & 2**64 - 1)
