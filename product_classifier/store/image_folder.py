"""The images folder: files named by the hash of their content."""

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

    Files survive a power cut after `keep`, which flushes many at the cost of one. A file that a
    killed run left truncated is replaced when it is put again. Several threads may call `put`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._put: deque[str] = deque()  # files that are not flushed to disk yet

    def put(self, data: bytes, extension: str) -> tuple[str, str]:
        """Write a picture, and return its path below the folder and its SHA-256.

        Raises StoreError if the folder cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{sha256[:2]}/{sha256}.{extension}"
        path = f"{self.path}/{name}"
        with self._explained():
            write_named(path, data)
        self._put.append(path)
        return name, sha256

    def keep(self) -> None:
        """Flush all files that were put to disk. Raises StoreError if that fails."""
        with self._explained():
            files = list(self._put)
            sync_files(files)
            for _ in files:
                self._put.popleft()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {reason_of(error)}") from None

    def read(self, file: str | None) -> bytes | None:
        """Return a picture's bytes; None if it is missing, not a regular file, or too large."""
        path = self.path / (file or "")
        try:
            usable = path.is_file() and path.stat().st_size <= LARGEST
            return path.read_bytes() if usable else None
        except OSError:
            return None

    def sweep(self) -> None:
        """Delete incomplete files of killed crawls; another crawl may be writing now."""
        for part in self.path.glob(f"??/{HALF_WRITTEN}*"):
            with contextlib.suppress(FileNotFoundError):  # the other crawl has finished the file
                if is_left_over(part):
                    part.unlink()
