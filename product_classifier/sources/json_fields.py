"""What a server's JSON says, read field by field: each is of its kind, or is not there.

Whatever these functions return can be stored in the database and printed in a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.printable import brief, storable

LARGEST = 2**63 - 1  # whole number that SQLite holds


def text_of(value: Any) -> str | None:
    """Read a string, or a whole number where a string is meant; None where it is empty.

    Shops cut texts in the middle of an emoji: what is left of it becomes U+FFFD.
    """
    if isinstance(value, str):
        return storable(value).strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Read an object; an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Read a list; an empty one where there is none."""
    return value if isinstance(value, list) else []


def count_of(value: Any) -> int | None:
    """Read a number of things; None where it can be none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= LARGEST else None


def require_list(value: Any, what: str) -> list[Any]:
    """Read a list. Raises SourceError for anything else, so that nothing passes for empty."""
    if not isinstance(value, list):
        raise SourceError(f"the API answered with {what} that are no list: {brief(value)}")
    return value
