"""A simulated disk that records every write and returns what is left after a power cut.

SQLite writes through a VFS that wraps the system's by ctypes; pictures are written through `os`.
Synced writes are left in any case. Of the others, each may be left, lost, or left in part: its
first sectors.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from product_classifier.store import files

SECTOR = 512
OK = 0
FULL = sqlite3.SQLITE_FULL


class Write(NamedTuple):
    """A write to a file, which is durable after the next `Sync` of the file."""

    path: str
    offset: int
    data: bytes | None  # None: the file was truncated here

    def apply(self, content: bytearray, chance: random.Random | None = None) -> None:
        """Apply the write to a file's content; with chance, sometimes only its first sectors."""
        if self.data is None:
            del content[self.offset :]
            return
        data = self.data
        if chance and chance.random() < 0.2:
            data = data[: chance.randrange(0, len(data) + 1, SECTOR)]
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(data)] = data


class Sync(NamedTuple):
    """A sync of a file, which makes all earlier writes to it durable."""

    path: str


class Gone(NamedTuple):
    """The removal of a file, and whether it is durable at once."""

    path: str
    durable: bool


class Note(NamedTuple):
    """A value that a test records at a moment."""

    what: Any


class Disk:
    """The recorded operations on a disk, oldest first."""

    def __init__(self) -> None:
        self.record: list[Write | Sync | Gone | Note] = []

    def after_a_cut(self, moment: int, chance: random.Random) -> dict[str, bytes]:
        """Return the files that are left after a power cut; moment: number of entries before it."""
        durable: dict[str, bytearray] = {}
        pending: dict[str, list[Write | Gone]] = {}
        for entry in self.record[:moment]:
            if isinstance(entry, Write):
                pending.setdefault(entry.path, []).append(entry)
            elif isinstance(entry, Sync):
                for change in pending.pop(entry.path, []):
                    _change(durable, change)
                durable.setdefault(entry.path, bytearray())
            elif isinstance(entry, Gone):
                pending.setdefault(entry.path, []).append(entry)
                if entry.durable:
                    pending.pop(entry.path)
                    durable.pop(entry.path, None)
        for changes in pending.values():
            for change in changes:
                done = chance.random() < 0.5
                if done:
                    _change(durable, change, chance)
                elif isinstance(change, Gone):
                    break  # later writes were to a new file of that name
        return {path: bytes(content) for path, content in durable.items()}


def _change(
    files: dict[str, bytearray], change: Write | Gone, chance: random.Random | None = None
) -> None:
    if isinstance(change, Gone):
        files.pop(change.path, None)
    else:
        change.apply(files.setdefault(change.path, bytearray()), chance)


METHODS = """
xClose xRead xWrite xTruncate xSync xFileSize xLock xUnlock xCheckReservedLock
xFileControl xSectorSize xDeviceCharacteristics xShmMap xShmLock xShmBarrier xShmUnmap xFetch
xUnfetch""".split()  # noqa: SIM905
CALLS = """
xOpen xDelete xAccess xFullPathname xDlOpen xDlError xDlSym xDlClose xRandomness xSleep
xCurrentTime xGetLastError xCurrentTimeInt64 xSetSystemCall xGetSystemCall
xNextSystemCall""".split()  # noqa: SIM905


class _Methods(ctypes.Structure):
    _fields_ = [("iVersion", c_int), *((name, c_void_p) for name in METHODS)]


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        *((name, c_void_p) for name in CALLS),
    ]


# names as void pointers: SQLite keeps the pointers, so they must be passed on unchanged
XOPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
XDELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
XCLOSE = CFUNCTYPE(c_int, c_void_p)
XWRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
XTRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
XSYNC = CFUNCTYPE(c_int, c_void_p, c_int)


