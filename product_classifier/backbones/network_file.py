"""A network's file: arrays and a head of JSON in one .npz, its SHA-256 beside it.

Only numbers and text are read from it, so that a file from elsewhere cannot run anything; what its
arrays are is compared with what its head promises before any of them is read.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.regular import read_bounded
from product_classifier.store.files import write_whole
from product_classifier.store.npz import NpzArrays
from product_classifier.system_errors import reason_of

LARGEST = 400_000_000  # bytes of a network's file; ResNet101, the largest that is known, has 171 MB
LONGEST_HEAD = 1_000_000  # bytes of the text of its head
LONGEST_HASH_FILE = 10_000  # bytes
HEAD = "head"
# what its readers raise; json: of what is nested too deeply
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Archive:
    """What such a file holds."""

    path: Path
    sha256: str
    head: Mapping[str, Any]
    arrays: NpzArrays  # read when they are asked for

    def insist_on(self, wanted: Mapping[str, tuple[type[np.generic], tuple[int, ...]]]) -> None:
        """Raise ValueError unless it has the arrays of these types and shapes, and no others.

        None of them is read.
        """
        found = {name: header for name, header in self.arrays.headers.items() if name != HEAD}
        for name, (kind, shape) in wanted.items():
            if name not in found:
                raise ValueError(f"{name} is not there")
            if found[name].shape != shape or found[name].dtype.type is not kind:
                what = f"{found[name].dtype} of {found[name].shape}"
                raise ValueError(f"{name} is {what}, not {kind.__name__} of {shape}")
        if unknown := sorted(found.keys() - wanted.keys()):
            raise ValueError(f"it holds {unknown[0]} besides")


def write_archive(
    path: Path,
    head: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    compressed: bool,
) -> str:
    """Write a file, and beside it its SHA-256 as `sha256sum --check` reads it; returns that hash.

    Raises FeatureError where it cannot be written.
    """
    archive = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(archive, allow_pickle=False, **{**arrays, HEAD: np.array(json.dumps(head))})
    sha256 = hashlib.sha256(archive.getvalue()).hexdigest()
    try:
        write_whole(path, archive.getvalue())
        write_whole(_hash_file(path), f"{sha256}  {path.name}\n".encode())
    except OSError as error:
        raise FeatureError(f"{path} cannot be written: {reason_of(error)}") from None
    return sha256


@contextmanager
def opened_archive(path: Path, what: str) -> Iterator[Archive]:
    """Read a file; what: as messages call it.

    Raises FeatureError for one that is absent, damaged, or not the one whose hash lies beside it,
    and for whatever the reader finds wrong with its arrays.
    """
    beside = _hash_file(path)
    try:
        data = read_bounded(path, LARGEST)
        expected = _expected(beside)
    except OSError as error:
        raise FeatureError(f"{error.filename} cannot be read: {error.strerror}") from None
    sha256 = hashlib.sha256(data).hexdigest()
    if expected is not None and sha256 != expected:
        raise FeatureError(
            f"{path} is cut short or not the file it was: its SHA-256 is {sha256}, and "
            f"{beside.name} expects {expected[:64]}; fetch it again"
        )
    try:
        arrays = NpzArrays(data, LARGEST)
        yield Archive(path, sha256, _head(arrays), arrays)
    except _DAMAGE as error:
        raise FeatureError(
            f"{path} (SHA-256 {sha256}) is damaged or no {what} ({error}); fetch it again"
        ) from None


def _expected(beside: Path) -> str | None:
    """Read the hash that lies beside a file, as `sha256sum` writes it; None where there is none."""
    try:
        words = read_bounded(beside, LONGEST_HASH_FILE).decode(errors="replace").split()
    except FileNotFoundError:
        return None
    return words[0] if words else ""


def _head(arrays: NpzArrays) -> Mapping[str, Any]:
    if arrays.headers[HEAD].size > LONGEST_HEAD:
        raise ValueError(f"its head is longer than {LONGEST_HEAD:,} bytes")
    head = json.loads(str(arrays[HEAD]))
    if not isinstance(head, dict):
        raise ValueError("its head is no object of JSON")
    return head


def _hash_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
