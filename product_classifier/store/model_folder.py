"""A saved model as a folder, format 2: a header with the hashes of its sections, and the sections.

settings.json is the header: the format, the size and the SHA-256 of each section, the settings, and
a checksum of all of these, so that no change of the folder goes unnoticed. A section is a file,
named by its kind and its hash (weights-0123456789abcdef.npz). The header is written last: if the
writer is killed, the folder holds either the old model or the new one.

A checksum detects damage, not forgery: whoever changes a folder can compute new checksums.
Therefore the readers check all values, too, and nothing in a folder is code or the name of a file.
Later versions may add sections; an unknown section is an error.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from product_classifier.errors import StoreError
from product_classifier.regular import read_bounded
from product_classifier.store.files import HALF_WRITTEN, LONGEST_WRITE, is_left_over, write_whole
from product_classifier.store.npz import npz_bytes, read_arrays
from product_classifier.system_errors import reason_of

MOST_CATEGORIES, MOST_TERMS = 100_000, 1_000_000
LONGEST_LINE = 1_500_000  # bytes, of a category
TRIES = 3  # to read a folder that another program writes meanwhile
_FORMAT_1 = ("weights.npz", "vocabulary.txt", "categories.txt")
FORMAT = 2
HEADER = "settings.json"
LARGEST_HEADER = 4_000_000  # bytes
HASH_CHARACTERS = 16  # of a section's hash, in the name of its file
_NAMES = {"format", "sections", "settings", "checksum"}


class Section(NamedTuple):
    """The file name suffix and the largest size of a section."""

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


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """The contents of a saved model's folder."""

    settings: Mapping[str, Any]
    categories: Sequence[Sequence[str]]  # id and path of each
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    vocabulary: Sequence[str] | None = None
    network: bytes | None = field(default=None, repr=False)  # content of a student's file
    network_file: Path | None = None  # path of that file, if the folder was read from disk


def write_model_folder(path: Path, model: ModelFolder) -> None:
    """Write a folder, or replace its model. Raises StoreError if it cannot be written."""
    sections = _packed(model)
    header = new_header(model.settings, sections)
    data = (json.dumps(header, indent=1) + "\n").encode()
    _insist_on_size(path, HEADER, len(data), LARGEST_HEADER)
    for name, content in sections.items():
        _insist_on_size(path, name, len(content), SECTIONS[name].most)
    files = {section_file(path, name, header): sections[name] for name in sections}
    try:
        before = _files_of(path)
        for file, content in files.items():
            write_whole(file, content)
        write_whole(path / HEADER, data)
        _remove_older(path, {file.name for file in files}, before)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {reason_of(error)}") from None


def read_model_folder(path: Path) -> ModelFolder:
    """Return the contents of a folder.

    Raises StoreError if the folder is missing, damaged, or of another format.
    """
    try:
        return _read(path, TRIES)
    except OSError as error:
        raise StoreError(
            f"{path} holds no complete model ({error.filename}: {error.strerror}); "
            "create it with --save"
        ) from None
    except (ValueError, RecursionError) as error:  # RecursionError: JSON that is nested too deeply
        raise StoreError(f"{path} is damaged ({error}); save the model again") from None
    except MemoryError:
        raise StoreError(
            f"{path} needs more memory than this machine has; open it on another one"
        ) from None


def _read(path: Path, tries: int) -> ModelFolder:
    raw = read_bounded(path / HEADER, LARGEST_HEADER)
    header = parse_header(path, raw)
    try:
        sections = {name: _section(path, name, header) for name in header["sections"]}
    except FileNotFoundError:
        if tries > 1 and read_bounded(path / HEADER, LARGEST_HEADER) != raw:
            return _read(path, tries - 1)  # another model has been saved here meanwhile
        raise
    if missing := {CATEGORIES, WEIGHTS} - sections.keys():
        raise ValueError(f"it has no {min(missing)}")
    vocabulary = None
    if VOCABULARY in sections:
        lines = _lines(sections[VOCABULARY], MOST_TERMS)
        vocabulary = [line.decode(errors="surrogatepass") for line in lines]
    return ModelFolder(
        settings=header["settings"],
        categories=[_pair(line) for line in _lines(sections[CATEGORIES], MOST_CATEGORIES)],
        arrays=read_arrays(sections[WEIGHTS], len(sections[WEIGHTS])),  # written uncompressed
        vocabulary=vocabulary,
        network=sections.get(NETWORK),
        network_file=section_file(path, NETWORK, header) if NETWORK in sections else None,
    )


def _section(path: Path, name: str, header: Mapping[str, Any]) -> bytes:
    """Return a section's content; raise ValueError if its size or hash does not match."""
    file = section_file(path, name, header)
    expected = header["sections"][name]
    data = read_bounded(file, min(SECTIONS[name].most, max(expected["bytes"], 0)))
    if len(data) != expected["bytes"] or hashlib.sha256(data).hexdigest() != expected["sha256"]:
        raise ValueError(f"{file.name} is incomplete or was changed")
    return data


