"""A folder of folders of pictures, each named as the label of what it holds → labelled images."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.records import Image

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"})


@dataclass(frozen=True)
class LabelledImages:
    """Pictures below a folder, in the order of their paths; label k stands for labels[k]."""

    labels: tuple[str, ...]
    images: tuple[Image, ...]
    label_of: tuple[int, ...]  # [images]


def read_labelled_images(folder: Path) -> LabelledImages:
    """Find and hash the pictures in the folders directly below folder.

    A label is a folder's name in lower case, with anything but letters and digits as one space.
    Raises SourceError for fewer than two labels, and for two folders with the same one.
    """
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}; pass --image_dir")
    found: dict[str, list[Path]] = {}
    try:
        for below in sorted(path for path in folder.iterdir() if path.is_dir()):
            files = [path for path in sorted(below.iterdir()) if _is_picture(path)]
            label = re.sub(r"[\W_]+", " ", below.name.lower()).strip()
            if label in found:
                raise SourceError(f"two folders of {folder} mean the label {label!r}; rename one")
            if files:
                found[label] = files
        if len(found) < 2:
            raise SourceError(
                f"{folder} needs at least two folders with pictures in them, one for each label; "
                f"it has {len(found)}"
            )
        images = [
            Image(str(file), file.relative_to(folder).as_posix(), _sha256(file))
            for files in found.values()
            for file in files
        ]
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}") from None
    label_of = [k for k, files in enumerate(found.values()) for _ in files]
    return LabelledImages(tuple(found), tuple(images), tuple(label_of))


def read_pictures(folder: Path) -> list[Image]:
    """Find and hash all pictures below a folder, in the order of their paths; `file` is whole.

    Raises SourceError where there is no such folder, or not one picture in it.
    """
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}; pass --image_dir")
    try:
        files = sorted(path for path in folder.rglob("*") if _is_picture(path))
        images = [Image(str(file), str(file.absolute()), _sha256(file)) for file in files]
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}") from None
    if not images:
        raise SourceError(f"{folder} has no pictures; pass another --image_dir")
    return images


def _is_picture(path: Path) -> bool:
    """Tell by its name; a pipe or a device is none, whatever its name is."""
    return path.suffix.lower() in EXTENSIONS and path.is_file()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
