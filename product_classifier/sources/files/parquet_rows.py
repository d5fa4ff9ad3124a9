"""Parquet files → rows, decoded in a separate process.

A hostile file can make the decoding library take unlimited memory and time, or crash. So the
library runs in a process with limits, parquet_process.py, which sends rows as JSON. If the process
ends early, the last row says why the rest cannot be read.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from product_classifier.errors import SourceError
from product_classifier.sources.files.parquet_process import LARGEST_MESSAGE, SECONDS, decode
from product_classifier.sources.files.table_rows import Row
from product_classifier.sources.files.text_stream import (
    ALWAYS_ALLOWED,
    MOST_EXPANSION,
    open_unpacked,
)

ROW = 200  # bytes that each row counts in addition to its texts, so that empty rows count


def parquet_header(path: Path) -> list[str]:
    """Return the names of the columns. Raises SourceError if the file is not Parquet."""
    with _messages(path, ()) as messages:
        message = next(messages, "it is empty")
    if isinstance(message, str):
        raise SourceError(f"{path} is not a complete Parquet file: {message}; fetch it again")
    return list(message[1])


def read_parquet(path: Path, names: Sequence[str]) -> Iterator[Row]:
    """Yield rows with the columns of these names, numbered from 1.

    If a part is damaged, the last row is the reason why the rest cannot be read. Raises SourceError
    if the file expands more than MOST_EXPANSION times.
    """
    count, unpacked = 0, 0  # rows, bytes
    most = max(ALWAYS_ALLOWED, MOST_EXPANSION * path.stat().st_size)  # bytes
    with _messages(path, names) as messages:
        for message in messages:
            if isinstance(message, str):
                yield count + 1, f"the rest of the file cannot be read: {message}"
                return
            size, rows = message
            unpacked += size + ROW * len(rows)
            if unpacked > most:
                raise SourceError(
                    f"{path} grows more than {MOST_EXPANSION} times when it is unpacked, as no "
                    "catalogue does; convert it to CSV if you trust it"
                )
            yield from enumerate(rows, count + 1)
            count += len(rows)


@contextmanager
def _messages(path: Path, names: Sequence[str]) -> Iterator[Iterator[tuple[int, list[Any]] | str]]:
    """Start a process that decodes the named columns, or the names of all columns without names.

    The iterator yields lists with their sizes in bytes and, if the process fails, the reason at
    the end. The process ends with the context.
    """
    with open_unpacked(path) as stream:
        try:
            stream.fileno()
        except io.UnsupportedOperation:
            raise SourceError(f"{path} is compressed; unpack it first") from None
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(
        target=decode, args=(receiver, sender, path, names), daemon=True
    )
    try:
        process.start()
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: no process can be started ({error.strerror})"
        ) from None
    sender.close()

    def messages() -> Iterator[tuple[int, list[Any]] | str]:
        try:
            while data := receiver.recv_bytes(LARGEST_MESSAGE):
                message = json.loads(data)
                yield message if isinstance(message, str) else (len(data), message)
        except EOFError:  # without the empty message that is the last one
            process.join()
            timed_out = process.exitcode == -getattr(signal, "SIGALRM", 0)
            crash = f"the Parquet library crashes ({process.exitcode})"
            yield f"a part of it takes more than {SECONDS} s" if timed_out else crash

    try:
        yield messages()
    finally:
        receiver.close()
        process.kill()
        process.join()
        process.close()
