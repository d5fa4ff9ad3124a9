"""The images folder: files named by their content, complete or absent."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import secrets
import socket
import stat
import time
from pathlib import Path

from product_classifier.errors import StoreError

HALF_WRITTEN = ".half-written-"  # how the names of such files begin; host and process follow
LONGEST_WRITE = 600.0  # seconds, on another host


class ImageFolder:
    """A folder of pictures, images/ab/ab….jpg; equal pictures are one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, data: bytes, extension: str) -> tuple[str, str]:
        """Store a picture's bytes; returns its path below the folder and its SHA-256.

        Raises StoreError where the folder cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{sha256[:2]}/{sha256}.{extension}"
        try:
            if not _is_there(self.path / name):
                write_whole(self.path / name, data)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}); run it again when it can"
            ) from None
        return name, sha256

    def read(self, file: str | None) -> bytes | None:
        """Read a picture's bytes, or nothing where it is gone."""
        try:
            return (self.path / file).read_bytes() if file else None
        except OSError:
            return None

    def sweep(self) -> None:
        """Remove what a killed crawl left half written; another crawl may be writing now."""
        for part in self.path.glob(f"??/{HALF_WRITTEN}*"):
            with contextlib.suppress(FileNotFoundError):  # the other one has finished it
                if _is_left_over(part):
                    part.unlink()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even after a power cut."""
    part = path.parent / f"{_mark()}{os.getpid()}-{secrets.token_hex(8)}"
    try:
        try:
            _write_synced(part, data)
        except FileNotFoundError:
            _make_folder(path.parent)
            _write_synced(part, data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_names(path.parent)


def _write_synced(path: Path, data: bytes) -> None:
    with open(path, "xb") as file:  # a new file; no link is followed
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    """Make a folder, and those above it, so that their names outlast a power cut."""
    if not folder.parent.is_dir():
        _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_names(folder.parent)


def _sync_names(folder: Path) -> None:
    """Make sure that new names in a folder outlast a power cut."""
    if os.name == "nt":  # Windows neither needs it nor opens folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_there(path: Path) -> bool:
    """Tell whether a path is a file itself, not a link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


@functools.cache
def _mark() -> str:
    """Begin the names of files that are being written on this host."""
    return f"{HALF_WRITTEN}{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]}-"


def _is_left_over(part: Path) -> bool:
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
