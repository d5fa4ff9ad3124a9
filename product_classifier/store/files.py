"""Files that are there whole or not at all, even after a power cut."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import io
import itertools
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

HALF_WRITTEN = ".half-written-"  # how the names of such files begin; host and process follow
LONGEST_WRITE = 600.0  # seconds, on another host


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even after a power cut."""
    appear([(write_part(str(path), data), str(path))])


def write_part(path: str, data: bytes) -> str:
    """Write a file under the name of a half-written one beside it, and tell that name."""
    part = f"{_folder(path)}/{_mark()}{os.getpid()}-{secrets.token_hex(8)}"
    try:
        with _new_file(part) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
    except BaseException:
        _remove(part)
        raise
    return part


def _new_file(path: str) -> io.FileIO:
    """Open a file that must not be there yet, in a folder that may not be; no link is followed."""
    try:
        return io.FileIO(path, "x")
    except FileNotFoundError:
        _make_folder(Path(path).parent)
        return io.FileIO(path, "x")


def appear(written: Sequence[tuple[str, str]]) -> None:
    """Give half-written files their names, once their content is sure to stay."""
    try:
        _sync([part for part, _ in written])
        for part, path in written:
            os.replace(part, path)
    except BaseException:
        for part, _ in written:
            _remove(part)
        raise
    _sync_names({_folder(path) for _, path in written})


def _folder(path: str) -> str:
    return os.path.dirname(path) or os.curdir


def _remove(part: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)


def _make_folder(folder: Path) -> None:
    """Make a folder, and those above it, so that their names outlast a power cut."""
    if not folder.parent.is_dir():
        _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_names([str(folder.parent)])


def _sync_names(folders: Collection[str]) -> None:
    """Make sure that new names in folders outlast a power cut."""
    if os.name != "nt":  # Windows neither needs it nor opens folders
        _sync(folders)


def _sync(paths: Collection[str]) -> None:
    """Make sure that files or folders of one file system outlast a power cut."""
    sync_all = _syncfs() if len(paths) > 1 else None
    for path in itertools.islice(paths, 1 if sync_all else None):
        descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            (sync_all or os.fsync)(descriptor)
        finally:
            os.close(descriptor)


@functools.cache
def _syncfs() -> Callable[[int], None] | None:
    """Find Linux's call that writes all files of a file system at the cost of one."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def syncfs(descriptor: int) -> None:
        if libc.syncfs(descriptor):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    return syncfs


@functools.cache
def _mark() -> str:
    """Begin the names of files that are being written on this host."""
    return f"{HALF_WRITTEN}{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]}-"


def is_left_over(part: Path) -> bool:
    """Tell whether nobody is writing a file any more; of other hosts' files, by their age."""
    process = part.name.removeprefix(_mark()).partition("-")[0]
    if process.isdecimal():
        return int(process) == os.getpid() or not _is_running(int(process))
    return time.time() - part.stat().st_mtime > LONGEST_WRITE


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True