@contextlib.contextmanager
def recording_sqlite(disk: Disk, room: Callable[[int], bool] = lambda size: True) -> Iterator[None]:
    """Record SQLite's writes; room: returns whether a number of bytes still fits on the disk.

    Skips the test if Python's SQLite is not a shared library.
    """
    try:
        library = ctypes.CDLL(_library())
    except (OSError, StopIteration):
        pytest.skip("Python's SQLite is not a shared library here")
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    real = library.sqlite3_vfs_find(None)
    names: dict[int, str] = {}  # of open files, by their address
    referenced: list[Any] = []  # by pointers in C
    originals: dict[int, _Methods] = {}

    def original(file: int, name: str, kind: Any) -> Any:
        return ctypes.cast(getattr(originals[file], name), kind)

    @XWRITE  # type: ignore[untyped-decorator]
    def write(file: int, data: int, size: int, offset: int) -> int:
        if not room(size):
            return FULL
        disk.record.append(Write(names[file], offset, ctypes.string_at(data, size)))
        return int(original(file, "xWrite", XWRITE)(file, data, size, offset))

    @XTRUNCATE  # type: ignore[untyped-decorator]
    def truncate(file: int, size: int) -> int:
        disk.record.append(Write(names[file], size, None))
        return int(original(file, "xTruncate", XTRUNCATE)(file, size))

    @XSYNC  # type: ignore[untyped-decorator]
    def sync(file: int, flags: int) -> int:
        disk.record.append(Sync(names[file]))
        return int(original(file, "xSync", XSYNC)(file, flags))

    @XCLOSE  # type: ignore[untyped-decorator]
    def close(file: int) -> int:
        result = int(original(file, "xClose", XCLOSE)(file))
        del names[file], originals[file]
        return result

    @XOPEN  # type: ignore[untyped-decorator]
    def open_file(vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        result = int(ctypes.cast(real.contents.xOpen, XOPEN)(real, name, file, flags, out))
        methods = ctypes.cast(file, POINTER(POINTER(_Methods)))
        if result == OK and name and methods[0]:
            originals[file], names[file] = methods[0].contents, ctypes.string_at(name).decode()
            own = _Methods.from_buffer_copy(originals[file])
            for method, function in overridden.items():
                setattr(own, method, ctypes.cast(function, c_void_p))
            referenced.append(own)
            methods[0] = ctypes.pointer(own)
        return result

    @XDELETE  # type: ignore[untyped-decorator]
    def delete(vfs: int, name: bytes, durable: int) -> int:
        disk.record.append(Gone(name.decode(), bool(durable)))
        return int(ctypes.cast(real.contents.xDelete, XDELETE)(real, name, durable))

    overridden = {"xWrite": write, "xTruncate": truncate, "xSync": sync, "xClose": close}
    vfs = _Vfs.from_buffer_copy(real.contents)
    vfs.zName = b"recording"
    vfs.xOpen = ctypes.cast(open_file, c_void_p)
    vfs.xDelete = ctypes.cast(delete, c_void_p)
    library.sqlite3_vfs_register(ctypes.byref(vfs), 1)
    try:
        yield
    finally:
        library.sqlite3_vfs_unregister(ctypes.byref(vfs))
        library.sqlite3_vfs_register(real, 1)


def _library() -> str:
    """Return the path of the shared library of SQLite in this process."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    return next(line.split()[-1] for line in lines if "libsqlite3" in line)


def record_pictures(disk: Disk, monkeypatch: pytest.MonkeyPatch, one_by_one: bool) -> None:
    """Record the writes of pictures, whose content and name are synced one after the other.

    one_by_one: as on a system that cannot sync all files at once.
    """
    written: list[str] = []  # paths
    synced: set[str] = set()  # paths whose content is durable, but not their name
    write_new, fsync, sync_all = files._write_new, os.fsync, files._syncfs()

    def watch_write(path: str, data: bytes) -> None:
        write_new(path, data)
        disk.record.append(Write(path, 0, data))
        written.append(path)

    def watch_sync(descriptor: int) -> None:
        fsync(descriptor)
        place = os.readlink(f"/proc/self/fd/{descriptor}")
        affected = [path for path in written if os.path.realpath(path).startswith(place)]
        if os.path.isdir(place):
            disk.record.extend(Sync(path) for path in synced.intersection(affected))
        else:
            synced.update(affected)

    def watch_sync_all(descriptor: int) -> None:
        assert sync_all
        before = written.copy()
        sync_all(descriptor)
        disk.record.extend(Sync(path) for path in before)

    monkeypatch.setattr(files, "_write_new", watch_write)
    monkeypatch.setattr(os, "fsync", watch_sync)
    watched = None if one_by_one or not sync_all else watch_sync_all
    monkeypatch.setattr(files, "_syncfs", lambda: watched)
