"""Folders of pictures with pipes, links to themselves, many levels and invalid names."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.records import Category, Product, Skipped
from product_classifier.sources.files.image_folders import read_labelled_images, read_pictures
from product_classifier.sources.formats import SourceOptions, open_source
from tests.conftest import jpeg


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one picture in it."""
    (tmp_path / "pictures" / "A").mkdir(parents=True)
    (tmp_path / "pictures" / "A" / "1.jpg").write_bytes(jpeg("red"))
    return tmp_path / "pictures"


def read(folder: Path) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Return the ids of products and of categories, and what is skipped with the reasons."""
    entries = list(open_source("folder", SourceOptions(path=folder, images=folder)).entries())
    return (
        [entry.id for entry in entries if isinstance(entry, Product)],
        [entry.id for entry in entries if isinstance(entry, Category)],
        [(entry.item, entry.reason) for entry in entries if isinstance(entry, Skipped)],
    )


def test_entries_that_are_not_regular_files_are_skipped_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "A" / "pipe.jpg")
    (folder / "A" / "device.png").symlink_to("/dev/zero")
    (folder / "A" / "circle.gif").symlink_to(folder / "A" / "circle.gif")
    (folder / "A" / "up").symlink_to(folder)
    (folder / "A" / "up.jpg").symlink_to(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "A" / "s.bmp"))
    products, categories, skipped = read(folder)
    assert (products, categories) == (["A/1.jpg"], ["A"])
    names = ("circle.gif", "device.png", "pipe.jpg", "s.bmp", "up.jpg")
    assert skipped == [(f"pictures A/{name}", "not a regular file") for name in names]


def test_a_tree_of_a_thousand_levels_is_read_down_to_the_fiftieth(folder: Path) -> None:
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(1_100):
        os.mkdir("d", dir_fd=inner)
        below = os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(inner)
        inner = below
    os.close(os.open("2.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=inner))
    os.close(inner)
    products, _, [(_, reason)] = read(folder)
    assert products == ["A/1.jpg"]
    assert reason == "it has folders below level 50, which are not read"
    pictures, [line] = read_pictures(folder)
    assert [picture.address for picture in pictures] == [str(folder / "A" / "1.jpg")]
    assert line.endswith(": it has folders below level 50, which are not read")
    subprocess.run(["rm", "-r", str(folder)], check=True)  # shutil.rmtree gives up


def test_files_and_folders_whose_names_are_not_unicode_are_skipped(folder: Path) -> None:
    below = os.fsencode(folder) + b"/\xff"
    os.mkdir(below)
    for name in (below + b"/2.jpg", os.fsencode(folder) + b"/A/\xfe.jpg"):
        Path(os.fsdecode(name)).write_bytes(jpeg("blue"))
    (folder / "A" / "\x1b[2J\n.jpg").write_bytes(jpeg("blue"))
    products, categories, skipped = read(folder)
    assert products == ["A/\x1b[2J\n.jpg", "A/1.jpg"]
    assert categories == ["A"]
    assert skipped == [
        ("pictures A/?.jpg", "its name is not valid Unicode"),
        ("pictures ?", "its name is not valid Unicode"),
    ]


def test_pictures_to_train_with_that_are_not_files_are_reported(folder: Path) -> None:
    (folder / "B").mkdir()
    os.mkfifo(folder / "B" / "pipe.jpg")
    (folder / "B" / "device.jpg").symlink_to("/dev/zero")
    with pytest.raises(SourceError, match=r"it has 1 \(.*device\.jpg: it is a device, not a file"):
        read_labelled_images(folder)
    (folder / "B" / "2.jpg").write_bytes(jpeg("blue"))
    labelled = read_labelled_images(folder)
    pictures, unreadable = read_pictures(folder)
    assert [image.file for image in labelled.images] == ["A/1.jpg", "B/2.jpg"]
    assert len(pictures) == 2
    assert labelled.label_of == (0, 1)
    for lines in (labelled.unreadable, unreadable):
        assert [Path(line.partition(":")[0]).name for line in lines] == ["device.jpg", "pipe.jpg"]
        assert all("not a" in line for line in lines)
    for file in (folder / "A" / "1.jpg", folder / "B" / "2.jpg"):
        file.unlink()
    with pytest.raises(SourceError, match=r"no pictures \(.*device\.jpg: not a regular file\)"):
        read_pictures(folder)
