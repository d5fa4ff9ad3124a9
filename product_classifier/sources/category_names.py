"""The names of Cdiscount's categories, a CSV file with a column for each level → categories."""

from __future__ import annotations

from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.records import Category
from product_classifier.sources.columns import find_columns
from product_classifier.sources.delimited import find_dialect, read_delimited
from product_classifier.sources.picture_folder import PictureFolder
from product_classifier.sources.tables import Reading, read_rows

BESIDE = ("translated_category_names.csv", "category_names.csv")  # which the data set calls it


def find_category_names(source: Path) -> Path | None:
    """Find the file of names beside a file of products; one with translations is better."""
    places = (source.with_name(name) for name in BESIDE)
    return next((path for path in places if path.is_file()), None)


def read_category_names(path: Path, encoding: str | None) -> list[Category]:
    """Read all categories, parents first. Raises SourceError for a file of anything else."""
    dialect = find_dialect(path, encoding)
    columns = find_columns(dialect.header, {}, path)
    if "category_id" not in columns.of:
        raise SourceError(
            f"{path} lacks the column category_id; its columns are {', '.join(dialect.header)}"
        )
    reading = Reading(path.name, columns, "/", PictureFolder(path.parent))
    found = list(read_rows(read_delimited(path, dialect), reading))
    for entry in found:
        if not isinstance(entry, Category):
            raise SourceError(f"{path} is damaged: {entry}")
    return [entry for entry in found if isinstance(entry, Category)]
