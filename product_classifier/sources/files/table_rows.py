"""Rows of a table in any format → categories and products.

The readers of CSV, JSON Lines, Parquet and feeds all yield rows of the same type: the row's number,
and its cells in the order of the header or the reason why the row cannot be read. A cell is a text;
in formats that have lists, a cell may also be a list of texts or a list of such lists.
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
Problem = tuple[str, str]  # Skipped.kind and the reason
Row = tuple[int, Sequence[Cell] | str]  # number; cells, or why the row cannot be read
Names = tuple[str, ...]
PICTURE_SEPARATOR = "|"  # URLs contain it only escaped, and file names hardly ever
# those that a category's name rarely contains come first
PATH_SEPARATORS = (" > ", "->", " / ", "|", ">", "/")
INSPECTED_ROWS = 1_000  # to find the columns and the separator of a table
MOST_CACHED = 20_000  # cells whose categories are cached; real tables repeat fewer
PARTS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


@dataclass(frozen=True, kw_only=True)
class TableLayout:
    """The columns of a table and the meaning of their cells."""

    name: str  # of the file, for messages
    columns: Columns
    separator: str  # of paths
    pictures: PictureFolder
    by_id: bool = False  # whether pictures may be named by their product's id
    unit: str = "line"  # what the numbers of rows count, for messages


def guess_separator(paths: Sequence[str]) -> str:
    """Return the likeliest separator of the names in paths."""
    return next((s for s in PATH_SEPARATORS if any(s in path for path in paths)), "/")


def read_rows(rows: Iterable[Row], layout: TableLayout) -> Iterator[Entry]:
    """Yield the product of each row after its new categories.

    A row without id and name has categories alone. What cannot be used is yielded as Skipped, with
    its place. Raises SourceError if no row can be used.
    """
    tree = CategoryTree()
    product_of = _product_reader(layout, tree)
    count = usable = 0
    first_problem = ""
    for number, cells in rows:
        count += 1
        place = f"{layout.name} {layout.unit} {number}"
        if isinstance(cells, str):
            first_problem = first_problem or cells
            yield Skipped("product", place, cells)
            continue
        problems: list[Problem] = []
        product = product_of(cells, place, problems)
        if tree.new:
            yield from tree.take_new()
        if product:
            yield product
        for kind, reason in problems:
            first_problem = first_problem or reason
            yield Skipped(kind, place, reason)
        usable += product is not None or not problems
    if not count:
        raise SourceError(f"{layout.name} has a header but no products below it")
    if not usable:
        raise SourceError(
            f"{layout.name}: none of its {count:,} {layout.unit}s can be used; "
            f"the first problem: {first_problem}"
        )


def _product_reader(
    layout: TableLayout, tree: CategoryTree
) -> Callable[[Sequence[Cell], str, list[Problem]], Product | None]:
    """Return a function that returns a row's product, if any, and appends the row's problems."""
    columns = layout.columns
    identity, name, description = map(columns.first, ("id", "name", "description"))
    part = columns.first("part")
    categories_of = _category_reader(layout, tree)
    pictures_of = _picture_reader(layout)
    width = len(columns.header)

    def read(cells: Sequence[Cell], place: str, problems: list[Problem]) -> Product | None:
        if len(cells) < width:
            cells = [*cells, *[""] * (width - len(cells))]
        product_id, product_name = _text(cells, identity), _text(cells, name)
        categories = categories_of(cells, problems) if product_id or not product_name else ()
        if not product_id:
            if not (categories or problems):
                problems.append(("product", "it has no id"))
            return None
        image, more_images = pictures_of(cells, product_id, problems)
        split = PARTS.get(_text(cells, part).lower()) if part is not None else None
        text = _text(cells, description)
        # positional: keyword arguments would take 0.8 s more for each million rows
        return Product(
            id=product_id,
            name=product_name,
            description=text,
            categories=categories,
            image=image,
            more_images=more_images,
            part=split,
            place=place,
        )

    return read


def _category_reader(
    layout: TableLayout, tree: CategoryTree
) -> Callable[[Sequence[Cell], list[Problem]], tuple[str, ...]]:
    """Return a function that returns the ids of a row's categories, cached by the row's cells."""
    columns, separator = layout.columns, layout.separator
    path_columns = columns.of.get("category_path", ())
    id_column = columns.first("category_id")
    translated_columns = columns.of.get(TRANSLATED, ())
    used = [*path_columns, *([] if id_column is None else [id_column]), *translated_columns]
    single = used[0] if len(used) == 1 else None
    cache: dict[str, tuple[str, ...]] = {}

    def read(cells: Sequence[Cell], problems: list[Problem]) -> tuple[str, ...]:
        cell = None if single is None else cells[single]
        key = cell if isinstance(cell, str) else repr([cells[k] for k in used])
        if key in cache:
            return cache[key]
        levels = [cells[k] for k in path_columns]
        own_ids = () if id_column is None else _levels(cells[id_column], separator)
        paths = _paths(levels[0], separator) if len(levels) == 1 else [_names(levels)]
        if len(paths) > MOST_CATEGORIES:
            problems.append(("category", too_many("categories", len(paths), MOST_CATEGORIES)))
            paths = paths[:MOST_CATEGORIES]
        translated = [name for k in translated_columns for name in _levels(cells[k], separator)]
        ids = []
        for path in paths or [()]:
            try:
                ids.append(tree.id_of(path, own_ids, translated))
            except UnusableError as error:
                problems.append(("category", str(error)))
        if problems:
            return tuple(filter(None, ids))
        categories = tuple(dict.fromkeys(filter(None, ids)))
        if len(key) <= LONGEST_PATH:
            if len(cache) == MOST_CACHED:
                cache.clear()
            cache[key] = categories
        return categories

    return read


def _paths(cell: Cell, separator: str) -> list[Names]:
    """Return the paths in a cell, which is a text, the names of one path, or several paths."""
    if isinstance(cell, str):
        cell = cell.split(separator)
    if any(not isinstance(name, str) for name in cell):
        return [names for path in cell if (names := _names(path))]
    return [names] if (names := _names(cell)) else []


def _levels(cell: Cell, separator: str) -> Names:
    """Return the ids or translations in a cell, level by level, '' for a level without."""
    levels = cell.split(separator) if isinstance(cell, str) else map(str, cell)
    texts = tuple(level.strip() for level in levels)
    return texts if any(texts) else ()


def _names(cells: Iterable[Cell]) -> Names:
    return tuple(name for cell in cells if isinstance(cell, str) and (name := cell.strip()))


def _text(cells: Sequence[Cell], position: int | None) -> str:
    if position is None:
        return ""
    cell = cells[position]
    return cell.strip() if isinstance(cell, str) else " ".join(map(str, cell))


def _picture_reader(
    layout: TableLayout,
) -> Callable[[Sequence[Cell], str, list[Problem]], tuple[str | None, tuple[str, ...]]]:
    """Return a function that returns the addresses of a product's main and further pictures."""
    main_column, more_column = map(layout.columns.first, ("image", "more_images"))

    def address(cell: str, problems: list[Problem]) -> str | None:
        try:
            return layout.pictures.address(cell) if (cell := cell.strip()) else None
        except UnusableError as error:
            problems.append(("image", str(error)))
            return None

    def read(
        cells: Sequence[Cell], product_id: str, problems: list[Problem]
    ) -> tuple[str | None, tuple[str, ...]]:
        main: str | None = None
        further: list[str] = []
        if main_column is not None:
            first, *further = _listed(cells[main_column], None)
            main = address(first, problems)
        if layout.by_id and (main is None or main.startswith(URL_SCHEMES)):
            main = layout.pictures.of_product(product_id) or main
        if more_column is not None:
            further += _listed(cells[more_column], PICTURE_SEPARATOR)
        if not further:
            return main, ()
        distinct = list(dict.fromkeys(further))
        if len(distinct) > MOST_PICTURES:
            problems.append(("image", too_many("further pictures", len(distinct), MOST_PICTURES)))
        addresses = (address(cell, problems) for cell in distinct[:MOST_PICTURES])
        more = dict.fromkeys(filter(None, addresses))
        return main, tuple(picture for picture in more if picture != main)

    return read


def _listed(cell: Cell, separator: str | None) -> list[str]:
    """Return the texts of a list, or of a text with a separator; [''] for an empty list."""
    if isinstance(cell, str):
        return cell.split(separator) if separator else [cell]
    return [str(text) for text in cell] or [""]
