"""Views of a picture: always the same ones, all different, and the first is the picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PillowImage

from product_classifier.features.augmented_views import View, seen, view
from product_classifier.records import Image


def image(sha256: str) -> Image:
    return Image(address="", file="", sha256=sha256, width=40, height=30)


TEE, MUG = image("ab" * 32), image("cd" * 32)
MATES = [image(f"{k:02x}" * 32) for k in range(256)]


def noise(seed: int) -> PillowImage.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8)
    return PillowImage.fromarray(pixels)


@pytest.fixture
def picture() -> PillowImage.Image:
    return noise(0)


def test_the_first_view_is_the_picture_itself(picture: PillowImage.Image) -> None:
    assert seen(view(TEE, 0, MATES), picture) is picture
    assert view(TEE, 0, MATES).key == TEE.sha256


def test_a_view_is_the_same_every_time(picture: PillowImage.Image) -> None:
    for number in (3, 4):
        first, second = (
            seen(view(TEE, number, MATES), picture, noise(1)).tobytes() for _ in range(2)
        )
        assert first == second


def test_views_differ_from_each_other_and_from_picture_to_picture(
    picture: PillowImage.Image,
) -> None:
    views = [view(image, number, MATES) for image in (TEE, MUG) for number in (1, 2, 3)]
    assert len({seen(view, picture, noise(1)).tobytes() for view in views}) == 6
    assert len({view.key for view in views}) == 6


def test_a_view_lies_within_the_picture(picture: PillowImage.Image) -> None:
    for number in range(1, 50):
        found = seen(View(TEE, number), picture)
        assert 0.2 * 1200 <= found.width * found.height <= 1200
        assert found.width <= 40
        assert found.height <= 30


def test_every_second_view_has_another_picture_mixed_in() -> None:
    mates = {number: view(TEE, number, MATES).mate for number in range(9)}
    assert [number for number, mate in mates.items() if mate] == [2, 4, 6, 8]
    assert len({mate.sha256 for mate in mates.values() if mate}) == 4


def test_what_is_mixed_in_shows() -> None:
    white, black = PillowImage.new("RGB", (40, 30), "white"), PillowImage.new("RGB", (40, 30))
    mixed = [seen(view(TEE, number, MATES), white, black) for number in range(2, 60, 2)]
    darkest, brightest = zip(*(picture.convert("L").getextrema() for picture in mixed), strict=True)
    laid_on = [dark == 0 and bright > 0 for dark, bright in zip(darkest, brightest, strict=True)]
    assert 0 < sum(laid_on) < len(mixed)
    assert all(dark < 255 for dark in darkest)


def test_more_pictures_change_few_of_the_mates() -> None:
    choices = [view(TEE, number, MATES[1::2]) for number in range(2, 400, 2)]
    after = [
        view(TEE, number, sorted([*MATES[1::2], MUG], key=lambda mate: str(mate.sha256)))
        for number in range(2, 400, 2)
    ]
    changed = sum(one != other for one, other in zip(choices, after, strict=True))
    assert changed < 10


def test_a_picture_of_one_pixel_has_views() -> None:
    dot = PillowImage.new("RGB", (1, 1), "red")
    for number in range(20):
        assert seen(view(TEE, number, MATES), dot, dot).size == (1, 1)
