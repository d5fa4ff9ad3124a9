"""Files that are complete or absent."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from product_classifier.store import files
from product_classifier.store.files import sync_files, write_named, write_whole

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def test_a_file_is_complete_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "a.jpg", b"data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [b"da", b"tada", b"data and more", None])
def test_other_content_under_the_name_of_a_file_is_replaced(
    tmp_path: Path, left: bytes | None
) -> None:
    file, outside = tmp_path / "a", tmp_path / "outside"
    if left is None:
        file.symlink_to(outside)
        outside.write_bytes(b"data")
    else:
        file.write_bytes(left)
    write_named(str(file), b"data")
    assert file.read_bytes() == b"data"
    assert not file.is_symlink()
    number = file.stat().st_ino
    write_named(str(file), b"data")
    assert file.stat().st_ino == number


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.stat(os.devnull).st_rdev)
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(OSError, match="it is a device, not a file"):
        write_whole(device, b"data")
    assert device.is_char_device()
    assert list(tmp_path.iterdir()) == [device]


def test_a_file_that_cannot_be_written_completely_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, data: ReadableBuffer) -> int:
            if len(memoryview(data)) < 4:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(memoryview(data)[:1])

    monkeypatch.setattr(io, "FileIO", Full)
    for write in (write_named, lambda path, data: write_whole(Path(path), data)):
        with pytest.raises(OSError, match="No space left"):
            write(f"{tmp_path}/a", b"data")
        assert list(tmp_path.iterdir()) == []


def test_many_files_are_synced_with_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [f"{tmp_path}/a", f"{tmp_path}/b"]
    for path in paths:
        write_named(path, b"data")
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    monkeypatch.setattr(files, "_syncfs", lambda: None)
    sync_files(paths)
    assert synced == [Path(path).stat().st_ino for path in (*paths, str(tmp_path))]
    monkeypatch.setattr(files, "_syncfs", lambda: lambda descriptor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sync_files(paths)


def test_a_file_system_that_cannot_be_written_is_an_error() -> None:
    sync_all = files._syncfs()
    if not sync_all:
        pytest.skip("only Linux has syncfs")
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync_all(-1)


def test_a_name_without_a_folder_is_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole(Path("a.txt"), b"data")
    assert (tmp_path / "a.txt").read_bytes() == b"data"
