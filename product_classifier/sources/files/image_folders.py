"""A folder of folders of pictures, each named as the label of what it holds → labelled images."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from product_classifier.errors import SourceError, UnusableError
from product_classifier.records import Entry, Image, Product, Skipped
from product_classifier.regular import open_regular
from product_classifier.sources.files.category_tree import CategoryTree

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"})
DEEPEST = 50  # levels of folders
CHUNK = 1_000_000  # bytes


@dataclass(frozen=True)
class LabelledImages:
    """Pictures below a folder, in the order of their paths; label k stands for labels[k]."""

    labels: tuple[str, ...]
    images: tuple[Image, ...]
    label_of: tuple[int, ...]  # [images]
    unreadable: tuple[str, ...] = ()  # what has a picture's name and is no file, with the reason


def read_labelled_images(folder: Path) -> LabelledImages:
    """Find and hash the pictures in the folders directly below folder.

    A label is a folder's name in lower case, with anything but letters and digits as one space.
    Raises SourceError for fewer than two labels, and for two folders with the same one.
    """
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}; pass --image_dir")
    found: dict[str, list[Image]] = {}
    unreadable: list[str] = []
    try:
        for below in sorted(path for path in folder.iterdir() if path.is_dir()):
            files = [path for path in sorted(below.iterdir()) if path.suffix.lower() in EXTENSIONS]
            label = re.sub(r"[\W_]+", " ", below.name.lower()).strip()
            if label in found:
                raise SourceError(f"two folders of {folder} mean the label {label!r}; rename one")
            if images := _hashed(files, folder, unreadable):
                found[label] = images
        if len(found) < 2:
            raise SourceError(
                f"{folder} needs at least two folders with pictures in them, one for each label; "
                f"it has {len(found)}{_and_why(unreadable)}"
            )
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}") from None
    label_of = [k for k, images in enumerate(found.values()) for _ in images]
    every = tuple(chain.from_iterable(found.values()))
    return LabelledImages(tuple(found), every, tuple(label_of), tuple(unreadable))


def read_pictures(folder: Path) -> tuple[list[Image], list[str]]:
    """Find and hash all pictures below a folder, in the order of their paths; `file` is whole.

    Returns what could not be read, too, each with the reason. Raises SourceError where there is no
    such folder, or not one picture in it.
    """
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}; pass --image_dir")

    unreadable: list[str] = []
    found = walk_pictures(
        str(folder), lambda place, reason: unreadable.append(f"{place}: {reason}")
    )
    files = sorted(Path(place, name) for place, names in found for name in names)
    images = _hashed(files, None, unreadable)
    if not images:
        raise SourceError(
            f"{folder} has no pictures{_and_why(unreadable)}; pass another --image_dir"
        )
    return images, unreadable


def _and_why(unreadable: Sequence[str]) -> str:
    return f" ({unreadable[0]})" if unreadable else ""


def _hashed(files: Iterable[Path], folder: Path | None, unreadable: list[str]) -> list[Image]:
    """Hash pictures, named by their paths below a folder, or by whole ones.

    unreadable: told of those that cannot be read, and why.
    """
    images = []
    for file in files:
        name = file.relative_to(folder).as_posix() if folder else str(file.absolute())
        try:
            images.append(Image(address=str(file), file=name, sha256=_sha256(file)))
        except OSError as error:
            unreadable.append(f"{file}: {error.strerror}")
    return images


def walk_pictures(root: str, refuse: Callable[[str, str], None]) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder from root on, in the order of their names, with the names of its pictures.

    No link to a folder is followed. refuse: is told the path of what is no file, cannot be read or
    lies too deep, and the reason.
    """
    folders = [(root, 0)]
    while folders:
        place, depth = folders.pop()
        below, pictures = [], []
        try:
            with os.scandir(place) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            refuse(place, str(error.strerror))
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                below.append((entry.path, depth + 1))
            elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
                if _is_regular(entry):
                    pictures.append(entry.name)
                else:
                    refuse(entry.path, "it is no file")
        yield place, pictures
        if depth < DEEPEST:
            folders += reversed(below)
        elif below:
            refuse(place, f"it has folders below level {DEEPEST}, which are not read")


def _is_regular(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a file, or a link to one."""
    try:
        return entry.is_file()
    except OSError:  # of a link that leads in circles
        return False


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(file) as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_nested_folders(folder: Path) -> Iterator[Entry]:
    """Read all pictures below a folder, each a product whose id is its path; it has no text.

    Raises SourceError where there is no picture in any folder below it.
    """
    branches, count = CategoryTree(), 0
    root = str(folder.resolve())
    refused: list[tuple[str, str]] = []

    for place, pictures in walk_pictures(root, lambda *told: refused.append(told)):
        names = os.path.relpath(place, root).split(os.sep) if place != root else []
        if pictures and (reason := _unreadable(os.sep.join(names))):
            refused.append((place, reason))
            continue
        if not pictures:
            continue
        try:
            category = branches.id_of(names)
        except UnusableError as error:
            category = None
            yield Skipped("category", f"{folder.name} {'/'.join(names)}", str(error))
        yield from branches.take()
        for file in pictures:
            identity = "/".join([*names, file])
            if reason := _unreadable(file):
                readable = identity.encode(errors="replace").decode()
                yield Skipped("product", f"{folder.name} {readable}", reason)
                continue
            count += 1
            yield Product(
                id=identity,
                name="",
                description="",
                categories=(category,) if category else (),
                image=os.path.join(place, file),
                place=f"{folder.name} {identity}",
            )
    for path, reason in refused:
        readable = os.path.relpath(path, root).encode(errors="replace").decode()
        yield Skipped("product", f"{folder.name} {readable}", reason)
    if not count:
        raise SourceError(f"{folder} has no pictures in it; pass a folder of folders of pictures")


def _unreadable(name: str) -> str:
    """Tell what is wrong with a name, or ''."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is no Unicode"
    return ""
