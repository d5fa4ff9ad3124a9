"""crawl.db → a table that can be imported again: products, their categories, and predictions."""

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
    """Write all products and categories, whole or not at all; return how many rows that takes.

    images: the folder that pictures' files are written relative to. separator: of paths, in CSV;
    None to choose one that no name holds. raw: leave cells of CSV as they are, though a spreadsheet
    may take them for formulas. Raises ReportError where each separator is in some name, and where
    the file cannot be written.
    """
    kind = format_of(path)
    paths = read_paths_of_names(db)
    levels = [level for path_ in paths.values() for level in path_]
    header = [*ALWAYS, *(name for name, has in has_further_facts(db).items() if has)]
    if any(level.own_id for level in levels):
        header.append("category_id")
    if experiment:
        header += ["predicted_path", "score"]
    join: Callable[[str, Sequence[str]], Value] = lambda name, parts: list(parts)  # noqa: E731
    if kind == ".csv":
        names = {text for level in levels for text in (level.name, level.own_id, level.translated)}
        between = _separator(names, separator, path)
        joints = {**dict.fromkeys(LISTS, between), "more_images": PICTURE_SEPARATOR}
        join = lambda name, parts: joints[name].join(parts)  # noqa: E731

    def rows() -> Iterator[Row]:
        return (_row(exported, images, join) for exported in read_export_rows(db, experiment))

    harmlessly = kind == ".csv" and not raw and any(_is_risky(row, header) for row in rows())
    if harmlessly:
        header.append(FORMULA_ESCAPE_COLUMN)
    try:
        with replacing(path) as part:
            found = map(_harmless, rows()) if harmlessly else rows()
            return write_table(part, kind, header, found)
    except OSError as error:
        number = error.errno  # Parquet's own reason is of many words
        reason = reason_of(OSError(number, os.strerror(number))) if number else str(error)
        raise ReportError(
            f"{path} cannot be written: {reason}, or pass another name as --export"
        ) from None


def _is_risky(row: Row, header: Sequence[str]) -> bool:
    cells = (row[name] for name in header)
    return any(isinstance(cell, str) and is_formula_like(cell) for cell in cells)


def _harmless(row: Row) -> Row:
    """Return a row whose cells no spreadsheet takes for formulas; an import undoes it."""
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
    """List the ids of the last levels, from the first that is not but a path on."""
    ids = [level.own_id for level in exported.path]
    while ids and not ids[0]:
        del ids[0]
    return ids


def _relative(address: str, images: Path | None) -> str:
    folder = f"{images}/" if images else None
    return address[len(folder) :] if folder and address.startswith(folder) else address


def _separator(names: Iterable[str], separator: str | None, path: Path) -> str:
    """Choose what joins the names of paths, so that an import would find it."""
    if separator is not None:
        if holding := next((name for name in names if separator in name), None):
            raise ReportError(
                f"the name {holding!r} holds the separator {separator!r}; pass another "
                f"--path-separator, or export to {path.with_suffix('.jsonl').name}"
            )
        return separator
    if not any(separator in name for name in names for separator in PATH_SEPARATORS):
        return "/"
    for k, separator in enumerate(PATH_SEPARATORS):
        if not any(taken in name for name in names for taken in PATH_SEPARATORS[: k + 1]):
            return separator
    raise ReportError(
        "what an import would take for the separator of paths is in some name; pass one that is in "
        f"none as --path-separator, here and there, or export to {path.with_suffix('.jsonl').name}"
    )
