"""Fields of a server's JSON, each of the expected type or treated as absent.

The texts and numbers that these functions return can be stored in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.printable import brief, storable

LARGEST_INTEGER = 2**63 - 1  # of SQLite


def text_of(value: Any) -> str | None:
    """Return a stripped string, also of an integer; None for anything else and for empty strings.

    Shops cut texts in the middle of an emoji; the half that is left becomes U+FFFD.
    """
    if isinstance(value, str):
        return storable(value).strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return an object, empty if the value is not an object."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Return a list, empty if the value is not a list."""
    return value if isinstance(value, list) else []


def count_of(value: Any) -> int | None:
    """Return a count; None unless the value is an integer from 0 to LARGEST_INTEGER."""
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return value if is_integer and 0 <= value <= LARGEST_INTEGER else None


def require_list(value: Any, name: str) -> list[Any]:
    """Return a list. Raises SourceError for anything else, unlike `list_of`."""
    if not isinstance(value, list):
        raise SourceError(f"the API answered with {name} that are not a list: {brief(value)}")
    return value
