"""crawl.db → a table of products, categories and predictions that can be imported again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from product_classifier.errors import ReportError
from product_classifier.printable import FORMULA_ESCAPE_COLUMN, escape_formula, is_formula_like
from product_classifier.sources.files.table_rows import PATH_SEPARATORS, PICTURE_SEPARATOR
from product_classifier.store.export import (
    Exported,
    has_further_facts,
    read_export_rows,
    read_paths_of_names,
)
from product_classifier.store.files import replacing
from product_classifier.store.table_file import LISTS, Row, Value, format_of, write_table
from product_classifier.system_errors import reason_of

ALWAYS = ("id", "name", "description", "category_path", "image")


def export(
    db: sqlite3.Connection,
    path: Path,
    images: Path | None,
    separator: str | None,
    experiment: int | None,
    raw: bool = False,
) -> int:
    """Write all products and categories to a file, and return its number of rows.

    The file is written completely or not at all. images: the folder to which the paths of pictures
    become relative. separator: of category paths, in CSV; None: one that is in no name. raw: leave
    cells of CSV unescaped, even if a spreadsheet would read them as formulas. Raises ReportError
    if every separator is in some name, or if the file cannot be written.
    """
    suffix = format_of(path)
    paths = read_paths_of_names(db)
    levels = [level for path_ in paths.values() for level in path_]
    header = [*ALWAYS, *(name for name, has in has_further_facts(db).items() if has)]
    if any(level.own_id for level in levels):
        header.append("category_id")
    if experiment:
        header += ["predicted_path", "score"]
    join: Callable[[str, Sequence[str]], Value] = lambda name, parts: list(parts)  # noqa: E731
    if suffix == ".csv":
        names = {text for level in levels for text in (level.name, level.own_id, level.translated)}
        path_separator = _separator(names, separator, path)
        separators = {**dict.fromkeys(LISTS, path_separator), "more_images": PICTURE_SEPARATOR}
        join = lambda name, parts: separators[name].join(parts)  # noqa: E731

    def rows() -> Iterator[Row]:
        return (_row(exported, images, join) for exported in read_export_rows(db, experiment))

    escape = suffix == ".csv" and not raw and any(_has_formula(row, header) for row in rows())
    if escape:
        header.append(FORMULA_ESCAPE_COLUMN)
    try:
        with replacing(path) as part:
            return write_table(part, suffix, header, map(_escaped, rows()) if escape else rows())
    except OSError as error:
        number = error.errno  # the message of Parquet is too long
        reason = reason_of(OSError(number, os.strerror(number))) if number else str(error)
        raise ReportError(
            f"{path} cannot be written: {reason}, or pass another name as --export"
        ) from None


def _has_formula(row: Row, header: Sequence[str]) -> bool:
    """Return whether a spreadsheet would read any cell of a row as a formula."""
    cells = (row[name] for name in header)
    return any(isinstance(cell, str) and is_formula_like(cell) for cell in cells)


def _escaped(row: Row) -> Row:
    """Return a row with its formulas escaped and the column by which an import unescapes them."""
    cells = {
        name: escape_formula(cell) if isinstance(cell, str) else cell for name, cell in row.items()
    }
    return {**cells, FORMULA_ESCAPE_COLUMN: ""}


def _row(
    exported: Exported, images: Path | None, join: Callable[[str, Sequence[str]], Value]
) -> Row:
    path = exported.path
    return {
        "id": exported.id,
        "name": exported.name,
        "description": exported.description,
        "image": _relative(exported.image, images),
        "split": exported.part,
        "score": exported.score,
        "more_images": join("more_images", [_relative(a, images) for a in exported.more_images]),
        "category_path": join("category_path", [level.name for level in path]),
        "category_id": join("category_id", _own_ids(exported)),
        "translated_path": join("translated_path", [level.translated for level in path]),
        "predicted_path": join("predicted_path", [level.name for level in exported.predicted]),
    }


def _own_ids(exported: Exported) -> list[str]:
    """Return the source's ids of the levels, without leading levels that have none."""
    ids = [level.own_id for level in exported.path]
    while ids and not ids[0]:
        del ids[0]
    return ids


def _relative(address: str, images: Path | None) -> str:
    folder = f"{images}/" if images else None
    return address[len(folder) :] if folder and address.startswith(folder) else address


def _separator(names: Iterable[str], separator: str | None, path: Path) -> str:
    """Return the separator of category paths that an import would detect.

    Raises ReportError if it is in a name.
    """
    if separator is not None:
        if containing := next((name for name in names if separator in name), None):
            raise ReportError(
                f"the name {containing!r} contains the separator {separator!r}; pass another "
                f"--path-separator, or export to {path.with_suffix('.jsonl').name}"
            )
        return separator
    if not any(separator in name for name in names for separator in PATH_SEPARATORS):
        return "/"
    for k, separator in enumerate(PATH_SEPARATORS):
        if not any(other in name for name in names for other in PATH_SEPARATORS[: k + 1]):
            return separator
    raise ReportError(
        "every separator of paths that an import detects is in some name; pass another one as "
        "--path-separator to the export and to the import, or export to "
        f"{path.with_suffix('.jsonl').name}"
    )
