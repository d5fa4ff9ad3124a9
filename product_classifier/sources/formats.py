"""Sources of --from: their formats, given or detected from the file itself, and their readers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from product_classifier.printable import storable
from product_classifier.records import Entry
from product_classifier.sources import BSON, SHOP, SQLITE
from product_classifier.sources.files.atlas import is_atlas, read_atlas
from product_classifier.sources.files.cdiscount import BsonFile, BsonSample, read_category_names
from product_classifier.sources.files.csv_rows import find_dialect, read_delimited
from product_classifier.sources.files.feed_rows import feed_header, read_feed
from product_classifier.sources.files.image_folders import read_nested_folders
from product_classifier.sources.files.json_rows import (
    NumberedObject,
    header_of,
    read_json_lines,
    read_objects,
    rows_of,
)
from product_classifier.sources.files.parquet_rows import parquet_header, read_parquet
from product_classifier.sources.files.picture_paths import URL_SCHEMES, PictureFolder
from product_classifier.sources.files.table_columns import Columns, find_columns, used_columns
from product_classifier.sources.files.table_rows import (
    INSPECTED_ROWS,
    Row,
    TableLayout,
    guess_separator,
    read_rows,
)
from product_classifier.sources.files.taxonomy import is_taxonomy, read_taxonomy
from product_classifier.sources.files.text_stream import encoding_of, open_unpacked
from product_classifier.sources.shopify import is_shopify, read_shopify

START = 64_000  # bytes from which a format is detected


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """The path of a file or folder to import, and the options that describe its contents."""

    path: Path
    images: Path  # the folder of its pictures
    by_id: bool = False  # whether pictures may be named by their product's id
    columns: Mapping[str, Sequence[str]] = field(
        default_factory=dict
    )  # as --columns: field → names
    separator: str | None = None  # of paths
    encoding: str | None = None
    category_names: Path | None = None
    sample: BsonSample | None = None


@dataclass(frozen=True)
class Source:
    """A catalogue in a file or folder that can be read."""

    name: str
    about: str  # its format, columns and separator, for a message
    entries: Callable[[], Iterator[Entry]]
    bson: BsonFile | None = None  # set if the file is imported page by page


def format_of(path: str) -> str:
    """Return one of FORMATS by a source's first bytes. Raises SourceError if it cannot be read."""
    if path.startswith(URL_SCHEMES):
        return SHOP
    if os.path.isdir(path):
        return "folder"
    with open_unpacked(Path(path)) as stream:
        start = stream.read(START)
    for name, signature in ((SQLITE, b"SQLite format 3\0"), ("parquet", b"PAR1")):
        if start.startswith(signature):
            return name
    if start[5:9] == b"_id\0" or path.endswith(".bson"):
        return BSON
    text = start.decode(encoding_of(start, path), "replace").lstrip()
    if text.startswith("<"):
        return "feed"
    if text.startswith("{") and ("\n{" in text or path.endswith((".jsonl", ".ndjson"))):
        return "jsonl"
    return "json" if text.startswith(("{", "[")) else "csv"


def open_source(format_name: str, options: SourceOptions) -> Source:
    """Return the source in a format, one of OPENERS. Raises SourceError if it is not in it."""
    if format_name != "folder":
        with open_unpacked(options.path):
            pass  # refuses what is not a regular file, such as a pipe, which would block a reader
    return OPENERS[format_name](options)


def _csv(options: SourceOptions) -> Source:
    dialect = find_dialect(options.path, options.encoding)

    def rows() -> Iterator[Row]:
        return read_delimited(options.path, dialect)

    return _table(options, dialect.about, dialect.header, rows)


def _json_lines(options: SourceOptions) -> Source:
    def objects() -> Iterator[NumberedObject]:
        return read_json_lines(options.path, options.encoding)

    header = used_columns(header_of(objects()), options.columns, options.path)
    return _table(options, "JSON Lines", header, lambda: rows_of(objects(), header))


def _json(options: SourceOptions) -> Source:
    def objects() -> Iterator[NumberedObject]:
        return read_objects(options.path, options.encoding)

    name, pictures = storable(options.path.name), PictureFolder(options.images)
    first = next((value for _, value in objects() if not isinstance(value, str)), {})
    if is_atlas(first):
        return Source(name, "JSON of Atlas", lambda: read_atlas(objects(), name, pictures))
    if is_shopify(first):
        return Source(name, "JSON of a Shopify shop", lambda: read_shopify(objects(), name))
    if is_taxonomy(first):
        about = "JSON of categories, without products"
        return Source(name, about, lambda: read_taxonomy(objects(), name))
    header = used_columns(header_of(objects()), options.columns, options.path)
    return _table(options, "JSON", header, lambda: rows_of(objects(), header), "item")


def _parquet(options: SourceOptions) -> Source:
    path = options.path
    header = used_columns(parquet_header(path), options.columns, path)
    return _table(options, "Parquet", header, lambda: read_parquet(path, header), "row")


def _feed(options: SourceOptions) -> Source:
    separator = options.separator or ">"
    header = feed_header(options.path, separator)

    def rows() -> Iterator[Row]:
        return read_feed(options.path, header, separator)

    return _table(options, "product feed in XML", header, rows)


def _folder(options: SourceOptions) -> Source:
    about = "folders of pictures, which are the categories"
    return Source(storable(options.path.name), about, lambda: read_nested_folders(options.path))


def _bson(options: SourceOptions) -> Source:
    path, names_file, sample = options.path, options.category_names, options.sample
    with open_unpacked(path):
        pass  # fails here if the file cannot be opened, not in each of several processes
    categories = read_category_names(names_file, options.encoding) if names_file else []
    query = f"{storable(path.name)}?bytes={path.stat().st_size}"
    names_about = f"categories of {names_file.name}" if names_file else "no category names"
    about = f"BSON of Cdiscount, {names_about}"
    if sample:
        query += f"&sample={sample.products}&seed={sample.seed}"
        about += f", a sample of {sample.products:,} products"
    file = BsonFile(path, query, categories, sample)
    return Source(storable(path.name), about, file.entries, file)


def _table(
    options: SourceOptions,
    about: str,
    header: Sequence[str],
    rows: Callable[[], Iterator[Row]],
    unit: str = "line",
) -> Source:
    """Return the source of a table, after finding its columns and the separator of its paths.

    unit: what the numbers of rows count.
    """
    name = storable(options.path.name)
    columns = find_columns(header, options.columns, options.path)
    about += f"; {columns.about}"
    separator = options.separator
    if paths := list(_first_paths(rows(), columns)):
        separator = separator or guess_separator(paths)
        about += f"; paths are joined by {separator!r}"
    layout = TableLayout(
        name=name,
        columns=columns,
        separator=separator or "/",
        pictures=PictureFolder(options.images),
        by_id=options.by_id,
        unit=unit,
    )
    return Source(name, about, lambda: read_rows(rows(), layout))


def _first_paths(rows: Iterable[Row], columns: Columns) -> Iterator[str]:
    """Yield the paths of the first INSPECTED_ROWS that are texts in a single column."""
    position, *more_levels = columns.of.get("category_path", (0, 0))
    if more_levels:
        return
    for _, cells in islice(rows, INSPECTED_ROWS):
        if isinstance(cells, str) or len(cells) <= position:
            continue
        if isinstance(path := cells[position], str):
            yield path


OPENERS = {
    "csv": _csv,
    "tsv": _csv,
    "jsonl": _json_lines,
    "json": _json,
    "parquet": _parquet,
    "feed": _feed,
    "folder": _folder,
    BSON: _bson,
}
