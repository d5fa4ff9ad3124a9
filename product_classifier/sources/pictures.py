"""Product pictures from the web or a folder: fetched whole, decoded once, then stored.

A picture counts when it has been decoded; what cannot be had is an Image with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path

from product_classifier.errors import PictureError, SourceError
from product_classifier.pictures import decode
from product_classifier.records import Image
from product_classifier.sources.http import Client

Store = Callable[[bytes, str], tuple[str, str]]  # bytes, extension → file, sha256


def fetch_pictures(
    addresses: Iterable[str],
    client: Client,
    folder: Path | None,
    store: Store,
    workers: int = 16,
) -> Iterator[Image]:
    """Fetch many pictures at once, and yield each as soon as it is stored or has failed.

    An address is a URL, or the path of a file below folder. Abandoning the iteration loses nothing
    that was yielded; the workers are daemons and hold nobody up.
    """

    def fetch(address: str) -> Image:
        try:
            if address.startswith(("http://", "https://")):
                data, extension, size = client.get_file(address, _checked)
            else:
                data, extension, size = _checked(_read(address, folder))
        except (SourceError, PictureError) as error:
            return Image(address, error=str(error))
        return Image(address, *store(data, extension), *size)

    with ThreadPool(workers) as pool:
        yield from pool.imap_unordered(fetch, addresses)


def _checked(data: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """Decode a picture, and pass on its bytes with their extension, width and height."""
    picture, extension = decode(data)
    return data, extension, picture.size


def _read(address: str, folder: Path | None) -> bytes:
    file = Path(address)
    try:
        if folder is None or not file.resolve().is_relative_to(folder.resolve()):
            raise SourceError(f"not below the folder of pictures {folder or ''}".strip())
        return file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise SourceError(getattr(error, "strerror", None) or str(error)) from None
