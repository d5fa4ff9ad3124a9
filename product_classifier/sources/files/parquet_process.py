"""The process that decodes a Parquet file for parquet_rows.py, with limits on memory and time.

Its messages are JSON: a list of rows, each a list of cells or the reason why it cannot be read; or
a text, the reason why the rest of the file cannot be read. The last message is empty.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from product_classifier.sources.files.json_rows import cell_of
from product_classifier.sources.files.table_rows import Cell

BATCH = 1_000  # rows
MEMORY = 400_000_000  # bytes beyond those of the libraries
SECONDS = 60  # for a batch of rows
BUFFER = 1_000_000  # bytes of the file that are read at a time
STDERR = 2
LARGEST_MESSAGE = 16_000_000  # bytes
MOST_COLUMNS = 100_000
_alarm = getattr(signal, "alarm", lambda seconds: None)  # Windows has none


def decode(receiver: Connection, sender: Connection, path: Path, names: Sequence[str]) -> None:
    """Send the rows of the named columns, or the names of all columns if none is named.

    receiver: the parent's end of the pipe, which this process inherits and closes.
    """
    receiver.close()
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDERR)  # hides the messages of a crashing library
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends this one
    for name in ("SIGALRM", "SIGPIPE", "SIGTERM"):
        if hasattr(signal, name):  # Windows has only the last one
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        for message in _messages(path, names):
            _alarm(0)  # the parent process may read slowly
            sender.send_bytes(message)
            _alarm(SECONDS)
    except Exception as error:  # the library raises errors of many types
        reason = "it needs too much memory" if isinstance(error, MemoryError) else str(error)
        sender.send_bytes(_encoded(reason.partition("\n")[0][:1_000] or type(error).__name__))
    sender.send_bytes(b"")


def _messages(path: Path, names: Sequence[str]) -> Iterator[bytes]:
    _alarm(SECONDS)
    sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]  # not needed, and slow to import
    import pyarrow as arrow
    from pyarrow import parquet

    arrow.set_memory_pool(arrow.system_memory_pool())  # others reserve too much memory
    _limit_memory()
    with (
        path.open("rb") as stream,
        parquet.ParquetFile(stream, buffer_size=BUFFER, pre_buffer=False) as file,
    ):
        if not names:
            columns = file.schema_arrow.names
            if len(columns) > MOST_COLUMNS:
                raise ValueError(f"it has {len(columns):,} columns, more than {MOST_COLUMNS:,}")
            yield _encoded(columns)
            return
        for batch in file.iter_batches(BATCH, columns=names, use_threads=False):
            yield from _batch_messages(batch, names)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        status = Path("/proc/self/status").read_text()
        used = 1024 * int(re.findall(r"VmSize:\s+(\d+)", status)[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = used + MEMORY
        if most == resource.RLIM_INFINITY or limit < most:
            resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _batch_messages(batch: Any, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the messages of a batch, which is halved until each is below LARGEST_MESSAGE."""
    try:
        message = _encoded(_rows(batch, names))
    except MemoryError:
        message = None
    if message is not None and len(message) < LARGEST_MESSAGE:
        yield message
    elif batch.num_rows > 1:
        half = batch.num_rows // 2
        yield from _batch_messages(batch.slice(0, half), names)
        yield from _batch_messages(batch.slice(half), names)
    else:
        yield _encoded([f"it has more than {LARGEST_MESSAGE:,} bytes"])


def _rows(batch: Any, names: Sequence[str]) -> list[list[Cell] | str]:
    """Return the rows of a batch: their cells, or the reason if a value is not text."""
    problems: dict[int, str] = {}
    positions = [batch.schema.names.index(name) for name in names]
    columns = [
        _cells(name, batch.column(position), problems)
        for name, position in zip(names, positions, strict=True)
    ]
    rows = zip(*columns, strict=True)
    return [problems[k] if k in problems else list(cells) for k, cells in enumerate(rows)]


def _cells(name: str, column: Any, problems: dict[int, str]) -> list[Cell]:
    """Return a column's cells, and add the problems of rows whose value is not text."""
    import pyarrow as arrow

    try:
        values = column.to_pylist()
    except MemoryError:
        raise
    except Exception:  # a value that Python cannot represent, or invalid Unicode
        values = [_value(name, scalar, k, problems) for k, scalar in enumerate(column)]
    if arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type):
        return ["" if value is None else value for value in values]
    cells: list[Cell] = []
    for k, value in enumerate(values):
        try:
            cells.append(cell_of(name, value))
        except (TypeError, ValueError, RecursionError) as error:
            problems.setdefault(k, str(error))
            cells.append("")
    return cells


def _value(name: str, scalar: Any, row: int, problems: dict[int, str]) -> object:
    """Return a value, or None after adding the row's problem."""
    try:
        return scalar.as_py()
    except MemoryError:
        raise
    except UnicodeDecodeError:
        problems.setdefault(row, f"its {name} is not valid Unicode")
    except Exception:  # a date after the year 9999, an unknown time zone, …
        problems.setdefault(row, f"its {name} is not text: a {scalar.type!s:.80} beyond Python's")
    return None


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
