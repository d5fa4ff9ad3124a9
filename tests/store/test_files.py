"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from product_classifier.store import files
from product_classifier.store.files import appear, write_part, write_whole


def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "a.jpg", b"data")
    assert list(tmp_path.iterdir()) == []


def test_of_many_files_none_appears_where_one_cannot_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [(write_part(path, b"data"), path) for path in (f"{tmp_path}/a", f"{tmp_path}/b")]
    monkeypatch.setattr(files, "_syncfs", lambda: lambda descriptor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        appear(written)
    assert list(tmp_path.iterdir()) == []


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
