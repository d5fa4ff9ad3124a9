"""What a source says of a picture → its address: a URL, or a file below the folder of pictures."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

from product_classifier.errors import UnusableError
from product_classifier.printable import storable

URL_SCHEMES = ("http://", "https://")
BY_ID = ("jpg", "jpeg", "png", "webp")  # extensions of pictures that are named by their product


class PictureFolder:
    """The folder that a source's pictures lie in."""

    def __init__(self, path: Path) -> None:
        self._path = str(path.resolve())
        self._is_unicode = self._path.isascii() or storable(self._path) == self._path

    def address(self, cell: str) -> str:
        """Make a picture's address unique among all imports: a URL, or where its file belongs.

        A path of another machine leads to a file of its name in the folder, if there is one. Raises
        UnusableError for one that leaves the folder.
        """
        if cell.startswith(URL_SCHEMES):
            return cell
        if not self._is_unicode:
            raise UnusableError(
                f"its picture {cell} lies in a folder whose name is no Unicode; rename the folder"
            )
        if found := self.existing(cell):
            return found
        below, _ = self._places(cell)
        if not below.startswith(f"{self._path}/"):
            raise UnusableError(f"its picture {cell} lies outside the folder {self._path}")
        return below

    def existing(self, cell: str) -> str | None:
        """Find a file that is there, in its place or directly in the folder."""
        if not self._is_unicode:
            return None
        below, beside = self._places(cell)
        # unlike Path.is_file, this takes a cell that no file can be named by
        if below.startswith(f"{self._path}/") and os.path.isfile(below):
            return below
        return beside if os.path.isfile(beside) else None

    def _places(self, cell: str) -> tuple[str, str]:
        """Tell where a file belongs, which may be outside the folder, and its place beside all."""
        if "\\" in cell or cell[1:3] == ":/":
            cell = PureWindowsPath(cell).as_posix()
        below = os.path.normpath(f"{self._path}/{_relative(cell, self._path)}")
        return below, f"{self._path}/{os.path.basename(cell)}"

    def of_product(self, identity: str) -> str | None:
        """Find the picture that is named by its product, such as 4711.jpg."""
        if not self._is_unicode:
            return None
        files = (f"{self._path}/{identity}.{extension}" for extension in BY_ID)
        return next((file for file in files if _is_below(file, self._path)), None)


def _relative(cell: str, folder: str) -> str:
    """Take a path of another machine as one below the folder."""
    if cell.startswith(f"{folder}/"):
        return cell[len(folder) + 1 :]
    return cell.lstrip("/") if len(cell) < 2 or cell[1] != ":" else cell[2:].lstrip("/")


def _is_below(file: str, folder: str) -> bool:
    return os.path.dirname(os.path.normpath(file)) == folder and os.path.isfile(file)
