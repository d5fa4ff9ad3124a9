"""Validation of JSON from untrusted files: each function returns a value or raises ValueError.

No message repeats more than the beginning of a value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

SHOWN = 60  # characters of a value in a message
SHA256 = re.compile("[0-9a-f]{64}")


def fields(
    value: Any, what: str, required: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, Any]:
    """Return an object that has all required names and no names but these and the optional ones."""
    if missing := set(required) - mapping(value, what).keys():
        raise ValueError(f"{what} has no {min(missing)}")
    if unknown := value.keys() - set(required) - set(optional):
        raise ValueError(f"{what} has an unknown field {_shown(min(unknown))}")
    return mapping(value, what)


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return an object with any names."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_shown(value)}, not an object")
    return value


def items(value: Any, what: str, least: int, most: int) -> Sequence[Any]:
    """Return a list of least to most items."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ValueError(f"{what} is {_shown(value)}, not a list of {least} to {most:,} items")
    return value


def text(value: Any, what: str, longest: int, least: int = 1) -> str:
    """Return a text of least to longest characters."""
    if not isinstance(value, str) or not least <= len(value) <= longest:
        raise ValueError(
            f"{what} is {_shown(value)}, not a text of {least} to {longest:,} characters"
        )
    return value


def one_of(value: Any, what: str, names: Collection[str]) -> str:
    """Return a value that is one of the names."""
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{what} is {_shown(value)}, not one of {', '.join(names)}")
    return value


def sha256(value: Any, what: str) -> str:
    """Return a SHA-256 of 64 hexadecimal digits."""
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise ValueError(f"{what} is {_shown(value)}, not a SHA-256")
    return value


def whole(value: Any, what: str, least: int, most: int) -> int:
    """Return a whole number from least to most."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} is {_shown(value)}, not a whole number from {least} to {most:,}")
    return value


def real(value: Any, what: str, least: float, most: float, open_ends: bool = False) -> float:
    """Return a number from least to most; open_ends: greater than least and less than most."""
    if type(value) not in (int, float) or not math.isfinite(value) or not least <= value <= most:
        raise ValueError(f"{what} is {_shown(value)}, not a number from {least:g} to {most:g}")
    if open_ends and value in (least, most):
        raise ValueError(f"{what} is {_shown(value)}, not between {least:g} and {most:g}")
    return float(value)


def _shown(value: Any) -> str:
    """Return the beginning of a value as text, for a message."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value):,}"
    return repr(value)[:SHOWN] if not isinstance(value, str) else repr(value[:SHOWN])
