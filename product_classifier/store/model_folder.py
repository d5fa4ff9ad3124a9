"""A saved model as a folder, format 2: a header, and sections whose hashes stand in it.

settings.json is the header: the format, the size and the SHA-256 of each section, the settings, and
one checksum over all of these, so that nothing in the folder changes unseen. A section is one file,
named by what it is and by its hash (weights-0123456789abcdef.npz). The header is written last: a
folder holds the model that was there before or the new one, whenever its writer is killed.

A checksum tells damage, not forgery: whoever changes a folder can write it anew. What is read is
therefore checked by its readers too, and nothing in it is code, is opened as such, or names a file.
Later versions may add sections; one that is not known is refused, not passed over.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import StoreError
from product_classifier.regular import read_bounded
from product_classifier.store.files import (
    HALF_WRITTEN,
    LONGEST_WRITE,
    is_left_over,
    write_whole,
)
from product_classifier.store.model_header import (
    CATEGORIES,
    HEADER,
    LARGEST_HEADER,
    NETWORK,
    SECTION_FILE,
    SECTIONS,
    VOCABULARY,
    WEIGHTS,
    new_header,
    parse_header,
    parse_json,
    section_file,
)
from product_classifier.store.npz import read_arrays
from product_classifier.system_errors import told

MOST_CATEGORIES, MOST_TERMS = 100_000, 1_000_000
LONGEST_LINE = 1_500_000  # bytes, of a category
TRIES = 3  # to read a folder that another program writes meanwhile
_FORMAT_1 = ("weights.npz", "vocabulary.txt", "categories.txt")


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """What lies in such a folder."""

    settings: Mapping[str, Any]
    categories: Sequence[Sequence[str]]  # id and path of each
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    vocabulary: Sequence[str] | None = None
    network: bytes | None = field(default=None, repr=False)  # the file of a student
    network_file: Path | None = None  # where that lies, once it was read


def write_model_folder(path: Path, model: ModelFolder) -> None:
    """Write a folder, over one that may be there. Raises StoreError where it cannot be written."""
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
        raise StoreError(f"{path} cannot be written: {told(error)}") from None


def read_model_folder(path: Path) -> ModelFolder:
    """Read a folder whole.

    Raises StoreError for one that is absent, of another format, or not as it was written.
    """
    try:
        return _read(path, TRIES)
    except OSError as error:
        raise StoreError(
            f"{path} holds no whole model ({error.filename}: {error.strerror}); make it by --save"
        ) from None
    except (ValueError, RecursionError) as error:  # the latter of JSON that is nested too deeply
        raise StoreError(f"{path} is damaged ({error}); save the model again") from None
    except MemoryError:
        raise StoreError(f"{path} needs more memory than there is; open it elsewhere") from None


def _read(path: Path, tries: int) -> ModelFolder:
    raw = read_bounded(path / HEADER, LARGEST_HEADER)
    header = parse_header(path, raw)
    try:
        sections = {name: _section(path, name, header) for name in header["sections"]}
    except FileNotFoundError:
        if tries > 1 and read_bounded(path / HEADER, LARGEST_HEADER) != raw:
            return _read(path, tries - 1)  # another model was saved here meanwhile
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
    """Read a section, and insist on its size and hash."""
    file = section_file(path, name, header)
    told = header["sections"][name]
    data = read_bounded(file, min(SECTIONS[name].most, max(told["bytes"], 0)))
    if len(data) != told["bytes"] or hashlib.sha256(data).hexdigest() != told["sha256"]:
        raise ValueError(f"{file.name} is cut short or not the file it was")
    return data


def _pair(line: bytes) -> list[str]:
    """Read the id and the path of a category."""
    found = parse_json(line) if len(line) <= LONGEST_LINE else None
    if not isinstance(found, list) or [type(each) for each in found] != [str, str]:
        raise ValueError("a category is no pair of id and path")
    return found


def _lines(data: bytes, most: int) -> list[bytes]:
    if data.count(b"\n") > most:
        raise ValueError(f"a section has more than {most:,} lines")
    lines = data.split(b"\n")
    if lines.pop():
        raise ValueError("the last line of a section has no end")
    return lines


def _packed(model: ModelFolder) -> dict[str, bytes]:
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **model.arrays)
    pairs = (json.dumps(category, ensure_ascii=False) for category in model.categories)
    sections = {CATEGORIES: _text(pairs), WEIGHTS: archive.getvalue()}
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
            f"{path} cannot be written: its {name} would take {size:,} bytes, and {most:,} are the "
            "most; train on fewer categories"
        )


def _files_of(path: Path) -> set[str]:
    """Name the sections of the model that is there; none where it is no whole one."""
    try:
        header = parse_header(path, read_bounded(path / HEADER, LARGEST_HEADER))
    except StoreError:
        return set(_FORMAT_1)
    except (OSError, ValueError, RecursionError):
        return set()
    return {section_file(path, name, header).name for name in header["sections"]}


def _remove_older(path: Path, kept: set[str], before: set[str]) -> None:
    """Remove the sections of the model before, and what killed writers left."""
    for file in path.iterdir():
        if file.name in kept:
            continue
        if file.name.startswith(HALF_WRITTEN):
            unused = is_left_over(file)
        else:
            old = time.time() - file.lstat().st_mtime > LONGEST_WRITE
            unused = file.name in before or (old and SECTION_FILE.fullmatch(file.name) is not None)
        if unused:
            file.unlink(missing_ok=True)
