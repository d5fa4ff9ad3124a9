"""Fetch product pictures from the web or a folder, check them by decoding, and store them.

A picture that cannot be fetched or decoded is an Image with the reason.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from product_classifier.errors import PictureError, ProductClassifierError, SourceError
from product_classifier.pictures import check, check_framed
from product_classifier.records import Embedded, Image, Skipped
from product_classifier.regular import read_bounded
from product_classifier.sources.web.client import Client
from product_classifier.system_errors import open_files_left

Copies = Callable[[str], Path | None]
LARGEST = 160_000_000  # bytes of a file: 50 million pixels, not compressed
AHEAD = 8  # addresses that are queued for each worker, so that no worker waits
FILES_EACH = 2  # open at once for each worker: a connection and a file
LONGEST_WAIT = 0.05  # seconds from a picture to its row: storing many takes as long as storing one


class Store(Protocol):
    """A place to store pictures in, such as store.image_folder.ImageFolder."""

    def put(self, data: bytes, extension: str) -> tuple[str, str]:
        """Store a picture's bytes, and return its file name and SHA-256."""

    def keep(self) -> None:
        """Write everything that was put to the disk."""


def fetch_pictures(
    addresses: Iterable[str],
    client: Client,
    folder: Path | None,
    store: Store,
    workers: int = 16,
    copies: Copies = lambda address: None,
) -> Iterator[list[Image]]:
    """Fetch many pictures at the same time, and yield lists of those that were stored or failed.

    An address is a URL, or the path of a file below folder; addresses are consumed as needed.
    copies: returns the file that an earlier system may have fetched from a URL. Abandoning the
    iteration loses nothing that was yielded; the workers are daemon threads. Raises SourceError if
    the limit of open files is too low for the workers.
    """
    _require_open_files(workers)
    queued: SimpleQueue[str | None] = SimpleQueue()
    ready: SimpleQueue[Image | BaseException] = SimpleQueue()

    def work() -> None:
        while (address := queued.get()) is not None:
            try:
                ready.put(_fetched(address, client, folder, store, copies))
            except BaseException as error:  # raised again by the thread that reads the results
                ready.put(error)

    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    rest = iter(addresses)
    waiting = 0
    try:
        while True:
            for address in islice(rest, AHEAD * workers - waiting):
                queued.put(address)
                waiting += 1
            if not waiting:
                return
            results = [ready.get()]
            time.sleep(LONGEST_WAIT)
            results += [ready.get() for _ in range(ready.qsize())]
            waiting -= len(results)
            store.keep()
            yield [_picture(result) for result in results]
    finally:
        for _ in range(workers):
            queued.put(None)


def _require_open_files(workers: int) -> None:
    left = open_files_left()
    if FILES_EACH * workers > left:
        raise SourceError(
            f"fetching {workers} pictures at once opens up to {FILES_EACH * workers} files, and "
            f"the limit (ulimit -n) leaves {left}; raise it, or pass --connections "
            f"{max(1, int(left) // FILES_EACH)}"
        )


def put_embedded(picture: Embedded, store: Store) -> Image | Skipped:
    """Check and store a picture that a source contains.

    A broken picture is skipped, and not tried again, since it cannot be fetched from anywhere else.
    """
    try:
        extension, size = check_framed(picture.data)
    except PictureError as error:
        return Skipped("image", picture.place, str(error))
    return _stored(picture.address, picture.data, extension, size, store)


def _fetched(
    address: str, client: Client, folder: Path | None, store: Store, copies: Copies
) -> Image:
    with suppress(SourceError, PictureError):  # without a sound copy, the picture is fetched
        if copy := copies(address):
            data, extension, size = _checked(_read(str(copy), folder))
            return _stored(address, data, extension, size, store)
    try:
        if address.startswith(("http://", "https://")):
            data, extension, size = client.get_file(address, _checked)
        else:
            data, extension, size = _checked(_read(address, folder))
    except (SourceError, PictureError) as error:
        return Image(address=address, error=str(error))
    except ProductClassifierError:
        raise
    except Exception as error:  # one address of a million must not end the others
        problem = SourceError(f"a fault of this program, please report it: {error!r}")
        return Image(address=address, error=str(problem))
    return _stored(address, data, extension, size, store)


def _stored(
    address: str, data: bytes, extension: str, size: tuple[int, int], store: Store
) -> Image:
    """Store a picture's bytes, and return its record."""
    file, sha256 = store.put(data, extension)
    width, height = size
    return Image(address=address, file=file, sha256=sha256, width=width, height=height)


def _picture(result: Image | BaseException) -> Image:
    if isinstance(result, BaseException):
        raise result
    return result


def _checked(data: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """Return a picture's bytes with its extension, width and height. Raises PictureError."""
    return data, *check(data)


def _read(address: str, folder: Path | None) -> bytes:
    file = Path(address)
    try:
        if folder is None or not file.resolve().is_relative_to(folder.resolve()):
            raise SourceError(f"not below the folder of pictures {folder or ''}".strip())
        return read_bounded(file, LARGEST)
    except (OSError, ValueError) as error:  # ValueError: a name that a file cannot have
        raise SourceError(getattr(error, "strerror", None) or str(error)) from None
