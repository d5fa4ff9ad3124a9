"""A folder of folders of pictures → categories and products: folders are the path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from product_classifier.errors import SourceError, UnusableError
from product_classifier.records import Entry, Product, Skipped
from product_classifier.sources.branches import Branches
from product_classifier.sources.folder import EXTENSIONS


def read_nested_folders(folder: Path) -> Iterator[Entry]:
    """Read all pictures below a folder, each a product whose id is its path; it has no text.

    Raises SourceError where there is no picture in any folder below it.
    """
    branches, count = Branches(), 0
    root = str(folder.resolve())
    problems: list[OSError] = []
    for place, below, files in os.walk(root, onerror=problems.append):
        below.sort()
        names = os.path.relpath(place, root).split(os.sep) if place != root else []
        pictures = sorted(file for file in files if os.path.splitext(file)[1].lower() in EXTENSIONS)
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
            try:
                identity.encode()
            except UnicodeEncodeError:
                readable = identity.encode(errors="replace").decode()
                yield Skipped("product", f"{folder.name} {readable}", "its name is no Unicode")
                continue
            count += 1
            yield Product(
                *(identity, "", "", (category,) if category else ()),
                *(os.path.join(place, file),),
                place=f"{folder.name} {identity}",
            )
    for problem in problems:
        yield Skipped("product", f"{folder.name} {problem.filename}", str(problem.strerror))
    if not count:
        raise SourceError(f"{folder} has no pictures in it; pass a folder of folders of pictures")
