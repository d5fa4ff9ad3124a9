"""Bytes → picture, safely: the one decoder that downloads, features and reports all use.

`PIL.Image.open` accepts a truncated file and one of a billion pixels; only a full decode below a
limit shows that a picture is whole.
"""

from __future__ import annotations

import io
import threading
from contextlib import nullcontext

from PIL import Image, ImageOps, UnidentifiedImageError

from product_classifier.errors import PictureError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
EXTENSIONS = {
    "JPEG": "jpg",
    "MPO": "jpg",  # what Pillow calls a phone's JPEG with further pictures behind the first
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
}
MAX_PIXELS = 50_000_000
LARGE = (
    4_000_000  # pixels; those with more are decoded one at a time, since each takes up to 800 MB
)
Image.MAX_IMAGE_PIXELS = None  # Pillow would only warn where this module refuses
_one_large = threading.Lock()


def decode(data: bytes) -> tuple[Image.Image, str]:
    """Decode a whole picture: RGB, upright, transparency on white, and its file extension.

    Raises PictureError for anything that is not a complete picture of a known format, or that has
    more than 50 million pixels.
    """
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > MAX_PIXELS:
            size = f"{picture.width}x{picture.height}"
            raise PictureError(f"{size} pixels are more than {MAX_PIXELS:,}")
        extension = EXTENSIONS[str(picture.format)]
        with _one_large if picture.width * picture.height > LARGE else nullcontext():
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            return _rgb(picture), extension
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"not a picture ({_looks_like(data)})") from None
    except Exception as error:  # decoders raise whatever their format's code happens to meet
        reason = str(error).partition(" (")[0]  # without the numbers that differ each time
        raise PictureError(f"broken picture ({reason})") from None


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = Image.new("RGB", layer.size, "white")
        white.paste(layer, mask=layer)
        return white
    if picture.mode.startswith("I;16"):  # convert() would clip 16 bits instead of scaling them
        return picture.point(lambda value: value / 257, "L").convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _looks_like(data: bytes) -> str:
    if not data:
        return "no bytes"
    start = data[:512].lstrip().lower()
    return "HTML" if start.startswith((b"<!doctype", b"<html")) else f"begins {data[:8]!r}"
