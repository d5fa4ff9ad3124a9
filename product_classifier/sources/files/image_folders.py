"""Folders of pictures → a nested catalogue of products, or labelled images to train with.

For a catalogue, folders at any depth are the categories and each picture is a product. For
training, each folder directly below the given one is the label of its pictures.
"""

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
    unreadable: tuple[str, ...] = ()  # pictures that cannot be read, a line each


def read_nested_folders(folder: Path) -> Iterator[Entry]:
    """Yield a product for each picture below a folder, after its new categories.

    A product's id is the picture's path below the folder; it has neither name nor description.
    Raises SourceError if there is no picture.
    """
    tree, count = CategoryTree(), 0
    root = str(folder.resolve())
    refused: list[tuple[str, str]] = []  # path and reason

    def refuse(path: str, reason: str) -> None:
        refused.append((path, reason))

    for place, pictures in walk_pictures(root, refuse):
        names = os.path.relpath(place, root).split(os.sep) if place != root else []
        if pictures and (reason := _problem_of_name(os.sep.join(names))):
            refuse(place, reason)
            continue
        if not pictures:
            continue
        try:
            category = tree.id_of(names)
        except UnusableError as error:
            category = None
            yield Skipped("category", f"{folder.name} {'/'.join(names)}", str(error))
        yield from tree.take_new()
        for file in pictures:
            identity = "/".join([*names, file])
            if reason := _problem_of_name(file):
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


def read_labelled_images(folder: Path) -> LabelledImages:
    """Return the pictures in the folders directly below a folder, with the hashes of their bytes.

    A label is a folder's name in lower case, with one space for other characters than letters and
    digits. Raises SourceError if there are fewer than two labels or two folders with the same one.
    """
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}; pass --image_dir")
    images_of: dict[str, list[Image]] = {}  # by label
    unreadable: list[str] = []
    try:
        for subfolder in sorted(path for path in folder.iterdir() if path.is_dir()):
            paths = sorted(subfolder.iterdir())
            files = [path for path in paths if path.suffix.lower() in EXTENSIONS]
            label = re.sub(r"[\W_]+", " ", subfolder.name.lower()).strip()
            if label in images_of:
                raise SourceError(f"two folders of {folder} mean the label {label!r}; rename one")
            if images := _hashed(files, folder, unreadable):
                images_of[label] = images
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}") from None
    if len(images_of) < 2:
        raise SourceError(
            f"{folder} needs at least two folders with pictures in them, one for each label; "
            f"it has {len(images_of)}{_first_reason(unreadable)}"
        )
    label_of = [k for k, images in enumerate(images_of.values()) for _ in images]
    every_image = tuple(chain.from_iterable(images_of.values()))
    return LabelledImages(tuple(images_of), every_image, tuple(label_of), tuple(unreadable))


def read_pictures(folder: Path) -> tuple[list[Image], list[str]]:
    """Return all pictures below a folder, by path, with the hashes of their bytes.

    Image.file is the absolute path. Returns as well a line for each picture or folder that cannot
    be read. Raises SourceError if there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}; pass --image_dir")
    unreadable: list[str] = []

    def refuse(path: str, reason: str) -> None:
        unreadable.append(f"{path}: {reason}")

    folders = walk_pictures(str(folder), refuse)
    files = sorted(Path(place, name) for place, names in folders for name in names)
    images = _hashed(files, None, unreadable)
    if not images:
        raise SourceError(
            f"{folder} has no pictures{_first_reason(unreadable)}; pass another --image_dir"
        )
    return images, unreadable


def _hashed(files: Iterable[Path], folder: Path | None, unreadable: list[str]) -> list[Image]:
    """Return the pictures that can be read, with their hashes; add the others to unreadable.

    Image.file is the path below folder, or the absolute path without one.
    """
    images = []
    for file in files:
        name = file.relative_to(folder).as_posix() if folder else str(file.absolute())
        try:
            images.append(Image(address=str(file), file=name, sha256=_sha256(file)))
        except OSError as error:
            unreadable.append(f"{file}: {error.strerror}")
    return images


def _first_reason(unreadable: Sequence[str]) -> str:
    return f" ({unreadable[0]})" if unreadable else ""


def walk_pictures(root: str, refuse: Callable[[str, str], None]) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder from root downwards with the names of its pictures, both sorted by name.

    Links to folders are not followed. refuse: called with the path and the reason for each picture
    that is not a regular file, and for folders that cannot be read or are below level DEEPEST.
    """
    folders = [(root, 0)]
    while folders:
        place, depth = folders.pop()
        subfolders, pictures = [], []
        try:
            with os.scandir(place) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            refuse(place, str(error.strerror))
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                subfolders.append((entry.path, depth + 1))
            elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
                if _is_regular(entry):
                    pictures.append(entry.name)
                else:
                    refuse(entry.path, "not a regular file")
        yield place, pictures
        if depth < DEEPEST:
            folders += reversed(subfolders)
        elif subfolders:
            refuse(place, f"it has folders below level {DEEPEST}, which are not read")


def _is_regular(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a regular file or a link to one."""
    try:
        return entry.is_file()
    except OSError:  # of a link to itself
        return False


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(file) as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _problem_of_name(name: str) -> str:
    """Return why the database cannot store a file's name, or ''."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not valid Unicode"
    return ""
