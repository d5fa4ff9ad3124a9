"""Regular files, within a budget of bytes: a pipe or a device would hold a program up."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: Path | str) -> BufferedReader:
    """Open a file for reading bytes, without waiting for anybody.

    Raises OSError, also for what is no regular file: strerror says what it is.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            what = next((name for test, name in KINDS if test(mode)), "something else")
            reason = f"it is {what} and no file; save what it holds as a file first"
            raise OSError(errno.EINVAL, reason, str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bounded(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file; raises OSError as open_regular does, and over `most`."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > most else file.read(size + 1)
    if size > most or len(data) > size:
        raise OSError(errno.EFBIG, f"it is larger than {min(most, size):,} bytes", str(path))
    return data
