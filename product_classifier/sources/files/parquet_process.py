"""The process that decodes a Parquet file for sources/files/parquet_rows.py, under limits.

Its answers are JSON: a list of rows, each a list of cells or the reason why it cannot be read; or
a text, the reason why nothing more can be read. The last one is empty.
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
MEMORY = 400_000_000  # bytes beyond what the libraries take
SECONDS = 60  # for a batch of rows
BUFFER = 1_000_000  # bytes of the file that are read at a time
STDERR = 2
LARGEST_ANSWER = 16_000_000  # bytes
MOST_COLUMNS = 100_000
_alarm = getattr(signal, "alarm", lambda seconds: None)  # Windows has none


def decode(unused: Connection, answers: Connection, path: Path, names: Sequence[str]) -> None:
    """Answer with the rows of the columns that are named; without any, with the names of all.

    unused: the end of whoever asks, which is to be closed here.
    """
    unused.close()
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDERR)  # where a library that crashes says so
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked ends this process
    for name in ("SIGALRM", "SIGPIPE", "SIGTERM"):
        if hasattr(signal, name):  # Windows has but the last
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        for answer in _answers(path, names):
            _alarm(0)  # whoever reads this may take its time
            answers.send_bytes(answer)
            _alarm(SECONDS)
    except Exception as error:  # the library raises whatever the file's bytes lead it to
        reason = "it needs too much memory" if isinstance(error, MemoryError) else str(error)
        answers.send_bytes(_encoded(reason.partition("\n")[0][:1_000] or type(error).__name__))
    answers.send_bytes(b"")


def _answers(path: Path, names: Sequence[str]) -> Iterator[bytes]:
    _alarm(SECONDS)
    sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]  # not needed, and slow to load
    import pyarrow as arrow
    from pyarrow import parquet

    arrow.set_memory_pool(arrow.system_memory_pool())  # others reserve more than they need
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
            yield from _answers_of(batch, names)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        status = Path("/proc/self/status").read_text()
        taken = 1024 * int(re.findall(r"VmSize:\s+(\d+)", status)[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = taken + MEMORY
        if most == resource.RLIM_INFINITY or limit < most:
            resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _answers_of(batch: Any, names: Sequence[str]) -> Iterator[bytes]:
    """Write a batch; one that is too large in parts, down to a single row."""
    try:
        answer = _encoded(_rows(batch, names))
    except MemoryError:
        answer = None
    if answer is not None and len(answer) < LARGEST_ANSWER:
        yield answer
    elif batch.num_rows > 1:
        half = batch.num_rows // 2
        yield from _answers_of(batch.slice(0, half), names)
        yield from _answers_of(batch.slice(half), names)
    else:
        yield _encoded([f"it has more than {LARGEST_ANSWER:,} bytes"])


def _rows(batch: Any, names: Sequence[str]) -> list[list[Cell] | str]:
    """Read the cells of a batch; a value that is no text costs its row."""
    problems: dict[int, str] = {}
    places = [batch.schema.names.index(name) for name in names]
    columns = [
        _cells(name, batch.column(place), problems)
        for name, place in zip(names, places, strict=True)
    ]
    rows = zip(*columns, strict=True)
    return [problems[k] if k in problems else list(cells) for k, cells in enumerate(rows)]


def _cells(name: str, column: Any, problems: dict[int, str]) -> list[Cell]:
    import pyarrow as arrow

    try:
        values = column.to_pylist()
    except MemoryError:
        raise
    except Exception:  # one of them is beyond what Python has, or no Unicode: find out which
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
    try:
        return scalar.as_py()
    except MemoryError:
        raise
    except UnicodeDecodeError:
        problems.setdefault(row, f"its {name} is no Unicode")
    except Exception:  # a date after the year 9999, a time zone that there is not, …
        problems.setdefault(row, f"its {name} is no text: a {scalar.type!s:.80} beyond Python's")
    return None


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
