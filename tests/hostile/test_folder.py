"""Hostile folders of pictures: pipes, devices, loops, many levels, odd names, no permission."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from product_classifier.sources.files.image_folders import read_labelled_images, read_pictures
from tests.conftest import jpeg
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.imports import import_file
from tests.hostile.mutations import TEXTS

pytestmark = pytest.mark.slow
NAMES = (
    b"a",
    b"B",
    b"\xff",
    b"\xed\xa0\x80",
    b"\x1b[2J",
    b"..a",
    b"-rf",
    b" ",
    b"%2F",
    b"\n",
    b"x" * 240,
)
LINKS = ("/dev/zero", "/dev/stdin", "/etc/passwd", ".", "..", "nowhere", "a.jpg", "/proc/self/mem")


def plain_folder(folder: Path) -> None:
    (folder / "tree" / "A").mkdir(parents=True)
    (folder / "tree" / "A" / "1.jpg").write_bytes(jpeg("red", (8, 8)))
    import_file(folder / "tree", "folder")


def hostile_folder(chance: random.Random, folder: Path) -> Path:
    root = os.fsencode(folder / "tree")
    os.mkdir(root)
    places = [root]
    for _ in range(chance.choice([1, 3, 20])):
        place = chance.choice(places) + b"/" + chance.choice(NAMES)
        if len(place) < 3_000 and not os.path.lexists(place):
            os.mkdir(place)
            places.append(place)
    for number in range(chance.choice([0, 3, 30])):
        _put(chance, chance.choice(places), b"%d" % number)
    if chance.random() < 0.05:
        _put_deep(root, chance.choice([49, 60, 200]))
    if chance.random() < 0.1:
        os.chmod(chance.choice(places), 0)
    return folder / "tree"


def _put(chance: random.Random, place: bytes, name: bytes) -> None:
    """Write a picture, or something else with a picture's name."""
    name = name + chance.choice([b"", b"\xff", b"\x1b", b"\r\n", b"\xe2\x80\xae"])
    path = place + b"/" + name + chance.choice([b".jpg", b".JPG", b".png", b".gif", b".txt"])
    kind = chance.randrange(8)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        os.symlink(chance.choice(LINKS), path)
    elif kind == 2:
        os.symlink(os.path.basename(path), path)
    elif kind == 3:
        os.mkdir(path)
    elif kind == 4:
        text = chance.choice(TEXTS).replace("/", "").replace("\0", "")
        path = place + b"/" + text.encode(errors="surrogatepass")[:200] + b".jpg"
        Path(os.fsdecode(path)).write_bytes(b"")
    else:
        Path(os.fsdecode(path)).write_bytes(jpeg("red", (8, 8)))


def _put_deep(root: bytes, levels: int) -> None:
    inner = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=inner)
        below = os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(inner)
        inner = below
    os.close(os.open("1.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=inner))
    os.close(inner)


def read_folder(folder: Path) -> None:
    import_file(folder, "folder")


def read_for_training(folder: Path) -> None:
    try:
        read_pictures(folder)
    finally:
        read_labelled_images(folder)


@pytest.mark.parametrize("read", [read_folder, read_for_training])
def test_folders_are_read_or_refused_in_one_line(read: object, tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_folder, read=read, warm_up=plain_folder),  # type: ignore[arg-type]
        tmp_path,
        short=100,
        long=5_000,
    )
    assert outcomes[READ]
    assert outcomes[REFUSED]