def _pair(line: bytes) -> list[str]:
    """Return the id and the path of a category."""
    pair = parse_json(line) if len(line) <= LONGEST_LINE else None
    if not isinstance(pair, list) or [type(each) for each in pair] != [str, str]:
        raise ValueError("a category is not a pair of id and path")
    return pair


def _lines(data: bytes, most: int) -> list[bytes]:
    if data.count(b"\n") > most:
        raise ValueError(f"a section has more than {most:,} lines")
    lines = data.split(b"\n")
    if lines.pop():
        raise ValueError("the last line of a section is incomplete")
    return lines


def _packed(model: ModelFolder) -> dict[str, bytes]:
    pairs = (json.dumps(category, ensure_ascii=False) for category in model.categories)
    sections = {CATEGORIES: _text(pairs), WEIGHTS: npz_bytes(model.arrays)}
    if model.vocabulary is not None:
        sections[VOCABULARY] = _text(model.vocabulary)
    if model.network is not None:
        sections[NETWORK] = model.network
    return sections


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogatepass")


def _insist_on_size(path: Path, name: str, size: int, most: int) -> None:
    if size > most:
        raise StoreError(
            f"{path} cannot be written: its {name} would take {size:,} bytes, and at most {most:,} "
            "are allowed; train on fewer categories"
        )


def _files_of(path: Path) -> set[str]:
    """Return the names of the section files of a folder's model; empty if it is not complete."""
    try:
        header = parse_header(path, read_bounded(path / HEADER, LARGEST_HEADER))
    except StoreError:
        return set(_FORMAT_1)
    except (OSError, ValueError, RecursionError):
        return set()
    return {section_file(path, name, header).name for name in header["sections"]}


def _remove_older(path: Path, current: set[str], before: set[str]) -> None:
    """Delete the sections of the model before, and incomplete files of killed writers."""
    for file in path.iterdir():
        if file.name in current:
            continue
        if file.name.startswith(HALF_WRITTEN):
            unused = is_left_over(file)
        else:
            old = time.time() - file.lstat().st_mtime > LONGEST_WRITE
            unused = file.name in before or (old and SECTION_FILE.fullmatch(file.name) is not None)
        if unused:
            file.unlink(missing_ok=True)


def new_header(settings: Mapping[str, Any], sections: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the header of a folder with the settings and sections."""
    hashes = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sections.items()
    }
    header = {"format": FORMAT, "sections": hashes, "settings": dict(settings)}
    header = json.loads(json.dumps(header, allow_nan=False))  # JSON turns keys into text
    return {**header, "checksum": checksum(header)}


def checksum(header: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a header without its checksum."""
    content = {name: value for name, value in header.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def section_file(path: Path, name: str, header: Mapping[str, Any]) -> Path:
    """Return the path of a section's file."""
    sha256 = header["sections"][name]["sha256"]
    return path / f"{name}-{sha256[:HASH_CHARACTERS]}{SECTIONS[name].suffix}"


def parse_header(path: Path, data: bytes) -> dict[str, Any]:
    """Return the checked header of a folder.

    data: the header's bytes. Raises ValueError or RecursionError if the header is damaged, and
    StoreError if it has another format or an unknown section.
    """
    header = parse_json(data)
    if not isinstance(header, dict):
        raise ValueError(f"{HEADER} is not a JSON object")
    number = header.get("format")
    if type(number) is not int:
        raise ValueError(f"{HEADER} has no format number")
    if number != FORMAT:
        raise StoreError(
            f"{path} has format {number}, and this version reads {FORMAT}; save it again, or use "
            "the version that made it"
        )
    if header.keys() != _NAMES or not isinstance(header["settings"], dict):
        raise ValueError(f"{HEADER} does not consist of {', '.join(sorted(_NAMES))}")
    if header["checksum"] != checksum(header):
        raise ValueError(f"{HEADER} is incomplete or was changed")
    if not isinstance(header["sections"], dict):
        raise ValueError(f"{HEADER} lists no sections")
    for name, section in header["sections"].items():
        if name not in SECTIONS:
            raise StoreError(
                f"{path} has a section {name[:100]!r}, which this version does not know; use the "
                "version that made it"
            )
        if not _has_size_and_hash(section):
            raise ValueError(f"the section {name} has no size and hash")
    return header


def parse_json(data: bytes) -> Any:
    """Return the value of strict JSON: without NaN, infinities and duplicate names."""
    return json.loads(data, parse_constant=_no_number, object_pairs_hook=_object)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a number in JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    by_name = dict(pairs)
    if len(by_name) < len(pairs):
        raise ValueError("an object has a duplicate name")
    return by_name


def _has_size_and_hash(section: Any) -> bool:
    return (
        isinstance(section, dict)
        and section.keys() == {"bytes", "sha256"}
        and type(section["bytes"]) is int
        and isinstance(section["sha256"], str)
        and re.fullmatch("[0-9a-f]{64}", section["sha256"]) is not None
    )
