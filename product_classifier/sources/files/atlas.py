"""The Atlas data sets in JSON → categories and products.

A product has a title, a path as the tokens of a sentence, a file name, the picture's URL and its
part of the data set's own split. The list of zoomed and normal pictures has labels, not paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from product_classifier.errors import UnusableError
from product_classifier.printable import storable
from product_classifier.records import Entry, Product, Skipped
from product_classifier.sources.files.category_tree import CategoryTree
from product_classifier.sources.files.json_rows import NumberedObject
from product_classifier.sources.files.picture_paths import URL_SCHEMES, PictureFolder
from product_classifier.sources.files.table_rows import PARTS


def is_atlas(item: Mapping[str, Any]) -> bool:
    """Return whether an object is a product or a zoomed picture of an Atlas data set."""
    return "filename" in item and ("sentences" in item or "label" in item)


def read_atlas(
    items: Iterator[NumberedObject], name: str, pictures: PictureFolder
) -> Iterator[Entry]:
    """Yield the product of each item after its new categories.

    A picture is the file with the item's file name if it exists, else the URL. A product's id is
    the file name, because items have no other unique field. name: of the data set, for messages.
    """
    tree = CategoryTree()
    for number, item in items:
        place = f"{name} item {number}"
        if isinstance(item, str):
            yield Skipped("product", place, item)
            continue
        file, title = item.get("filename"), item.get("title") or ""
        if not isinstance(file, str) or not file or not isinstance(title, str):
            yield Skipped("product", place, "its filename or title is not text")
            continue
        file, title = storable(file), storable(title)
        category, problem = None, "it has no tokens or label to name its category"
        try:
            category = tree.id_of(path) if (path := _path(item)) else None
        except UnusableError as error:
            problem = str(error)
        if category is None:
            yield Skipped("category", place, problem)
        yield from tree.take_new()
        try:
            image = _picture(file, item.get("image_url"), pictures)
        except UnusableError as error:
            image = None
            yield Skipped("image", place, str(error))
        yield Product(
            id=file,
            name=title.strip(),
            description="",
            categories=(category,) if category else (),
            image=image,
            part=PARTS.get(str(item.get("split")).lower()),
            place=place,
        )


def _path(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of an item's path, () without. Names may contain commas."""
    sentences, label = item.get("sentences"), item.get("label")
    if isinstance(label, str) and label.strip():
        return (storable(label.strip()),)
    first = sentences[0] if isinstance(sentences, list) and sentences else None
    tokens = first.get("tokens") if isinstance(first, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        return ()
    return tuple(storable(name) for token in tokens if (name := token.strip()))


def _picture(file: str, url: Any, pictures: PictureFolder) -> str:
    existing = pictures.existing(file)
    if existing is None and isinstance(url, str) and url.startswith(URL_SCHEMES):
        return storable(url)
    return existing or pictures.address(file)
