"""Rows of any table → categories and products.

Every format of rows (CSV, JSON Lines, Parquet, feeds) yields them alike: where a row stands, and
its cells in the order of the header, or the reason why it cannot be read. A cell is a text; where
the format has lists, also a list of texts, or of such lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from product_classifier.errors import SourceError, UnusableError
from product_classifier.limits import LONGEST_PATH, MOST_CATEGORIES, MOST_PICTURES, too_many
from product_classifier.records import Entry, Product, Skipped
from product_classifier.sources.files.category_tree import CategoryTree
from product_classifier.sources.files.picture_paths import URL_SCHEMES, PictureFolder
from product_classifier.sources.files.table_columns import TRANSLATED, Columns

Cell: TypeAlias = "str | Sequence[str] | Sequence[Sequence[str]]"
Problem = tuple[str, str]  # its kind and the reason
Row = tuple[int, Sequence[Cell] | str]  # its place; cells, or what is wrong with it
Names = tuple[str, ...]
PICTURE_SEPARATOR = "|"  # no URL holds it unescaped, and hardly a file's name
# those that a category's name rarely contains come first
PATH_SEPARATORS = (" > ", "->", " / ", "|", ">", "/")
LOOKED_AT = 1_000  # rows, to find out by what a table holds
MOST_KNOWN = 20_000  # cells whose categories are remembered; real tables repeat fewer
PARTS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class Reading:
    """How rows are read."""

    name: str  # of the file, for messages
    columns: Columns
    separator: str  # of paths
    pictures: PictureFolder
    by_id: bool = False  # pictures may be named by their product, where the table has none or URLs
    unit: str = "line"


def guess_separator(texts: Sequence[str]) -> str:
    """Choose what joins the names of paths, by some of them."""
    return next((s for s in PATH_SEPARATORS if any(s in text for text in texts)), "/")


def read_rows(rows: Iterable[Row], reading: Reading) -> Iterator[Entry]:
    """Read rows, a product each; those without id and name are categories alone.

    What cannot be used is told with its place. Raises SourceError where nothing can be used.
    """
    branches = CategoryTree()
    product_of = _product_reader(reading, branches)
    count = usable = 0
    first = ""  # of the problems
    for number, cells in rows:
        count += 1
        place = f"{reading.name} {reading.unit} {number}"
        if isinstance(cells, str):
            first = first or cells
            yield Skipped("product", place, cells)
            continue
        problems: list[Problem] = []
        product = product_of(cells, place, problems)
        if branches.new:
            yield from branches.take()
        if product:
            yield product
        for kind, reason in problems:
            first = first or reason
            yield Skipped(kind, place, reason)
        usable += product is not None or not problems
    if not count:
        raise SourceError(f"{reading.name} has a header but no products below it")
    if not usable:
        raise SourceError(
            f"{reading.name}: none of its {count:,} {reading.unit}s can be used; the first: {first}"
        )


def _product_reader(
    reading: Reading, branches: CategoryTree
) -> Callable[[Sequence[Cell], str, list[Problem]], Product | None]:
    """Prepare what reads the product of a row, if there is one in it, and adds its problems."""
    columns = reading.columns
    identity, name, description = map(columns.first, ("id", "name", "description"))
    part = columns.first("part")
    categories_of = _category_reader(reading, branches)
    pictures_of = _picture_reader(reading)
    width = len(columns.header)

    def read(cells: Sequence[Cell], place: str, problems: list[Problem]) -> Product | None:
        if len(cells) < width:
            cells = [*cells, *[""] * (width - len(cells))]
        own, called = _text(cells, identity), _text(cells, name)
        categories = categories_of(cells, problems) if own or not called else ()
        if not own:
            if not (categories or problems):
                problems.append(("product", "it has no id"))
            return None
        main, more = pictures_of(cells, own, problems)
        given = PARTS.get(_text(cells, part).lower()) if part is not None else None
        text = _text(cells, description)
        return Product(
            id=own,
            name=called,
            description=text,
            categories=categories,
            image=main,
            more_images=more,
            part=given,
            place=place,
        )

    return read


def _category_reader(
    reading: Reading, branches: CategoryTree
) -> Callable[[Sequence[Cell], list[Problem]], tuple[str, ...]]:
    """Prepare what finds the categories of a row, most of which earlier rows have named."""
    columns, separator = reading.columns, reading.separator
    paths = columns.of.get("category_path", ())
    own = columns.first("category_id")
    translated = columns.of.get(TRANSLATED, ())
    looked_at = [*paths, *([] if own is None else [own]), *translated]
    known: dict[str, tuple[str, ...]] = {}

    def read(cells: Sequence[Cell], problems: list[Problem]) -> tuple[str, ...]:
        given = [cells[k] for k in looked_at]
        key = given[0] if len(given) == 1 and isinstance(given[0], str) else repr(given)
        if key in known:
            return known[key]
        levels = given[: len(paths)]
        ids = () if own is None else _parts(cells[own], separator)
        named = _paths(levels[0], separator) if len(levels) == 1 else [_names(levels)]
        if len(named) > MOST_CATEGORIES:
            problems.append(("category", too_many("categories", len(named), MOST_CATEGORIES)))
            named = named[:MOST_CATEGORIES]
        foreign = [name for k in translated for name in _parts(cells[k], separator)]
        found = []
        for path in named or [()]:
            try:
                found.append(branches.id_of(path, ids, foreign))
            except UnusableError as error:
                problems.append(("category", str(error)))
        if problems:
            return tuple(filter(None, found))
        categories = tuple(dict.fromkeys(filter(None, found)))
        if len(key) <= LONGEST_PATH:
            if len(known) == MOST_KNOWN:
                known.clear()
            known[key] = categories
        return categories

    return read


def _paths(cell: Cell, separator: str) -> list[Names]:
    """Read the paths of a cell: a text, the names of one path, or several paths."""
    if isinstance(cell, str):
        cell = cell.split(separator)
    if any(not isinstance(part, str) for part in cell):
        return [names for path in cell if (names := _names(path))]
    return [names] if (names := _names(cell)) else []


def _parts(cell: Cell, separator: str) -> Names:
    """Read what stands level by level; '' where a level has nothing."""
    parts = cell.split(separator) if isinstance(cell, str) else map(str, cell)
    found = tuple(part.strip() for part in parts)
    return found if any(found) else ()


def _names(cells: Iterable[Cell]) -> Names:
    return tuple(name for cell in cells if isinstance(cell, str) and (name := cell.strip()))


def _text(cells: Sequence[Cell], position: int | None) -> str:
    if position is None:
        return ""
    cell = cells[position]
    return cell.strip() if isinstance(cell, str) else " ".join(map(str, cell))


def _picture_reader(
    reading: Reading,
) -> Callable[[Sequence[Cell], str, list[Problem]], tuple[str | None, tuple[str, ...]]]:
    """Prepare what finds the main picture of a product, and its further ones."""
    image, more_images = map(reading.columns.first, ("image", "more_images"))

    def address(name: str, problems: list[Problem]) -> str | None:
        try:
            return reading.pictures.address(name) if (name := name.strip()) else None
        except UnusableError as error:
            problems.append(("image", str(error)))
            return None

    def read(
        cells: Sequence[Cell], own: str, problems: list[Problem]
    ) -> tuple[str | None, tuple[str, ...]]:
        main: str | None = None
        further: list[str] = []
        if image is not None:
            first, *further = _listed(cells[image], None)
            main = address(first, problems)
        if reading.by_id and (main is None or main.startswith(URL_SCHEMES)):
            main = reading.pictures.of_product(own) or main
        if more_images is not None:
            further += _listed(cells[more_images], PICTURE_SEPARATOR)
        if not further:
            return main, ()
        names = list(dict.fromkeys(further))
        if len(names) > MOST_PICTURES:
            problems.append(("image", too_many("further pictures", len(names), MOST_PICTURES)))
        found = filter(None, (address(name, problems) for name in names[:MOST_PICTURES]))
        return main, tuple(picture for picture in dict.fromkeys(found) if picture != main)

    return read


def _listed(cell: Cell, separator: str | None) -> list[str]:
    """Read what a cell lists: as the format has it, or joined by a separator; '' for nothing."""
    if isinstance(cell, str):
        return cell.split(separator) if separator else [cell]
    return [str(part) for part in cell] or [""]
