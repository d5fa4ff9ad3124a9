"""Features kept from run to run. Deleting the cache costs time, never a number.

Bottlenecks lie in one growing file, found by the hash of a picture's bytes: vectors are appended
first and their keys after them, each flushed to disk, so that a cache killed at any moment holds
whole vectors only.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.errors import StoreError
from product_classifier.store.files import write_whole

KEY_BYTES = 32  # of a SHA-256


class BottleneckCache:
    """Vectors of one network: folder/vectors.f32 and, in the same order, folder/keys.sha256.

    network: a line that tells it from others; it stands in folder/network.txt, for people too.
    """

    def __init__(self, folder: Path, width: int, network: str = "") -> None:
        self._vectors = folder / "vectors.f32"
        self._keys = folder / "keys.sha256"
        self._width = width
        note = folder / "network.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not note.exists():
                write_whole(note, f"{network}\n".encode())
            if (found := note.read_text(errors="replace").strip()) != network:
                raise StoreError(
                    f"{folder} holds bottlenecks of another network ({found}, not {network}); "
                    "remove it"
                )
            self._lock = FileLock(folder / "lock")
            self._rows = self._read_keys()
        except OSError as error:
            raise StoreError(f"{folder} cannot be used as a cache: {error.strerror}") from None

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add float32 [n, width] under n keys; keys that are there already stay as they are.

        Raises StoreError when another program has been adding for ten minutes, or the disk is full.
        """
        try:
            with self._lock.acquire(timeout=600):
                self._rows = self._read_keys()  # another program may have added meanwhile
                count = len(self._rows)
                new = {key: row for row, key in enumerate(sha256s) if key not in self._rows}
                values = vectors[list(new.values())].astype("<f4").tobytes()
                _append(self._vectors, count * self._width * 4, values)
                _append(self._keys, count * KEY_BYTES, b"".join(map(bytes.fromhex, new)))
                self._rows.update({key: count + k for k, key in enumerate(new)})
        except Timeout:
            raise StoreError(f"another program is using {self._vectors.parent}") from None
        except OSError as error:
            raise StoreError(f"{self._vectors} cannot grow: {error.strerror}") from None

    def read(self) -> NDArray[np.float32]:
        """Map all vectors into memory, [len(self), width], read-only."""
        if not self._rows:
            return np.zeros((0, self._width), np.float32)
        return np.memmap(self._vectors, "<f4", "r", shape=(len(self._rows), self._width))

    def rows(self, sha256s: Iterable[str | None]) -> NDArray[np.int64]:
        """Tell the row of each picture's vector, -1 where there is none."""
        return np.array([self._rows.get(sha256 or "", -1) for sha256 in sha256s], dtype=np.int64)

    def _read_keys(self) -> dict[str, int]:
        keys = self._keys.read_bytes() if self._keys.exists() else b""
        whole = self._vectors.stat().st_size // (self._width * 4) if self._vectors.exists() else 0
        count = min(len(keys) // KEY_BYTES, whole)
        return {keys[k * KEY_BYTES : (k + 1) * KEY_BYTES].hex(): k for k in range(count)}


def cached_vectors(
    path: Path, key: str, compute: Callable[[], tuple[csr_matrix, list[str]]]
) -> tuple[csr_matrix, list[str]]:
    """Read sparse vectors and their vocabulary, if path has them by this key, else make and keep.

    Raises StoreError where path cannot be written.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if str(kept["key"]) == key:
                parts = (kept["data"], kept["indices"], kept["indptr"])
                names = kept["vocabulary"].tobytes().decode(errors="surrogatepass")
                return csr_matrix(parts, shape=tuple(kept["shape"])), names.split("\n")
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # none yet, or damaged: it is made anew and replaced
    matrix, vocabulary = compute()
    archive = io.BytesIO()
    np.savez(
        archive,
        key=np.array(key),
        data=matrix.data,
        indices=matrix.indices,
        indptr=matrix.indptr,
        shape=np.array(matrix.shape),
        vocabulary=np.frombuffer("\n".join(vocabulary).encode(errors="surrogatepass"), np.uint8),
    )
    try:
        write_whole(path, archive.getvalue())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None
    return matrix, vocabulary


def _append(path: Path, position: int, data: bytes) -> None:
    """Write at a position, over whatever a killed program left beyond it."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(position)
        file.seek(position)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
