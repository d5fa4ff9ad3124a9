"""Files read whole, within a budget."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from product_classifier.store.bounded import read_bounded


def test_a_file_within_the_budget_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"


def test_a_larger_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(OSError, match="larger than 5 bytes"):
        read_bounded(path, 5)


def test_pipes_devices_and_folders_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="no regular file"):
            read_bounded(path, 5)
    with pytest.raises(IsADirectoryError):
        read_bounded(tmp_path, 5)


def test_what_grows_without_a_size_is_refused() -> None:
    with pytest.raises(OSError, match="larger than 0 bytes"):
        read_bounded(Path("/proc/self/maps"), 5)
