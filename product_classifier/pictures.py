"""The only decoder of pictures, which downloads, features and reports share.

`PIL.Image.open` accepts truncated files and files of a billion pixels. Only decoding all pixels,
below a limit, shows that a picture is complete.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from product_classifier.errors import PictureError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
EXTENSIONS = {
    "JPEG": "jpg",
    "MPO": "jpg",  # Pillow's name for a JPEG with further pictures after the first, as phones write
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
}
REDUCED_WHILE_DECODING = ("JPEG", "MPO")
END_OF_JPEG = b"\xff\xd9"  # a JPEG's last marker
TRAILER = 64  # bytes that programs may write after the last marker
FRAMES, EXIF = (0xC0, 0xC1, 0xC2), 0xE1  # markers of common frames and of Exif data
ROTATED = (5, 6, 7, 8)  # Exif orientations that swap width and height
MAX_PIXELS = 50_000_000
LARGE = 4_000_000  # pixels; larger pictures take up to 800 MB and are decoded one at a time
Image.MAX_IMAGE_PIXELS = None  # Pillow would only warn; this module raises
_large_lock = threading.Lock()


def decode(data: bytes) -> tuple[Image.Image, str]:
    """Return a picture in RGB, upright, with transparency on white, and its file extension.

    Raises PictureError unless `data` is a complete picture in one of FORMATS with at most
    MAX_PIXELS pixels.
    """
    with _picture_errors(data):
        picture = _open(data)
        with _one_large_at_a_time(picture):
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            return _rgb(picture), EXTENSIONS[str(picture.format)]


def check_framed(data: bytes) -> tuple[str, tuple[int, int]]:
    """Return what `check` returns, faster, for bytes that cannot have been truncated in transit.

    A JPEG with the right beginning and end is not decoded, so damage inside is found on first use.
    """
    size = _jpeg_size(data) if END_OF_JPEG in data[-TRAILER:] else None
    if size and size[0] * size[1] <= MAX_PIXELS:
        return EXTENSIONS["JPEG"], size
    return check(data)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return the width and height in a plain JPEG's header; None if the header is not enough."""
    position = 2
    while data[:2] == b"\xff\xd8" and position + 9 < len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in FRAMES:
            height, width = data[position + 5 : position + 7], data[position + 7 : position + 9]
            size = int.from_bytes(width), int.from_bytes(height)
            return size if all(size) and data[position + 4] == 8 else None
        if marker == EXIF or not 0xC4 <= marker <= 0xFE:
            return None
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return None


def _open(data: bytes) -> Image.Image:
    """Return a picture of which only the header is read. Raises PictureError if it is too large."""
    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    if picture.width * picture.height > MAX_PIXELS:
        size = f"{picture.width}x{picture.height}"
        raise PictureError(f"{size} pixels are more than {MAX_PIXELS:,}")
    return picture


def _one_large_at_a_time(picture: Image.Image) -> AbstractContextManager[object]:
    """Return a context in which no other large picture is decoded, if this one is large."""
    return _large_lock if picture.width * picture.height > LARGE else nullcontext()


@contextmanager
def _picture_errors(data: bytes) -> Iterator[None]:
    """Raise PictureError for any error that a decoder raises."""
    try:
        yield
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"not a picture ({_looks_like(data)})") from None
    except Exception as error:  # decoders raise errors of many types
        reason = str(error).partition(" (")[0]  # without numbers that differ from file to file
        raise PictureError(f"broken picture ({reason})") from None


def check(data: bytes) -> tuple[str, tuple[int, int]]:
    """Return the file extension of a complete picture, and its width and height when upright.

    All bits of a JPEG are read, but at an eighth of its size, which takes half as long as `decode`.
    Raises PictureError as `decode` does.
    """
    with _picture_errors(data):
        picture = _open(data)
        width, height = picture.size
        if picture.format not in REDUCED_WHILE_DECODING:
            picture, extension = decode(data)
            return extension, picture.size
        with _one_large_at_a_time(picture):
            picture.draft(None, (1, 1))
            picture.load()
        is_rotated = picture.getexif().get(ExifTags.Base.Orientation, 1) in ROTATED
        return EXTENSIONS[str(picture.format)], (height, width) if is_rotated else (width, height)


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = Image.new("RGB", layer.size, "white")
        white.paste(layer, mask=layer)
        return white
    if picture.mode.startswith(
        "I;16"
    ):  # convert() would clip 16-bit values instead of scaling them
        return picture.point(lambda value: value / 257, "L").convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _looks_like(data: bytes) -> str:
    if not data:
        return "no bytes"
    start = data[:512].lstrip().lower()
    return "HTML" if start.startswith((b"<!doctype", b"<html")) else f"begins {data[:8]!r}"
