"""A network's file: arrays and a head of JSON in one .npz, its SHA-256 beside it.

Only numbers and text are read from it, so that a file from elsewhere cannot run anything.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.store.files import write_whole

_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, EOFError)  # what its readers raise


@dataclass(frozen=True)
class Archive:
    """What such a file holds."""

    path: Path
    sha256: str
    head: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]  # read when they are asked for


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
    save(archive, allow_pickle=False, **arrays, head=np.array(json.dumps(head)))
    sha256 = hashlib.sha256(archive.getvalue()).hexdigest()
    try:
        write_whole(path, archive.getvalue())
        write_whole(_hash_file(path), f"{sha256}  {path.name}\n".encode())
    except OSError as error:
        raise FeatureError(f"{path} cannot be written: {error.strerror}") from None
    return sha256


@contextmanager
def opened_archive(path: Path, what: str) -> Iterator[Archive]:
    """Read a file; what: as messages call it.

    Raises FeatureError for one that is absent, damaged, or not the one whose hash lies beside it,
    and for whatever the reader finds wrong with its arrays.
    """
    try:
        data = path.read_bytes()
        beside = _hash_file(path)
        expected = beside.read_text().split()[0] if beside.exists() else ""
    except OSError as error:
        raise FeatureError(f"{error.filename} cannot be read: {error.strerror}") from None
    sha256 = hashlib.sha256(data).hexdigest()
    if expected and sha256 != expected:
        raise FeatureError(
            f"{path} is cut short or not the file it was: its SHA-256 is {sha256}, and "
            f"{beside.name} expects {expected}; fetch it again"
        )
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            yield Archive(path, sha256, json.loads(str(arrays["head"])), arrays)
    except (*_DAMAGE, zipfile.BadZipFile, zlib.error) as error:
        raise FeatureError(
            f"{path} (SHA-256 {sha256}) is damaged or no {what} ({error}); fetch it again"
        ) from None


def _hash_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
