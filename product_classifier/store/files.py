"""Files that are there whole or not at all, even after a power cut."""

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

HALF_WRITTEN = ".half-written-"  # how the names of such files begin; host and process follow
LONGEST_WRITE = 600.0  # seconds, on another host


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even after a power cut."""
    with replacing(path) as part:
        _write_new(str(part), data)


@contextlib.contextmanager
def replacing(path: Path, lasting: bool = True) -> Iterator[Path]:
    """Let a file be written beside a path, and put it there at the end, or nothing.

    What killed programs have left half written in the same folder is removed. lasting: even after a
    power cut. Raises OSError where a device has that name, such as /dev/null: it would be gone.
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
    """Raise OSError where a device has a name, and no link to it."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        mode = os.lstat(name).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise OSError(errno.EINVAL, "it is a device and no file", name)


def _sweep(folder: Path) -> None:
    """Remove what nobody is writing any more; this program's other threads may be."""
    own = f"{_mark()}{os.getpid()}-"
    with contextlib.suppress(OSError):
        for part in folder.glob(f"{HALF_WRITTEN}*"):
            if not part.name.startswith(own) and is_left_over(part):
                part.unlink(missing_ok=True)


def write_named(path: str, data: bytes) -> None:
    """Write a file whose name says what is in it, at half the cost of `write_whole`.

    It may be there already; only `sync_files` makes sure that it stays whole after a power cut.
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
    """Tell whether a path is a file itself, not a link to one, and holds just that."""
    file = Path(path)
    return file.is_file() and not file.is_symlink() and file.read_bytes() == data


def _new_file(path: str) -> io.FileIO:
    """Open a file that must not be there yet, in a folder that may not be; no link is followed."""
    try:
        return io.FileIO(path, "x")
    except FileNotFoundError:
        _make_folder(Path(path).parent)
        return io.FileIO(path, "x")


def sync_files(paths: Sequence[str]) -> None:
    """Make sure that files and their names outlast a power cut."""
    _sync(paths)
    if len(paths) == 1 or not _syncfs():  # which has seen to the names, too
        _sync_names({_folder(path) for path in paths})


def _folder(path: str) -> str:
    return os.path.dirname(path) or os.curdir


def _remove(part: str) -> None:
    with contextlib.suppress(OSError):  # why it could not be written is the cause to tell
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
