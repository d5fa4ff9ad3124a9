"""Product pictures from the web or a folder: fetched whole, decoded once, then stored.

A picture counts when it has been decoded; what cannot be had is an Image with the reason.
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
AHEAD = 8  # addresses for each worker, so that none of them waits for this thread
FILES_EACH = 2  # open at once for each worker: a connection and a file
LONGEST_WAIT = 0.05  # seconds from a picture to its row: storing many at once takes as long as one


class Store(Protocol):
    """Where pictures go, such as store.images.ImageFolder."""

    def put(self, data: bytes, extension: str) -> tuple[str, str]:
        """Store a picture's bytes; returns its file and its SHA-256."""

    def keep(self) -> None:
        """Make sure that all that has been put stays there."""


def fetch_pictures(
    addresses: Iterable[str],
    client: Client,
    folder: Path | None,
    store: Store,
    workers: int = 16,
    copies: Copies = lambda address: None,
) -> Iterator[list[Image]]:
    """Fetch many pictures at once, and yield those that are stored or have failed since.

    An address is a URL, or the path of a file below folder; addresses are taken as they are needed.
    copies: where a file might be that somebody has fetched from a URL before.
    Abandoning the iteration loses nothing that was yielded; the workers are daemons and hold nobody
    up. Raises SourceError where so many workers may not open their files.
    """
    _insist_on_open_files(workers)
    asked: SimpleQueue[str | None] = SimpleQueue()
    ready: SimpleQueue[Image | BaseException] = SimpleQueue()

    def work() -> None:
        while (address := asked.get()) is not None:
            try:
                ready.put(_fetched(address, client, folder, store, copies))
            except BaseException as error:  # for the thread that waits for it
                ready.put(error)

    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    rest = iter(addresses)
    waiting = 0
    try:
        while True:
            for address in islice(rest, AHEAD * workers - waiting):
                asked.put(address)
                waiting += 1
            if not waiting:
                return
            found = [ready.get()]
            time.sleep(LONGEST_WAIT)
            found += [ready.get() for _ in range(ready.qsize())]
            waiting -= len(found)
            store.keep()
            yield [_whole(result) for result in found]
    finally:
        for _ in range(workers):
            asked.put(None)


def _insist_on_open_files(workers: int) -> None:
    left = open_files_left()
    if FILES_EACH * workers > left:
        raise SourceError(
            f"fetching {workers} pictures at once opens up to {FILES_EACH * workers} files, and "
            f"the limit (ulimit -n) leaves {left}; raise it, or pass --connections "
            f"{max(1, int(left) // FILES_EACH)}"
        )


def put_embedded(picture: Embedded, store: Store) -> Image | Skipped:
    """Check and put a picture that a source holds itself.

    One that is none is skipped for good: nobody else can be asked for it.
    """
    try:
        extension, size = check_framed(picture.data)
    except PictureError as error:
        return Skipped("image", picture.place, str(error))
    return _stored(picture.address, picture.data, extension, size, store)


def _fetched(
    address: str, client: Client, folder: Path | None, store: Store, copies: Copies
) -> Image:
    with suppress(SourceError, PictureError):  # without a whole copy, the web is asked
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
    except Exception as error:  # of a million addresses, none may be the end of all the others
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


def _whole(result: Image | BaseException) -> Image:
    if isinstance(result, BaseException):
        raise result
    return result


def _checked(data: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """Read a whole picture, and pass on its bytes with their extension, width and height."""
    return data, *check(data)


def _read(address: str, folder: Path | None) -> bytes:
    file = Path(address)
    try:
        if folder is None or not file.resolve().is_relative_to(folder.resolve()):
            raise SourceError(f"not below the folder of pictures {folder or ''}".strip())
        return read_bounded(file, LARGEST)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise SourceError(getattr(error, "strerror", None) or str(error)) from None
