"""The images folder: files named by their content; those that the database names are complete."""

from __future__ import annotations

import contextlib
import hashlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from product_classifier.errors import StoreError
from product_classifier.store.files import HALF_WRITTEN, is_left_over, sync_files, write_named
from product_classifier.system_errors import reason_of

LARGEST = 100_000_000  # bytes of a picture; a crawl takes smaller ones


class ImageFolder:
    """A folder of pictures, images/ab/ab….jpg; equal pictures are one file.

    What is put outlasts a power cut once it is kept: many files at the cost of one. What a killed
    run left cut short is made whole when it is put again. Several threads may put.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._put: deque[str] = deque()  # files that are not kept yet

    def put(self, data: bytes, extension: str) -> tuple[str, str]:
        """Write a picture's bytes; returns its path below the folder and its SHA-256.

        Raises StoreError where the folder cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{sha256[:2]}/{sha256}.{extension}"
        path = f"{self.path}/{name}"
        with self._telling():
            write_named(path, data)
        self._put.append(path)
        return name, sha256

    def keep(self) -> None:
        """Make sure that all that has been put outlasts a power cut. Raises StoreError."""
        with self._telling():
            put = list(self._put)
            sync_files(put)
            for _ in put:
                self._put.popleft()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {reason_of(error)}") from None

    def read(self, file: str | None) -> bytes | None:
        """Read a picture's bytes, or nothing where it is gone, or no file of a sane size."""
        path = self.path / (file or "")
        try:
            usable = path.is_file() and path.stat().st_size <= LARGEST
            return path.read_bytes() if usable else None
        except OSError:
            return None

    def sweep(self) -> None:
        """Remove what a killed crawl left half written; another crawl may be writing now."""
        for part in self.path.glob(f"??/{HALF_WRITTEN}*"):
            with contextlib.suppress(FileNotFoundError):  # the other one has finished it
                if is_left_over(part):
                    part.unlink()
