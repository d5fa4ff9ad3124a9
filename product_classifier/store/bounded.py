"""Files that are read whatever lies at their path: regular ones alone, within a budget of bytes."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file to read its bytes.

    Raises OSError, with a plain strerror, for one that is absent, and for a folder, a pipe or a
    device, which is not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "It is no regular file", str(path))


def read_bounded(path: Path, most: int) -> bytes:
    """Read a regular file of at most so many bytes; raises OSError as open_regular does."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > most else file.read(size + 1)
    if size > most or len(data) > size:
        raise OSError(errno.EFBIG, f"It is larger than {min(most, size):,} bytes", str(path))
    return data
