"""A CSV file of products → categories and products.

Columns: id, name, category_path, and if there are any, description, image and more_images, which
joins addresses of further pictures by '|'. A product may stand in several lines, one for each of
its categories.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.records import Category, Product, Skipped

BETWEEN_PICTURES = "|"  # no URL holds it unescaped, and hardly a file's name
NEEDED = ("id", "name", "category_path")


@dataclass(frozen=True)
class Contents:
    """What a file holds; parents stand before their children."""

    categories: list[Category]
    products: list[Product]
    skipped: list[Skipped]


def read_csv(
    path: Path, images: Path, separator: str = "/", encoding: str = "utf-8-sig"
) -> Contents:
    """Read a whole file. A category's id is its path, with '/' between the names.

    images: the folder that the columns image and more_images are relative to. Raises SourceError
    for a file without products or without a needed column, or with bytes that are not of the
    encoding.
    """
    if not separator:
        raise SourceError("the separator is empty; pass what joins the names as --path-separator")
    products: dict[str, Product] = {}
    skipped: list[Skipped] = []
    lines = 0
    for line, row in _rows(path, encoding):
        lines += 1
        entry = _product(row, separator, images.resolve())
        known = products.get(entry.id)
        if not entry.id:
            skipped.append(Skipped("product", f"{path.name} line {line}", "it has no id"))
        elif known is None:
            products[entry.id] = entry
        elif _facts(known) == _facts(entry):
            products[entry.id] = _in_both(known, entry)
        else:
            reason = f"id {entry.id} stands in an earlier line with another name or picture"
            skipped.append(Skipped("product", f"{path.name} line {line}", reason))
    if not lines:
        raise SourceError(f"{path} has a header but no products below it")
    if not products:
        raise SourceError(f"{path}: none of its {lines:,} lines has an id")
    paths = (category for product in products.values() for category in product.categories)
    return Contents(_tree(paths), list(products.values()), skipped)


def _rows(path: Path, encoding: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.DictReader(file, restval="")
            header = [name.strip() for name in reader.fieldnames or []]
            if missing := [name for name in NEEDED if name not in header]:
                raise SourceError(
                    f"{path} lacks the column {' and '.join(missing)}; "
                    f"its first line names {', '.join(header) or 'nothing'}"
                )
            reader.fieldnames = header
            for row in reader:
                yield reader.line_num, {name: (row.get(name) or "").strip() for name in header}
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path} is not {error.encoding} (byte {error.start:,} of a block is "
            f"0x{error.object[error.start]:02x}); pass its --encoding, such as cp1252"
        ) from None
    except UnicodeError as error:
        raise SourceError(f"{path} is not {encoding} ({error}); pass its --encoding") from None
    except LookupError:
        raise SourceError(f"no encoding is called {encoding!r}; try utf-8 or cp1252") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    except csv.Error as error:
        raise SourceError(f"{path} is not CSV: {error}") from None


def _product(row: Mapping[str, str], separator: str, images: Path) -> Product:
    names = [part.strip() for part in row["category_path"].split(separator)]
    # a name may hold the slash that joins ids
    path = "/".join(name.replace("/", "%2F") for name in names if name)
    image = _address(row["image"], images) if row.get("image") else None
    others = filter(None, map(str.strip, row.get("more_images", "").split(BETWEEN_PICTURES)))
    more = dict.fromkeys(_address(cell, images) for cell in others)
    return Product(
        id=row["id"],
        name=row["name"],
        description=row.get("description", ""),
        categories=(path,) if path else (),
        image=image,
        more_images=tuple(address for address in more if address != image),
    )


def _address(cell: str, images: Path) -> str:
    """Make a picture's address unique among all imports: a URL, or where its file belongs."""
    if cell.startswith(("http://", "https://")):
        return cell
    file = Path(cell)
    if file.is_absolute() and not file.is_relative_to(images):  # a path of another machine
        file = file.relative_to(file.anchor)
    below, beside = images / file, images / file.name
    # unlike Path.is_file, this takes a cell that no file can be named by
    return str(beside if os.path.isfile(beside) and not os.path.isfile(below) else below)


def _facts(product: Product) -> tuple[object, ...]:
    return product.name, product.description, product.image, product.more_images


def _in_both(first: Product, second: Product) -> Product:
    categories = tuple(dict.fromkeys(first.categories + second.categories))
    return dataclasses.replace(first, categories=categories)


def _tree(paths: Iterable[str]) -> list[Category]:
    nodes: set[str] = set()
    for path in set(paths):
        while path and path not in nodes:
            nodes.add(path)
            path = path.rpartition("/")[0]
    inner = {path.rpartition("/")[0] for path in nodes}
    return [
        Category(
            id=path,
            name=path.rpartition("/")[2].replace("%2F", "/"),
            parent=path.rpartition("/")[0] or None,
            path=path,
            leaf=path not in inner,
        )
        for path in sorted(nodes)
    ]
