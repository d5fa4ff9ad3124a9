"""Files read whole, within a budget of bytes, whatever lies at their path."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_bounded(path: Path, most: int) -> bytes:
    """Read a regular file of at most so many bytes.

    Raises OSError, with a plain strerror, for one that is absent, larger, or a pipe or a device,
    which is not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "It is no regular file", str(path))
        data = b"" if status.st_size > most else file.read(status.st_size + 1)
    if status.st_size > most or len(data) > status.st_size:
        raise OSError(
            errno.EFBIG, f"It is larger than {min(most, status.st_size):,} bytes", str(path)
        )
    return data
