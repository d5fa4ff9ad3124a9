"""Values of JSON that somebody else may have written: each is what it should be, or a ValueError.

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
    """Return an object that has the required names, and no others than the optional ones."""
    if missing := set(required) - mapping(value, what).keys():
        raise ValueError(f"{what} has no {min(missing)}")
    if unknown := value.keys() - set(required) - set(optional):
        raise ValueError(f"{what} has {_shown(min(unknown))}, which is not known")
    return mapping(value, what)


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return an object, whatever its names."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_shown(value)}, not an object")
    return value


def items(value: Any, what: str, least: int, most: int) -> Sequence[Any]:
    """Return a list of so many items."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ValueError(f"{what} is {_shown(value)}, not a list of {least} to {most:,}")
    return value


def text(value: Any, what: str, longest: int, least: int = 1) -> str:
    """Return a text of least to longest characters."""
    if not isinstance(value, str) or not least <= len(value) <= longest:
        raise ValueError(f"{what} is {_shown(value)}, not a text of {least} to {longest:,} letters")
    return value


def one_of(value: Any, what: str, known: Collection[str]) -> str:
    """Return one of the known names."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{what} is {_shown(value)}, none of {', '.join(known)}")
    return value


def sha256(value: Any, what: str) -> str:
    """Return a hash as it is written."""
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise ValueError(f"{what} is {_shown(value)}, no SHA-256")
    return value


def whole(value: Any, what: str, least: int, most: int) -> int:
    """Return a whole number from least to most."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} is {_shown(value)}, no whole number of {least} to {most:,}")
    return value


def real(value: Any, what: str, least: float, most: float, open_ends: bool = False) -> float:
    """Return a number from least to most; open_ends: between them."""
    if type(value) not in (int, float) or not math.isfinite(value) or not least <= value <= most:
        raise ValueError(f"{what} is {_shown(value)}, no number of {least:g} to {most:g}")
    if open_ends and value in (least, most):
        raise ValueError(f"{what} is {_shown(value)}, not between {least:g} and {most:g}")
    return float(value)


def _shown(value: Any) -> str:
    """Show the beginning of a value, whatever it is."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value):,}"
    return repr(value)[:SHOWN] if not isinstance(value, str) else repr(value[:SHOWN])
