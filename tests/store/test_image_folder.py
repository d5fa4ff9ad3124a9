"""The images folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from product_classifier.errors import StoreError
from product_classifier.store.files import HALF_WRITTEN, LONGEST_WRITE, write_whole
from product_classifier.store.image_folder import ImageFolder


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_incomplete_files_of_killed_crawls_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda source, target: names.append(Path(source)))
        (tmp_path / "ab").mkdir()
        write_whole(tmp_path / "ab" / "a.jpg", b"whole")
    [half_written] = names
    place, own = half_written.parent, f"-{os.getpid()}-"
    left = place / half_written.name.replace(own, f"-{ended_process()}-")
    being_written = place / half_written.name.replace(own, f"-{os.getppid()}-")
    elsewhere, long_ago = place / f"{HALF_WRITTEN}0-1-x", place / f"{HALF_WRITTEN}0-1-y"
    foreign = place / ".DS_Store"
    for file in (half_written, left, being_written, elsewhere, long_ago, foreign):
        file.touch()
    past = time.time() - LONGEST_WRITE - 60
    for file in (long_ago, foreign):
        os.utime(file, (past, past))
    ImageFolder(tmp_path).sweep()
    assert sorted(file for file in place.iterdir() if file.suffix != ".jpg") == sorted(
        [being_written, elsewhere, foreign]
    )


def test_equal_pictures_are_one_file(tmp_path: Path) -> None:
    folder = ImageFolder(tmp_path)
    names = [folder.put(data, "jpg")[0] for data in (b"a", b"b", b"a")]
    folder.keep()
    assert [(tmp_path / name).read_bytes() for name in names] == [b"a", b"b", b"a"]
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 2


def test_files_that_could_not_be_flushed_are_flushed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ImageFolder(tmp_path)
    name, _ = folder.put(b"picture", "jpg")
    (tmp_path / name).rename(tmp_path / "aside")
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be written"):
            folder.keep()
    (tmp_path / "aside").rename(tmp_path / name)
    folder.keep()
    folder.keep()


def test_a_truncated_picture_of_a_killed_crawl_is_replaced(tmp_path: Path) -> None:
    folder = ImageFolder(tmp_path)
    name, _ = folder.put(b"picture", "jpg")
    (tmp_path / name).write_bytes(b"pict")
    assert folder.put(b"picture", "jpg")[0] == name
    assert folder.read(name) == b"picture"


def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    folder = ImageFolder(tmp_path / "images")
    name, _ = folder.put(b"picture", "jpg")
    folder.keep()
    (folder.path / name).unlink()
    (folder.path / name).symlink_to(outside)
    assert folder.put(b"picture", "jpg")[0] == name
    folder.keep()
    assert not (folder.path / name).is_symlink()
    assert folder.read(name) == b"picture"
    assert outside.read_bytes() == b"precious"


def test_a_pipe_a_device_or_a_huge_file_is_not_read_as_a_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10**12)
    assert [ImageFolder(tmp_path).read(name) for name in ("pipe", "zero", "huge")] == [None] * 3
