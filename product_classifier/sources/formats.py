"""What --from names → its kind, told or guessed from the file itself, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from product_classifier.printable import storable
from product_classifier.records import Entry
from product_classifier.sources.files.atlas import is_atlas, read_atlas
from product_classifier.sources.files.cdiscount import BsonFile, BsonSample, read_category_names
from product_classifier.sources.files.csv_rows import find_dialect, read_delimited
from product_classifier.sources.files.feed_rows import feed_header, read_feed
from product_classifier.sources.files.image_folders import read_nested_folders
from product_classifier.sources.files.json_rows import (
    Found,
    header_of,
    read_json_lines,
    read_objects,
    rows_of,
)
from product_classifier.sources.files.parquet_rows import parquet_header, read_parquet
from product_classifier.sources.files.picture_paths import URL_SCHEMES, PictureFolder
from product_classifier.sources.files.table_columns import Columns, find_columns, used_columns
from product_classifier.sources.files.table_rows import (
    LOOKED_AT,
    Reading,
    Row,
    guess_separator,
    read_rows,
)
from product_classifier.sources.files.taxonomy import is_taxonomy, read_taxonomy
from product_classifier.sources.files.text_stream import marked, opened
from product_classifier.sources.shopify import is_shopify, read_shopify

SQLITE = "sqlite"
SHOP = "shopify"
BSON = "bson"


@dataclass(frozen=True)
class SourceOptions:
    """What is told of a source."""

    path: Path
    images: Path  # the folder that its pictures lie in
    by_id: bool = False  # whether they may be named by their product
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    separator: str | None = None  # of paths
    encoding: str | None = None
    category_names: Path | None = None
    sample: BsonSample | None = None


@dataclass(frozen=True)
class Source:
    """A catalogue in a file or folder."""

    name: str
    about: str  # what it is, and how it is read
    entries: Callable[[], Iterator[Entry]]  # of what is read whole
    bson: BsonFile | None = None  # what is too large for that


def format_of(path: str) -> str:
    """Guess a source's kind by its first bytes. Raises SourceError where it cannot be read."""
    if path.startswith(URL_SCHEMES):
        return SHOP
    if os.path.isdir(path):
        return "folder"
    with opened(Path(path)) as stream:
        start = stream.read(64_000)
    for kind, mark in ((SQLITE, b"SQLite format 3\0"), ("parquet", b"PAR1")):
        if start.startswith(mark):
            return kind
    if start[5:9] == b"_id\0" or path.endswith(".bson"):
        return BSON
    text = start.decode(marked(start, path), "replace").lstrip()
    if text.startswith("<"):
        return "feed"
    if text.startswith("{") and ("\n{" in text or path.endswith((".jsonl", ".ndjson"))):
        return "jsonl"
    return "json" if text.startswith(("{", "[")) else "csv"


def open_source(kind: str, asked: SourceOptions) -> Source:
    """Prepare to read a file or folder. Raises SourceError where it cannot be of its kind."""
    if kind != "folder":
        with opened(asked.path):
            pass  # a pipe would hold up whoever opens it
    return OPENERS[kind](asked)


def _csv(asked: SourceOptions) -> Source:
    dialect = find_dialect(asked.path, asked.encoding)

    def rows() -> Iterator[Row]:
        return read_delimited(asked.path, dialect)

    return _table(asked, dialect.about, dialect.header, rows)


def _json_lines(asked: SourceOptions) -> Source:
    def found() -> Iterator[Found]:
        return read_json_lines(asked.path, asked.encoding)

    header = used_columns(header_of(found()), asked.columns, asked.path)
    return _table(asked, "JSON Lines", header, lambda: rows_of(found(), header))


def _json(asked: SourceOptions) -> Source:
    def found() -> Iterator[Found]:
        return read_objects(asked.path, asked.encoding)

    name, pictures = storable(asked.path.name), PictureFolder(asked.images)
    first = next((item for _, item in found() if not isinstance(item, str)), {})
    if is_atlas(first):
        return Source(name, "JSON of Atlas", lambda: read_atlas(found(), name, pictures))
    if is_shopify(first):
        return Source(name, "JSON of a Shopify shop", lambda: read_shopify(found(), name))
    if is_taxonomy(first):
        about = "JSON of categories, without products"
        return Source(name, about, lambda: read_taxonomy(found(), name))
    header = used_columns(header_of(found()), asked.columns, asked.path)
    return _table(asked, "JSON", header, lambda: rows_of(found(), header), "item")


def _parquet(asked: SourceOptions) -> Source:
    header = used_columns(parquet_header(asked.path), asked.columns, asked.path)
    return _table(asked, "Parquet", header, lambda: read_parquet(asked.path, header), "row")


def _feed(asked: SourceOptions) -> Source:
    separator = asked.separator or ">"
    header = feed_header(asked.path, separator)

    def rows() -> Iterator[Row]:
        return read_feed(asked.path, header, separator)

    return _table(asked, "product feed in XML", header, rows)


def _folder(asked: SourceOptions) -> Source:
    about = "folders of pictures, which are the categories"
    return Source(storable(asked.path.name), about, lambda: read_nested_folders(asked.path))


def _bson(asked: SourceOptions) -> Source:
    path, names = asked.path, asked.category_names
    sample = asked.sample
    with opened(path):
        pass  # what cannot be opened is refused here, and not by each of several processes
    categories = read_category_names(names, asked.encoding) if names else []
    query = f"{storable(path.name)}?bytes={path.stat().st_size}"
    about = f"BSON of Cdiscount, {f'categories of {names.name}' if names else 'no category names'}"
    if sample:
        query += f"&sample={sample.products}&seed={sample.seed}"
        about += f", a sample of {sample.products:,} products"

    file = BsonFile(path, query, categories, sample)
    return Source(storable(path.name), about, file.entries, file)


def _table(
    asked: SourceOptions,
    about: str,
    header: Sequence[str],
    rows: Callable[[], Iterator[Row]],
    unit: str = "line",
) -> Source:
    """Prepare to read rows, by their columns' names and what joins their paths."""
    columns, name = find_columns(header, asked.columns, asked.path), storable(asked.path.name)
    about += f"; {columns.about}"
    separator = asked.separator
    if some := list(_some_paths(rows(), columns)):
        separator = separator or guess_separator(some)
        about += f"; paths are joined by {separator!r}"
    reading = Reading(
        name,
        columns,
        separator or "/",
        PictureFolder(asked.images),
        asked.by_id,
        unit,
    )
    return Source(name, about, lambda: read_rows(rows(), reading))


def _some_paths(rows: Iterable[Row], columns: Columns) -> Iterator[str]:
    """Read the paths of the first rows, as far as they are texts in one column."""
    place, *levels = columns.of.get("category_path", (0, 0))
    for _, cells in () if levels else islice(rows, LOOKED_AT):
        if not isinstance(cells, str) and len(cells) > place and isinstance(cells[place], str):
            yield str(cells[place])


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
FORMATS = (*OPENERS, SQLITE, SHOP)
