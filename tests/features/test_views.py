"""Views of a picture: always the same ones, all different, and the first is the picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PillowImage

from product_classifier.features.views import view_key, view_of

SHA256 = "ab" * 32


@pytest.fixture
def picture() -> PillowImage.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    return PillowImage.fromarray(pixels)


def test_the_first_view_is_the_picture_itself(picture: PillowImage.Image) -> None:
    assert view_of(picture, SHA256, 0) is picture
    assert view_key(SHA256, 0) == SHA256


def test_a_view_is_the_same_every_time(picture: PillowImage.Image) -> None:
    assert view_of(picture, SHA256, 3).tobytes() == view_of(picture, SHA256, 3).tobytes()


def test_views_differ_from_each_other_and_from_picture_to_picture(
    picture: PillowImage.Image,
) -> None:
    views = {
        view_of(picture, sha, view).tobytes() for sha in ("ab" * 32, "cd" * 32) for view in (1, 2)
    }
    keys = {view_key(sha, view) for sha in ("ab" * 32, "cd" * 32) for view in (0, 1, 2)}
    assert (len(views), len(keys)) == (4, 6)


def test_a_view_lies_within_the_picture(picture: PillowImage.Image) -> None:
    for view in range(1, 50):
        seen = view_of(picture, SHA256, view)
        assert 0.2 * 1200 <= seen.width * seen.height <= 1200
        assert seen.width <= 40
        assert seen.height <= 30


def test_a_picture_of_one_pixel_has_views() -> None:
    dot = PillowImage.new("RGB", (1, 1), "red")
    assert {view_of(dot, SHA256, view).size for view in range(20)} == {(1, 1)}
