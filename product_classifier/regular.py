"""Regular files, read within a budget of bytes.

Reading a pipe or a device could block the program, so only regular files are opened.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

FILE_TYPES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: Path | str) -> BufferedReader:
    """Open a regular file for reading bytes, without blocking.

    Raises OSError if the file cannot be opened or is not a regular file; then strerror names its
    type.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            file_type = next((name for test, name in FILE_TYPES if test(mode)), "something else")
            reason = f"it is {file_type}, not a file; save its contents as a file first"
            raise OSError(errno.EINVAL, reason, str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bounded(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file.

    Raises OSError as `open_regular` does, and if the file has more than `most` bytes.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > most else file.read(size + 1)
    if size > most or len(data) > size:
        raise OSError(errno.EFBIG, f"it is larger than {min(most, size):,} bytes", str(path))
    return data
