"""The images folder: files named by their content, complete or absent."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from product_classifier.errors import StoreError
from product_classifier.store.files import HALF_WRITTEN, appear, is_left_over, write_part


class ImageFolder:
    """A folder of pictures, images/ab/ab….jpg; equal pictures are one file.

    What is put appears when all that has been put is kept: many files outlast a power cut at the
    cost of one. Several threads may put.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._put: deque[tuple[str, str]] = deque()  # a half-written file, and its name to be

    def put(self, data: bytes, extension: str) -> tuple[str, str]:
        """Write a picture's bytes; returns its path below the folder and its SHA-256.

        Raises StoreError where the folder cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{sha256[:2]}/{sha256}.{extension}"
        path = f"{self.path}/{name}"
        with self._telling():
            if not _is_there(path):
                self._put.append((write_part(path, data), path))
        return name, sha256

    def keep(self) -> None:
        """Let all that has been put appear, whole, even after a power cut. Raises StoreError."""
        with self._telling():
            appear([self._put.popleft() for _ in range(len(self._put))])

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}); run it again when it can"
            ) from None

    def read(self, file: str | None) -> bytes | None:
        """Read a picture's bytes, or nothing where it is gone."""
        try:
            return (self.path / file).read_bytes() if file else None
        except OSError:
            return None

    def sweep(self) -> None:
        """Remove what a killed crawl left half written; another crawl may be writing now."""
        for part in self.path.glob(f"??/{HALF_WRITTEN}*"):
            with contextlib.suppress(FileNotFoundError):  # the other one has finished it
                if is_left_over(part):
                    part.unlink()


def _is_there(path: str) -> bool:
    """Tell whether a path is a file itself, not a link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
