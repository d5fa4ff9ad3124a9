"""The file of a network: a .npz of arrays and a JSON header, with its SHA-256 beside it.

Only numbers and text are read, so that a file from a stranger cannot run code. The types and shapes
of the arrays are checked before any array is read.
"""

from __future__ import annotations

import hashlib
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
from product_classifier.store.npz import JSON_HEADER, NpzArrays, json_header, npz_bytes
from product_classifier.system_errors import reason_of

LARGEST = 400_000_000  # bytes of a file; ResNet101, the largest Keras network, has 171 MB
LONGEST_HASH_FILE = 10_000  # bytes
# errors of readers for damaged files; json raises RecursionError for deep nesting
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Archive:
    """The verified contents of a network's file."""

    path: Path
    sha256: str
    head: Mapping[str, Any]
    arrays: NpzArrays  # each is read on access

    def check_arrays(
        self, expected: Mapping[str, tuple[type[np.generic], tuple[int, ...]]]
    ) -> None:
        """Raise ValueError unless the file has exactly the arrays of these types and shapes.

        Reads the arrays' headers alone.
        """
        headers = dict(self.arrays.headers)
        del headers[JSON_HEADER]
        for name, (kind, shape) in expected.items():
            if name not in headers:
                raise ValueError(f"{name} is missing")
            if headers[name].shape != shape or headers[name].dtype.type is not kind:
                actual = f"{headers[name].dtype} of {headers[name].shape}"
                raise ValueError(f"{name} is {actual}, not {kind.__name__} of {shape}")
        if unknown := sorted(headers.keys() - expected.keys()):
            raise ValueError(f"the array {unknown[0]} is unexpected")


def write_archive(
    path: Path,
    head: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    compressed: bool,
) -> str:
    """Write a file and, beside it, its SHA-256 in the format of `sha256sum`; returns the hash.

    Raises FeatureError if it cannot be written.
    """
    data = npz_bytes(arrays, head, compressed=compressed)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        write_whole(path, data)
        write_whole(_hash_file(path), f"{sha256}  {path.name}\n".encode())
    except OSError as error:
        raise FeatureError(f"{path} cannot be written: {reason_of(error)}") from None
    return sha256


@contextmanager
def opened_archive(path: Path, what: str) -> Iterator[Archive]:
    """Open a file within a context; what: the kind of file, for messages.

    Raises FeatureError for a file that is missing, damaged, or has another hash than the one beside
    it. ValueError and similar errors raised within the context become FeatureError, too.
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
            f"{path} is incomplete or was changed: its SHA-256 is {sha256}, but {beside.name} says "
            f"{expected[:64]}; fetch the file again"
        )
    try:
        arrays = NpzArrays(data, LARGEST)
        yield Archive(path, sha256, json_header(arrays), arrays)
    except _DAMAGE as error:
        raise FeatureError(
            f"{path} (SHA-256 {sha256}) is damaged or not a {what} ({error}); fetch the file again"
        ) from None


def _expected(beside: Path) -> str | None:
    """Return the hash in a file written by `sha256sum`; None if there is no such file."""
    try:
        words = read_bounded(beside, LONGEST_HASH_FILE).decode(errors="replace").split()
    except FileNotFoundError:
        return None
    return words[0] if words else ""


def _hash_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
