"""Parquet files → rows, decoded by a process of its own.

The library that decodes them takes what memory and time the bytes of a file ask for, and some
bytes crash it. So it runs in a process with limits, sources/files/parquet_process.py, which hands
on rows as JSON; whatever ends it is told as the reason why nothing more can be read.
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
from product_classifier.sources.files.parquet_process import LARGEST_ANSWER, SECONDS, decode
from product_classifier.sources.files.table_rows import Row
from product_classifier.sources.files.text_stream import BOMB, HARMLESS, opened

ROW = 200  # bytes that each row counts besides its texts, so that empty ones do count


def parquet_header(path: Path) -> list[str]:
    """Read the names of the columns. Raises SourceError for what is no Parquet file."""
    with _answers(path) as answers:
        return _header(answers, path)


def read_parquet(path: Path, names: Sequence[str]) -> Iterator[Row]:
    """Read the columns of these names: rows, numbered from 1.

    What follows on a damaged part is lost, and the last row tells it. Raises SourceError where the
    file grows as only a bomb does.
    """
    count, taken, most = 0, 0, max(HARMLESS, BOMB * path.stat().st_size)
    with _answers(path, *names) as answers:
        for answer in answers:
            if isinstance(answer, str):
                yield count + 1, f"nothing from here on can be read: {answer}"
                return
            size, rows = answer
            taken += size + ROW * len(rows)
            if taken > most:
                raise SourceError(
                    f"{path} grows more than {BOMB} times when it is unpacked, as no catalogue "
                    "does; convert it to CSV if you trust it"
                )
            yield from enumerate(rows, count + 1)
            count += len(rows)


def _header(answers: Iterator[Any], path: Path) -> list[str]:
    answer = next(answers, "it is empty")
    if isinstance(answer, str):
        raise SourceError(f"{path} is no whole Parquet file: {answer}")
    return list(answer[1])


@contextmanager
def _answers(path: Path, *names: str) -> Iterator[Iterator[tuple[int, list[Any]] | str]]:
    """Ask a new process for rows of columns; without any, for the names of all.

    It answers with lists and their sizes in bytes, and last, where it fails, with the reason.
    """
    with opened(path) as stream:
        try:
            stream.fileno()
        except io.UnsupportedOperation:
            raise SourceError(f"{path} is compressed; unpack it first") from None
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=decode, args=(here, there, path, names), daemon=True)
    try:
        process.start()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: no process for it ({error.strerror})") from None
    there.close()

    def answers() -> Iterator[tuple[int, list[Any]] | str]:
        try:
            while data := here.recv_bytes(LARGEST_ANSWER):
                answer = json.loads(data)
                yield answer if isinstance(answer, str) else (len(data), answer)
        except EOFError:  # it has not said that this is the end
            process.join()
            late = process.exitcode == -getattr(signal, "SIGALRM", 0)
            failed = f"the Parquet library crashes ({process.exitcode})"
            yield f"a part of it takes more than {SECONDS} s" if late else failed

    try:
        yield answers()
    finally:
        here.close()
        process.kill()
        process.join()
        process.close()
