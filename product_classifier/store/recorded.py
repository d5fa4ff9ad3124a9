"""What experiments record of themselves as JSON, checked where it is read."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from product_classifier.store.soundness import damaged

DEEPEST_JSON = 20  # levels of lists and objects


def read_settings(db: sqlite3.Connection, experiment: int, text: str | None) -> dict[str, Any]:
    """Read the settings of an experiment; of an old program, none.

    Raises StoreError where they are no JSON object, or where one that the program goes by is not
    of its kind. Names of networks are only told: whoever loads one has to ask whether it may be.
    """
    found = read_json(db, f"settings of experiment {experiment}", text or "{}")
    if not isinstance(found, dict):
        raise damaged(db, f"the settings of experiment {experiment} are no JSON object")
    for name, is_right in KNOWN.items():
        if name in found and found[name] is None:
            del found[name]  # the same as none
        elif name in found and not is_right(found[name]):
            raise damaged(db, f"experiment {experiment} has a setting {name} that cannot be")
    return found


def read_json(db: sqlite3.Connection, what: str, text: str) -> Any:
    """Read JSON of finite numbers and few levels. Raises StoreError."""
    try:
        found = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if _levels(found) > DEEPEST_JSON:
            raise ValueError("it nests too deep")
    except (ValueError, RecursionError) as error:
        raise damaged(db, f"{what}: {str(error)[:100]}") from None
    return found


def read_overlaps(
    db: sqlite3.Connection, experiment: int, text: str
) -> list[tuple[str, str, float]]:
    """Read the pairs of categories of a search for labels, with shares. Raises StoreError."""
    found = read_json(db, f"overlaps of experiment {experiment}", text)
    if not isinstance(found, list) or not all(map(_is_overlap, found)):
        raise damaged(db, f"the overlaps of experiment {experiment} are no pairs with shares")
    return [(one, other, share) for one, other, share in found]


def _is_overlap(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(name, str) for name in value[:2])
        and _is_number(value[2])
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _levels(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_levels, value), default=0) if isinstance(value, list) else 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and isinstance(value, int) and low <= value <= high


def _is_group(value: Any) -> bool:
    """Return whether a value is an object whose numbers are such."""
    return isinstance(value, dict) and all(
        _is_number(each) for each in value.values() if isinstance(each, int | float)
    )


KNOWN: Mapping[str, Callable[[Any], bool]] = {
    "depth": _whole(1, 1_000),
    "learned": _are_texts,
    "categories": _are_texts,
    "language": _are_texts,
    "given_split": lambda value: isinstance(value, bool),
    "sample": lambda value: _is_number(value) and 0 < value <= 1,
    "sample_per_category": _whole(1, 2**53),
    "sample_seed": _whole(0, 2**32 - 1),
    "seed": _whole(0, 2**32 - 1),
    "images_per_product": _whole(1, 1_000_000),
    "clean": _is_text,
    "text_words": _whole(1, 2**53),
    "vectorizer": _is_text,
    "model": _is_text,
    "fusion": _is_text,
    "backbone": _is_text,
    "weights": _is_text,
    "peak_bytes": _is_number,
    "parameters": _is_number,
    "outside": lambda value: _is_group(value) or not isinstance(value, dict),
}
