"""The header of a saved model's folder: its sections, its settings, and one checksum over all."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from product_classifier.errors import StoreError

FORMAT = 2
HEADER = "settings.json"
LARGEST_HEADER = 4_000_000  # bytes
HASH_CHARACTERS = 16  # of a section's hash, in the name of its file
_NAMES = {"format", "sections", "settings", "checksum"}


class Section(NamedTuple):
    """What a section's file may be."""

    suffix: str
    most: int  # bytes


CATEGORIES, VOCABULARY, WEIGHTS, NETWORK = "categories", "vocabulary", "weights", "network"
SECTIONS: Mapping[str, Section] = {
    CATEGORIES: Section(".jsonl", 32_000_000),
    VOCABULARY: Section(".txt", 32_000_000),
    WEIGHTS: Section(".npz", 4_000_000_000),
    NETWORK: Section(".npz", 100_000_000),  # a student's
}
SECTION_FILE = re.compile(rf"({'|'.join(SECTIONS)})-[0-9a-f]{{{HASH_CHARACTERS}}}\.[a-z]+")


def new_header(settings: Mapping[str, Any], sections: Mapping[str, bytes]) -> dict[str, Any]:
    """Make the header of a folder with these settings and sections."""
    hashes = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sections.items()
    }
    header = {"format": FORMAT, "sections": hashes, "settings": dict(settings)}
    header = json.loads(json.dumps(header, allow_nan=False))  # with the names that JSON gives keys
    return {**header, "checksum": checksum(header)}


def checksum(header: Mapping[str, Any]) -> str:
    """Hash all that a header says, but for its own checksum."""
    said = {name: value for name, value in header.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def section_file(path: Path, name: str, header: Mapping[str, Any]) -> Path:
    """Name the file of a section of a folder."""
    sha256 = header["sections"][name]["sha256"]
    return path / f"{name}-{sha256[:HASH_CHARACTERS]}{SECTIONS[name].suffix}"


def parse_header(path: Path, data: bytes) -> dict[str, Any]:
    """Read the header of the folder path, and check it.

    Raises ValueError or RecursionError for one that is damaged, StoreError for one of another
    format, or with a section that this version does not know.
    """
    header = parse_json(data)
    if not isinstance(header, dict):
        raise ValueError(f"{HEADER} is no JSON object")
    number = header.get("format")
    if type(number) is not int:
        raise ValueError(f"{HEADER} names no format")
    if number != FORMAT:
        raise StoreError(
            f"{path} has format {number}, and this version reads {FORMAT}; save it again, or use "
            "the version that made it"
        )
    if header.keys() != _NAMES or not isinstance(header["settings"], dict):
        raise ValueError(f"{HEADER} does not consist of {', '.join(sorted(_NAMES))}")
    if header["checksum"] != checksum(header):
        raise ValueError(f"{HEADER} is cut short or not the file it was")
    if not isinstance(header["sections"], dict):
        raise ValueError(f"{HEADER} lists no sections")
    for name, section in header["sections"].items():
        if name not in SECTIONS:
            raise StoreError(
                f"{path} has a section {name[:100]!r}, which this version does not know; use the "
                "version that made it"
            )
        if not _is_told(section):
            raise ValueError(f"the section {name} has no size and hash")
    return header


def parse_json(data: bytes) -> Any:
    """Parse JSON as it is defined: without NaN and infinities, and no name twice."""
    return json.loads(data, parse_constant=_no_number, object_pairs_hook=_object)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _is_told(section: Any) -> bool:
    return (
        isinstance(section, dict)
        and section.keys() == {"bytes", "sha256"}
        and type(section["bytes"]) is int
        and isinstance(section["sha256"], str)
        and re.fullmatch("[0-9a-f]{64}", section["sha256"]) is not None
    )
