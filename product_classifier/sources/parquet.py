"""Parquet files → rows, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.sources.jsonfile import rows_of
from product_classifier.sources.tables import Row

BATCH = 1_000  # rows


def parquet_header(path: Path) -> list[str]:
    """Read the names of the columns. Raises SourceError for what is no Parquet file."""
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        return list(parquet.read_schema(path).names)
    except (arrow.ArrowException, OSError) as error:
        raise SourceError(f"{path} is no whole Parquet file: {_first_line(error)}") from None


def read_parquet(path: Path, header: Sequence[str]) -> Iterator[Row]:
    """Read rows of some columns, numbered from 1; what follows on a damaged part is lost."""
    import pyarrow as arrow
    from pyarrow import parquet

    count = 0
    with parquet.ParquetFile(path) as file:
        batches = file.iter_batches(BATCH, columns=header)
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                values = batch.to_pylist()
            except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
                yield count + 1, f"nothing from here on can be read: {_first_line(error)}"
                return
            numbered = ((count + k, value) for k, value in enumerate(values, 1))
            yield from rows_of(numbered, header)
            count += len(values)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
