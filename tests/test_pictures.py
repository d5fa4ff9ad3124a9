"""The decoder accepts complete pictures of known formats and converts them to RGB."""

import io

import pytest
from PIL import Image

from product_classifier import pictures
from product_classifier.errors import PictureError
from product_classifier.pictures import decode
from tests.conftest import jpeg


def saved(picture: Image.Image, format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_name, **options)
    return file.getvalue()


def test_transparency_becomes_white() -> None:
    picture, extension = decode(saved(Image.new("RGBA", (2, 2), (255, 0, 0, 0)), "PNG"))
    assert (picture.mode, picture.getpixel((0, 0)), extension) == ("RGB", (255, 255, 255), "png")


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    picture, _ = decode(saved(Image.new("I;16", (2, 2), 32896), "PNG"))
    assert picture.getpixel((0, 0)) == (128, 128, 128)


def test_a_picture_is_turned_upright_by_its_exif_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    assert decode(saved(Image.new("RGB", (40, 30)), "JPEG", exif=exif))[0].size == (30, 40)


@pytest.mark.parametrize(
    ("mode", "format_name"),
    [("1", "PNG"), ("L", "PNG"), ("P", "GIF"), ("LA", "PNG"), ("CMYK", "JPEG")],
)
def test_every_mode_becomes_rgb(mode: str, format_name: str) -> None:
    assert decode(saved(Image.new(mode, (2, 2)), format_name))[0].mode == "RGB"


def test_of_a_jpeg_with_several_pictures_the_first_is_decoded() -> None:
    red, blue = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
    picture, extension = decode(saved(red, "MPO", save_all=True, append_images=[blue]))
    assert (picture.getpixel((9, 9)), picture.size, extension) == ((254, 0, 0), (40, 30), "jpg")


@pytest.mark.parametrize("cut", [1, 100, 300])
def test_a_truncated_picture_is_refused(cut: int) -> None:
    with pytest.raises(PictureError, match=r"^broken picture \(image file is truncated\)$"):
        decode(jpeg(size=(200, 200))[:-cut])


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    bomb = saved(Image.new("1", (10_000, 10_000)), "PNG")
    with pytest.raises(PictureError, match="10000x10000 pixels are more than 50,000,000"):
        decode(bomb)


def test_other_formats_are_not_decoded() -> None:
    with pytest.raises(PictureError, match="not a picture"):
        decode(saved(Image.new("RGB", (2, 2)), "TIFF"))


def test_the_largest_size_is_still_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1200)
    assert decode(jpeg(size=(30, 40)))[0].size == (30, 40)
