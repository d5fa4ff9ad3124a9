"""Vectors of words kept from run to run, with a checksum; made anew where they are damaged."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from product_classifier.errors import StoreError
from product_classifier.records import Tell, untold
from product_classifier.regular import read_bounded
from product_classifier.store.cache import REMEDY
from product_classifier.store.files import write_whole
from product_classifier.store.npz import NpzArrays

DIGEST_BYTES = 32  # of the SHA-256 at the end of the file
LARGEST = 4_000_000_000  # bytes of a file, as it is and unpacked
DTYPES = (np.float32, np.float64, np.int32, np.int64)  # that scikit-learn takes
UNREADABLE = (OSError, ValueError, TypeError, KeyError, OverflowError)  # of what was not stored so


def cached_vectors(
    path: Path,
    key: str,
    compute: Callable[[], tuple[csr_matrix, list[str]]],
    tell: Tell = untold,
    fits: Callable[[csr_matrix, list[str]], bool] = lambda vectors, vocabulary: True,
) -> tuple[csr_matrix, list[str]]:
    """Read sparse vectors and their vocabulary, if path has them by this key, else make and keep.

    tell: told where the file is damaged, or where its vectors are none that compute could make, as
    fits tells. Raises StoreError where path cannot be written.
    """
    try:
        found = _stored(read_bounded(path, LARGEST), key) if path.is_file() else None
        if found and fits(*found):
            return found
        if found:
            raise ValueError("its vectors are of another shape")
    except UNREADABLE:
        tell(f"{path} is damaged, or of an older version: it is made anew")
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
