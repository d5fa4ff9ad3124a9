"""Features kept from run to run. Deleting the cache costs time, never a number.

Bottlenecks lie in one growing file, found by the hash of a picture's bytes: vectors are appended
first and their keys after them, each flushed to disk, so that a cache killed at any moment holds
whole vectors only. No vector is overwritten, since other programs may be reading it. Each has a
checksum of its key and itself: what a disk has changed is found when it is read, and computed anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.console import SILENT, Console
from product_classifier.errors import StoreError
from product_classifier.regular import read_bounded
from product_classifier.store.files import write_whole
from product_classifier.store.npz import NpzArrays

FORMAT = b"keys of vectors with checksums, format 2\n"  # at the start of their file
RECORD = struct.Struct("<32sQI")  # a picture's SHA-256, the row of its vector, a checksum of both
ATTEMPTS = 3  # to add to a cache that others remove
LONGEST_NOTE = 10_000  # characters
REMEDY = "check the disk and its permissions, or pass another --cache-path"


class BottleneckCache:
    """Vectors of one network: folder/vectors.f32, and where they lie: folder/keys.sha256.

    network: a line that tells it from others; it stands in folder/network.txt, for people too.
    tell: told in a line what had to be computed anew.
    """

    def __init__(
        self, folder: Path, width: int, network: str = "", console: Console = SILENT
    ) -> None:
        self._folder, self._network, self._console = folder, network, console
        self._vectors, self._keys = folder / "vectors.f32", folder / "keys.sha256"
        self._lock = FileLock(folder / "lock")
        self._none = np.zeros((0, width), np.float32)
        self._damaged = 0
        self._forget()
        with self._explained("be used as a cache"):
            self._prepare()
            self._read()

    def __contains__(self, sha256: str) -> bool:
        """Tell whether there is a vector that is what was stored."""
        if sha256 in self._sound:
            return True
        if sha256 not in self._places:
            return False
        row, checksum = self._places[sha256]
        if row < len(self._map):
            vector = self._map[row]
            if _checksum(sha256, vector) == checksum and np.isfinite(vector).all():
                self._sound.add(sha256)
                return True
            self._damaged += 1
        del self._places[sha256]
        return False

    def __len__(self) -> int:
        return len(self._places)

    def append(self, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add float32 [n, width] under n keys; keys that are there already stay as they are.

        Raises StoreError when another program has been adding for ten minutes, or the disk is full.
        """
        with self._explained("grow"):
            for left in reversed(range(ATTEMPTS)):
                try:
                    self._prepare()
                    with self._lock.acquire(timeout=600):
                        self._add(sha256s, vectors)
                    return
                except FileNotFoundError:  # another program has removed the cache
                    if not left:
                        raise

    def _add(self, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> None:
        self._read()  # another program may have added meanwhile
        new = {key: row for row, key in enumerate(sha256s) if key not in self._places}
        if not new:
            return
        values = np.ascontiguousarray(vectors[list(new.values())], "<f4")
        records = [
            RECORD.pack(bytes.fromhex(key), row, _checksum(key, value))
            for row, (key, value) in enumerate(zip(new, values, strict=True), len(self._map))
        ]
        _write(self._vectors, self._map.nbytes, values.tobytes())
        head = b"" if self._end else FORMAT
        _write(self._keys, self._end, head + b"".join(records))
        self._read()

    def read(self) -> NDArray[np.float32]:
        """Map all vectors into memory, [n, width], read-only; `rows` says which may be used."""
        return self._map

    def rows(self, sha256s: Iterable[str | None]) -> NDArray[np.int64]:
        """Tell the row of each picture's vector, -1 where there is none."""
        return np.array(
            [self._places[key][0] if key and key in self else -1 for key in sha256s], dtype=np.int64
        )

    def tell_damage(self) -> None:
        """Say how many vectors were not what was stored, since this was said last."""
        if self._damaged:
            self._console.say(
                f"{self._vectors}: {self._damaged:,} damaged vectors, found by their checksums, "
                "were computed anew; check the disk"
            )
        self._damaged = 0

    def _forget(self) -> None:
        self._map = self._none
        self._mapped = (0, 0)  # which file that is: device, inode
        self._end = 0  # of the keys that have been read, in bytes
        self._places: dict[str, tuple[int, int]] = {}  # row, checksum
        self._sound: set[str] = set()  # keys whose vectors in the map have been checked

    def _prepare(self) -> None:
        """Make the folder, or insist that it is of this network."""
        note = self._folder / "network.txt"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not note.exists():
            write_whole(note, f"{self._network}\n".encode())
        for path in (note, self._vectors, self._keys):
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise StoreError(f"{path} is no file; remove it, or pass another --cache-path")
        with note.open(encoding="utf-8", errors="replace") as file:
            if (found := file.read(LONGEST_NOTE).strip()) != self._network:
                raise StoreError(
                    f"{self._folder} holds bottlenecks of another network "
                    f"({found}, not {self._network}); remove it"
                )

    def _read(self) -> None:
        """Read the keys that are new, and map what is there now."""
        data = self._new_keys()
        if self._remap():
            data = self._new_keys()
        if not self._end and data:
            if not data.startswith(FORMAT):
                self._begin_anew()
                return
            self._end = len(FORMAT)
            data = data[len(FORMAT) :]
        whole = len(data) - len(data) % RECORD.size
        for key, row, checksum in RECORD.iter_unpack(data[:whole]):
            self._places[key.hex()] = row, checksum
            self._sound.discard(key.hex())
        self._end += whole

    def _new_keys(self) -> bytes:
        if not self._keys.exists():
            self._forget()
            return b""
        with self._keys.open("rb") as file:
            if os.fstat(file.fileno()).st_size < self._end:
                self._forget()
            file.seek(self._end)
            return file.read()

    def _remap(self) -> bool:
        """Map what is there; tell whether that is another file than was mapped before."""
        if not self._vectors.exists():
            self._map = self._none
            return False
        with self._vectors.open("rb") as file:
            status = os.fstat(file.fileno())
            rows = status.st_size // (4 * self._none.shape[1])
            found = status.st_dev, status.st_ino
            other = found != self._mapped or rows < len(self._map)
            if other:
                self._forget()
            if rows > len(self._map):
                self._map = np.memmap(file, "<f4", "r", shape=(rows, self._none.shape[1]))
            self._mapped = found
            return other

    def _begin_anew(self) -> None:
        """Remove vectors that cannot be checked; who has mapped them keeps them."""
        with self._lock.acquire(timeout=600):
            with self._keys.open("rb") as file:
                if file.read(len(FORMAT)) == FORMAT:  # another program has begun anew
                    return
            self._keys.unlink()
            self._vectors.unlink(missing_ok=True)
        self._forget()
        self._console.say(
            f"{self._vectors} is damaged, or of an older version without checksums: its vectors "
            "are computed anew"
        )

    @contextlib.contextmanager
    def _explained(self, verb: str) -> Iterator[None]:
        try:
            yield
        except Timeout:
            raise StoreError(f"another program is using {self._folder}; wait for it") from None
        except OSError as error:
            raise StoreError(
                f"{self._folder} cannot {verb}: {error.strerror or error}; {REMEDY}"
            ) from None


def _checksum(key: str, vector: NDArray[np.float32]) -> int:
    """Sum up a vector and its key, so that it never stands for another picture."""
    return zlib.crc32(vector.data, zlib.crc32(bytes.fromhex(key)))


def _write(path: Path, position: int, data: bytes) -> None:
    """Write at a position, over whatever a killed program left half written there."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
        file.seek(position)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


DIGEST_BYTES = 32  # of the SHA-256 at the end of the file
LARGEST = 4_000_000_000  # bytes of a file, as it is and unpacked
DTYPES = (np.float32, np.float64, np.int32, np.int64)  # that scikit-learn takes
UNREADABLE = (OSError, ValueError, TypeError, KeyError, OverflowError)  # of what was not stored so


def cached_vectors(
    path: Path,
    key: str,
    compute: Callable[[], tuple[csr_matrix, list[str]]],
    console: Console = SILENT,
    fits: Callable[[csr_matrix, list[str]], bool] = lambda vectors, vocabulary: True,
) -> tuple[csr_matrix, list[str]]:
    """Read sparse vectors and their vocabulary, if path has them by this key, else make and keep.

    fits: whether compute could have made what is stored. A file that is damaged or does not fit is
    reported and made anew. Raises StoreError if path cannot be written.
    """
    try:
        found = _stored(read_bounded(path, LARGEST), key) if path.is_file() else None
        if found and fits(*found):
            return found
        if found:
            raise ValueError("its vectors are of another shape")
    except UNREADABLE:
        console.say(f"{path} is damaged, or of an older version: it is made anew")
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
    archive.seek(0, io.SEEK_END)
    archive.write(hashlib.sha256(archive.getbuffer()).digest())
    try:
        write_whole(path, archive.getvalue())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}; {REMEDY}") from None
    return matrix, vocabulary


def _stored(data: bytes, key: str) -> tuple[csr_matrix, list[str]] | None:
    """Read what was stored by a key; nothing where it was another. Raises one of UNREADABLE."""
    archive, digest = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.sha256(archive).digest() != digest:
        raise ValueError("the checksum is another")
    kept = NpzArrays(archive, LARGEST)
    if str(kept["key"]) != key:
        return None
    parts = (kept["data"], kept["indices"], kept["indptr"])
    if parts[0].dtype not in DTYPES or not np.isfinite(parts[0]).all():
        raise ValueError("its values are no numbers of ours")
    matrix = csr_matrix(parts, shape=tuple(kept["shape"].tolist()))
    matrix.check_format(full_check=True)
    names = kept["vocabulary"].tobytes().decode(errors="surrogatepass")
    return matrix, names.split("\n")
