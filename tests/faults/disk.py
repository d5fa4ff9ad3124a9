"""A disk that can lose power: it records every write, and tells what would be left after a cut.

SQLite writes through a VFS of its own here, put around the system's by ctypes; pictures through
`os`. What has been synced is left for sure; of the rest, each write may be there or not, or only
its first sectors.
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
    """Something that happened to a file; what it takes until it is sure, `Sync` tells."""

    path: str
    offset: int
    data: bytes | None  # None: cut off here

    def apply(self, content: bytearray, chance: random.Random | None = None) -> None:
        """Change a content; with chance, perhaps only its first sectors."""
        if self.data is None:
            del content[self.offset :]
            return
        data = self.data
        if chance and chance.random() < 0.2:
            data = data[: chance.randrange(0, len(data) + 1, SECTOR)]
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(data)] = data


class Sync(NamedTuple):
    """All that happened to a file before is sure from here on."""

    path: str


class Gone(NamedTuple):
    """A file was removed; whether that is sure at once."""

    path: str
    sure: bool


class Note(NamedTuple):
    """Something the test wants to remember of this moment."""

    what: Any


class Disk:
    """The record of a disk, oldest first."""

    def __init__(self) -> None:
        self.record: list[Write | Sync | Gone | Note] = []

    def after_a_cut(self, moment: int, chance: random.Random) -> dict[str, bytes]:
        """What is on the disk when power goes after so many entries of the record."""
        sure: dict[str, bytearray] = {}
        doubtful: dict[str, list[Write | Gone]] = {}
        for entry in self.record[:moment]:
            if isinstance(entry, Write):
                doubtful.setdefault(entry.path, []).append(entry)
            elif isinstance(entry, Sync):
                for change in doubtful.pop(entry.path, []):
                    _change(sure, change)
                sure.setdefault(entry.path, bytearray())
            elif isinstance(entry, Gone):
                doubtful.setdefault(entry.path, []).append(entry)
                if entry.sure:
                    doubtful.pop(entry.path)
                    sure.pop(entry.path, None)
        for changes in doubtful.values():
            for change in changes:
                done = chance.random() < 0.5
                if done:
                    _change(sure, change, chance)
                elif isinstance(change, Gone):
                    break  # what comes then was written to another file of that name
        return {path: bytes(content) for path, content in sure.items()}


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


# names as void pointers: SQLite keeps them, so that they must be passed on as they came
XOPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
XDELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
XCLOSE = CFUNCTYPE(c_int, c_void_p)
XWRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
XTRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
XSYNC = CFUNCTYPE(c_int, c_void_p, c_int)


@contextlib.contextmanager
def recording_sqlite(disk: Disk, room: Callable[[int], bool] = lambda size: True) -> Iterator[None]:
    """Record what SQLite does to files; room: whether so many bytes more may be written.

    Skips where Python's SQLite cannot be reached from outside.
    """
    try:
        library = ctypes.CDLL(_library())
    except (OSError, StopIteration):
        pytest.skip("Python's SQLite is no library of its own here")
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    real = library.sqlite3_vfs_find(None)
    names: dict[int, str] = {}  # of open files, by their address
    kept: list[Any] = []  # what C points to
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
            kept.append(own)
            methods[0] = ctypes.pointer(own)
        return result

    @XDELETE  # type: ignore[untyped-decorator]
    def delete(vfs: int, name: bytes, sure: int) -> int:
        disk.record.append(Gone(name.decode(), bool(sure)))
        return int(ctypes.cast(real.contents.xDelete, XDELETE)(real, name, sure))

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
    """Find the library that this process has loaded SQLite from."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    return next(line.split()[-1] for line in lines if "libsqlite3" in line)


def record_pictures(disk: Disk, monkeypatch: pytest.MonkeyPatch, one_by_one: bool) -> None:
    """Record how pictures are written: their content is sure from its sync on, their name from the
    sync of the folder on.

    one_by_one: as on a system that cannot sync all files at once.
    """
    written: list[str] = []  # and not sure
    synced: set[str] = set()  # but not their names
    write_new, fsync, sync_all = files._write_new, os.fsync, files._syncfs()

    def watch_write(path: str, data: bytes) -> None:
        write_new(path, data)
        disk.record.append(Write(path, 0, data))
        written.append(path)

    def watch_sync(descriptor: int) -> None:
        fsync(descriptor)
        place = os.readlink(f"/proc/self/fd/{descriptor}")
        found = [path for path in written if os.path.realpath(path).startswith(place)]
        if os.path.isdir(place):
            disk.record.extend(Sync(path) for path in synced.intersection(found))
        else:
            synced.update(found)

    def watch_sync_all(descriptor: int) -> None:
        assert sync_all
        before = written.copy()
        sync_all(descriptor)
        disk.record.extend(Sync(path) for path in before)

    monkeypatch.setattr(files, "_write_new", watch_write)
    monkeypatch.setattr(os, "fsync", watch_sync)
    watched = None if one_by_one or not sync_all else watch_sync_all
    monkeypatch.setattr(files, "_syncfs", lambda: watched)
