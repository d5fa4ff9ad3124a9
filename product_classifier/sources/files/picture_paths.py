"""Addresses of pictures: a URL, or the file that a source's cell or product id names."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

from product_classifier.errors import UnusableError
from product_classifier.printable import storable

URL_SCHEMES = ("http://", "https://")
EXTENSIONS = ("jpg", "jpeg", "png", "webp")  # of pictures that are named by their product's id


class PictureFolder:
    """The folder that contains a source's pictures."""

    def __init__(self, path: Path) -> None:
        self._path = str(path.resolve())
        self._is_unicode = self._path.isascii() or storable(self._path) == self._path

    def address(self, cell: str) -> str:
        """Return a picture's address, unique among all imports: a URL, or an absolute path.

        If the cell is a path on another machine, a file of the same name directly in the folder is
        used. The file of a path below the folder need not exist. Raises UnusableError if the path
        leads out of the folder.
        """
        if cell.startswith(URL_SCHEMES):
            return cell
        if not self._is_unicode:
            raise UnusableError(
                f"its picture {cell} is in a folder whose name is not valid Unicode; "
                "rename the folder"
            )
        if file := self.existing(cell):
            return file
        below, _ = self._candidates(cell)
        if not below.startswith(f"{self._path}/"):
            raise UnusableError(f"its picture {cell} is outside the folder {self._path}")
        return below

    def existing(self, cell: str) -> str | None:
        """Return the file at the cell's path below the folder, else directly in it; else None."""
        if not self._is_unicode:
            return None
        below, directly = self._candidates(cell)
        # unlike Path.is_file, os.path.isfile accepts cells that cannot be file names
        if below.startswith(f"{self._path}/") and os.path.isfile(below):
            return below
        return directly if os.path.isfile(directly) else None

    def of_product(self, identity: str) -> str | None:
        """Return the picture that is named by a product's id, such as 4711.jpg, or None."""
        if not self._is_unicode:
            return None
        files = (f"{self._path}/{identity}.{extension}" for extension in EXTENSIONS)
        return next((file for file in files if _is_directly_in(file, self._path)), None)

    def _candidates(self, cell: str) -> tuple[str, str]:
        """Return the cell's path below the folder, which may lead out of it, and directly in it."""
        if "\\" in cell or cell[1:3] == ":/":
            cell = PureWindowsPath(cell).as_posix()
        below = os.path.normpath(f"{self._path}/{_relative(cell, self._path)}")
        return below, f"{self._path}/{os.path.basename(cell)}"


def _relative(cell: str, folder: str) -> str:
    """Return a path relative to the folder; an absolute path elsewhere loses its root or drive."""
    if cell.startswith(f"{folder}/"):
        return cell[len(folder) + 1 :]
    return cell.lstrip("/") if len(cell) < 2 or cell[1] != ":" else cell[2:].lstrip("/")


def _is_directly_in(file: str, folder: str) -> bool:
    return os.path.dirname(os.path.normpath(file)) == folder and os.path.isfile(file)
