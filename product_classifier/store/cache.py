"""Caches of features: bottlenecks of pictures, and word vectors.

Deleting a cache costs time, but changes no figure. Bottlenecks are appended to one file, and their
keys (the SHA-256 of a picture's bytes) to another one afterwards; both are flushed to disk, so that
a cache whose writer is killed has complete vectors only. No vector is overwritten, since other
programs may be reading it. Each vector has a checksum of its key and values: a damaged vector is
detected when it is read, and computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
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
from product_classifier.store.npz import NpzArrays, npz_bytes

FORMAT = b"keys of vectors with checksums, format 2\n"  # at the start of their file
RECORD = struct.Struct("<32sQI")  # SHA-256 of a picture, row of its vector, checksum of both
ATTEMPTS = 3  # to append to a cache that other programs delete
LONGEST_NOTE = 10_000  # characters
REMEDY = "check the disk and its permissions, or pass another --cache-path"
DIGEST_BYTES = 32  # of the SHA-256 at the end of a file of word vectors
LARGEST = 4_000_000_000  # bytes of word vectors, as a file and unpacked
DTYPES = (np.float32, np.float64, np.int32, np.int64)  # of word vectors; scikit-learn accepts them
UNREADABLE = (OSError, ValueError, TypeError, KeyError, OverflowError)  # from damaged word vectors


class BottleneckCache:
    """The vectors of one network: folder/vectors.f32, and their keys: folder/keys.sha256.

    network: a line that identifies the network, stored in folder/network.txt. console: gets a
    message about damaged vectors.
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
        """Return whether there is an undamaged vector for a key."""
        if sha256 in self._checked:
            return True
        if sha256 not in self._places:
            return False
        row, checksum = self._places[sha256]
        if row < len(self._map):
            vector = self._map[row]
            if _checksum(sha256, vector) == checksum and np.isfinite(vector).all():
                self._checked.add(sha256)
                return True
            self._damaged += 1
        del self._places[sha256]
        return False

    def __len__(self) -> int:
        return len(self._places)

    def append(self, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Append vectors, float32 [n, width], for n keys; keys that are present are skipped.

        Raises StoreError if another program holds the cache for ten minutes, or the disk is full.
        """
        with self._explained("grow"):
            for attempts_left in reversed(range(ATTEMPTS)):
                try:
                    self._prepare()
                    with self._lock.acquire(timeout=600):
                        self._add(sha256s, vectors)
                    return
                except FileNotFoundError:  # another program has deleted the cache
                    if not attempts_left:
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
        """Return all vectors as a read-only memory map, [n, width]; `rows` names valid ones."""
        return self._map

    def rows(self, sha256s: Iterable[str | None]) -> NDArray[np.int64]:
        """Return the row of each picture's vector, [pictures]; -1 if there is none."""
        return np.array(
            [self._places[key][0] if key and key in self else -1 for key in sha256s], dtype=np.int64
        )

    def report_damage(self) -> None:
        """Write how many damaged vectors were detected since the last call."""
        if self._damaged:
            self._console.say(
                f"{self._vectors}: {self._damaged:,} damaged vectors, found by their checksums, "
                "were computed again; check the disk"
            )
        self._damaged = 0

    def _forget(self) -> None:
        self._map = self._none
        self._mapped = (0, 0)  # device and inode of the mapped file
        self._end = 0  # bytes of the key file that have been read
        self._places: dict[str, tuple[int, int]] = {}  # row, checksum
        self._checked: set[str] = set()  # keys whose vectors match their checksums

    def _prepare(self) -> None:
        """Create the folder; raise StoreError if it belongs to another network."""
        note = self._folder / "network.txt"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not note.exists():
            write_whole(note, f"{self._network}\n".encode())
        for path in (note, self._vectors, self._keys):
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise StoreError(f"{path} is not a file; remove it, or pass another --cache-path")
        with note.open(encoding="utf-8", errors="replace") as file:
            if (network := file.read(LONGEST_NOTE).strip()) != self._network:
                raise StoreError(
                    f"{self._folder} holds bottlenecks of another network "
                    f"({network}, not {self._network}); remove it"
                )

    def _read(self) -> None:
        """Read keys that were added since the last call, and map their vectors."""
        data = self._new_keys()
        if self._remap():
            data = self._new_keys()
        if not self._end and data:
            if not data.startswith(FORMAT):
                self._start_again()
                return
            self._end = len(FORMAT)
            data = data[len(FORMAT) :]
        whole = len(data) - len(data) % RECORD.size
        for key, row, checksum in RECORD.iter_unpack(data[:whole]):
            self._places[key.hex()] = row, checksum
            self._checked.discard(key.hex())
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
        """Map the vectors, and return whether the file is another one than before."""
        if not self._vectors.exists():
            self._map = self._none
            return False
        with self._vectors.open("rb") as file:
            status = os.fstat(file.fileno())
            rows = status.st_size // (4 * self._none.shape[1])
            mapped = status.st_dev, status.st_ino
            other = mapped != self._mapped or rows < len(self._map)
            if other:
                self._forget()
            if rows > len(self._map):
                self._map = np.memmap(file, "<f4", "r", shape=(rows, self._none.shape[1]))
            self._mapped = mapped
            return other

    def _start_again(self) -> None:
        """Delete vectors without checksums; programs that have mapped them can still read them."""
        with self._lock.acquire(timeout=600):
            with self._keys.open("rb") as file:
                if file.read(len(FORMAT)) == FORMAT:  # another program has started again
                    return
            self._keys.unlink()
            self._vectors.unlink(missing_ok=True)
        self._forget()
        self._console.say(
            f"{self._vectors} is damaged, or of an older version without checksums: its vectors "
            "are computed again"
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
    """Return the CRC-32 of a key and its vector, so that a vector cannot get another key."""
    return zlib.crc32(vector.data, zlib.crc32(bytes.fromhex(key)))


def _write(path: Path, position: int, data: bytes) -> None:
    """Write at a position, over the incomplete bytes of a killed program, and flush to disk."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
        file.seek(position)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def cached_vectors(
    path: Path,
    key: str,
    compute: Callable[[], tuple[csr_matrix, list[str]]],
    console: Console = SILENT,
    fits: Callable[[csr_matrix, list[str]], bool] = lambda vectors, vocabulary: True,
) -> tuple[csr_matrix, list[str]]:
    """Return sparse vectors and their vocabulary: from a file, or computed and then stored in it.

    key: of the texts and settings; a file with another key is replaced. fits: returns whether
    compute could have made the stored vectors. A file that is damaged or does not fit is reported,
    and its vectors are computed again. Raises StoreError if the file cannot be written.
    """
    try:
        vectors = _stored(read_bounded(path, LARGEST), key) if path.is_file() else None
        if vectors and fits(*vectors):
            return vectors
        if vectors:
            raise ValueError("its vectors are of another shape")
    except UNREADABLE:
        console.say(f"{path} is damaged, or of an older version: it is computed again")
    matrix, vocabulary = compute()
    names = "\n".join(vocabulary).encode(errors="surrogatepass")
    data = npz_bytes(
        {
            "key": np.array(key),
            "data": matrix.data,
            "indices": matrix.indices,
            "indptr": matrix.indptr,
            "shape": np.array(matrix.shape),
            "vocabulary": np.frombuffer(names, np.uint8),
        }
    )
    try:
        write_whole(path, data + hashlib.sha256(data).digest())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}; {REMEDY}") from None
    return matrix, vocabulary


def _stored(data: bytes, key: str) -> tuple[csr_matrix, list[str]] | None:
    """Return the vectors in a file's bytes; None for another key. Raises one of UNREADABLE."""
    content, digest = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("the checksum does not match")
    arrays = NpzArrays(content, LARGEST)
    if str(arrays["key"]) != key:
        return None
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    if parts[0].dtype not in DTYPES or not np.isfinite(parts[0]).all():
        raise ValueError("its values are not finite numbers of a known type")
    matrix = csr_matrix(parts, shape=tuple(arrays["shape"].tolist()))
    matrix.check_format(full_check=True)
    names = arrays["vocabulary"].tobytes().decode(errors="surrogatepass")
    return matrix, names.split("\n")
