"""A folder of folders of pictures → categories and products: folders are the path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from product_classifier.errors import SourceError, UnusableError
from product_classifier.records import Entry, Product, Skipped
from product_classifier.sources.branches import Branches
from product_classifier.sources.folder import walk_pictures


def read_nested_folders(folder: Path) -> Iterator[Entry]:
    """Read all pictures below a folder, each a product whose id is its path; it has no text.

    Raises SourceError where there is no picture in any folder below it.
    """
    branches, count = Branches(), 0
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
                *(identity, "", "", (category,) if category else ()),
                *(os.path.join(place, file),),
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
