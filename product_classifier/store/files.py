"""Writing of files that are complete or absent, even after a power cut."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import hashlib
import io
import itertools
import os
import secrets
import socket
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

HALF_WRITTEN = ".half-written-"  # prefix of incomplete files; a hash of host and process follow
LONGEST_WRITE = 600.0  # seconds after which a writer on another host is presumed dead


def write_whole(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, even if a power cut interrupts it."""
    with replacing(path) as part:
        _write_new(str(part), data)


@contextlib.contextmanager
def replacing(path: Path, lasting: bool = True) -> Iterator[Path]:
    """Yield the path of a temporary file, which replaces the file at path if the block succeeds.

    Incomplete files of killed programs in the same folder are deleted. lasting: whether the file
    has to survive a power cut. Raises OSError if path is a device such as /dev/null, which would be
    replaced.
    """
    name = str(path)
    _insist_on_no_device(name)
    _sweep(Path(_folder(name)))
    part = f"{_folder(name)}/{_mark()}{os.getpid()}-{secrets.token_hex(8)}"
    try:
        yield Path(part)
        if lasting:
            _sync([part])
        os.replace(part, name)
    except BaseException:
        _remove(part)
        raise
    if lasting:
        _sync_names([_folder(name)])


def _insist_on_no_device(name: str) -> None:
    """Raise OSError if a name is a device itself; a link to a device may be replaced."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        mode = os.lstat(name).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise OSError(errno.EINVAL, "it is a device, not a file", name)


def _sweep(folder: Path) -> None:
    """Delete incomplete files of dead processes; other threads of this one may be writing."""
    own = f"{_mark()}{os.getpid()}-"
    with contextlib.suppress(OSError):
        for part in folder.glob(f"{HALF_WRITTEN}*"):
            if not part.name.startswith(own) and is_left_over(part):
                part.unlink(missing_ok=True)


def write_named(path: str, data: bytes) -> None:
    """Write a file named by the hash of its content, at half the cost of `write_whole`.

    The file may exist already. It survives a power cut only after `sync_files`.
    """
    try:
        _write_new(path, data)
    except FileExistsError:
        if not _holds(path, data):
            write_whole(Path(path), data)


def _write_new(path: str, data: bytes) -> None:
    with _new_file(path) as file:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
        except BaseException:
            _remove(path)
            raise


def _holds(path: str, data: bytes) -> bool:
    """Return whether a path is a regular file, not a link, with exactly this content."""
    file = Path(path)
    return file.is_file() and not file.is_symlink() and file.read_bytes() == data


def _new_file(path: str) -> io.FileIO:
    """Create and open a new file, and its folder if needed; no link is followed."""
    try:
        return io.FileIO(path, "x")
    except FileNotFoundError:
        _make_folder(Path(path).parent)
        return io.FileIO(path, "x")


def sync_files(paths: Sequence[str]) -> None:
    """Flush files and their names to disk, so that they survive a power cut."""
    _sync(paths)
    if len(paths) == 1 or not _syncfs():  # syncfs has flushed the names, too
        _sync_names({_folder(path) for path in paths})


def _folder(path: str) -> str:
    return os.path.dirname(path) or os.curdir


def _remove(part: str) -> None:
    with contextlib.suppress(OSError):  # the error of the write itself is reported
        os.unlink(part)


def _make_folder(folder: Path) -> None:
    """Create a folder and its parents, so that their names survive a power cut."""
    if not folder.parent.is_dir():
        _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_names([str(folder.parent)])


def _sync_names(folders: Collection[str]) -> None:
    """Flush the names of new files in folders to disk."""
    if os.name != "nt":  # on Windows that is neither needed nor possible
        _sync(folders)


def _sync(paths: Collection[str]) -> None:
    """Flush files or folders of one file system to disk."""
    sync_all = _syncfs() if len(paths) > 1 else None
    for path in itertools.islice(paths, 1 if sync_all else None):
        descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            (sync_all or os.fsync)(descriptor)
        finally:
            os.close(descriptor)


@functools.cache
def _syncfs() -> Callable[[int], None] | None:
    """Return Linux's syncfs, which flushes a whole file system at the cost of a file; else None."""
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
    """Return the prefix of incomplete files that this host writes."""
    return f"{HALF_WRITTEN}{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]}-"


def is_left_over(part: Path) -> bool:
    """Return whether a file's writer is dead; of other hosts, judged by the file's age."""
    process = part.name.removeprefix(_mark()).partition("-")[0]
    if process.isdecimal():
        return int(process) == os.getpid() or not _is_running(int(process))
    return time.time() - part.stat().st_mtime > LONGEST_WRITE


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        pass
    return True
