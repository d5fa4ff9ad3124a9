"""Augmented views of a picture: reproducible, all different, and view 0 is the picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PillowImage

from product_classifier.features.augmented_views import View, apply_view, view
from product_classifier.records import Image


def image(sha256: str) -> Image:
    return Image(address="", file="", sha256=sha256, width=40, height=30)


TEE, MUG = image("ab" * 32), image("cd" * 32)
PARTNERS = [image(f"{k:02x}" * 32) for k in range(256)]


def noise(seed: int) -> PillowImage.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8)
    return PillowImage.fromarray(pixels)


@pytest.fixture
def picture() -> PillowImage.Image:
    return noise(0)


def test_the_first_view_is_the_picture_itself(picture: PillowImage.Image) -> None:
    assert apply_view(view(TEE, 0, PARTNERS), picture) is picture
    assert view(TEE, 0, PARTNERS).key == TEE.sha256


def test_a_view_is_the_same_every_time(picture: PillowImage.Image) -> None:
    for number in (3, 4):
        first, second = (
            apply_view(view(TEE, number, PARTNERS), picture, noise(1)).tobytes() for _ in range(2)
        )
        assert first == second


def test_views_differ_from_each_other_and_from_picture_to_picture(
    picture: PillowImage.Image,
) -> None:
    views = [view(image, number, PARTNERS) for image in (TEE, MUG) for number in (1, 2, 3)]
    assert len({apply_view(view, picture, noise(1)).tobytes() for view in views}) == 6
    assert len({view.key for view in views}) == 6


def test_a_view_is_not_larger_than_the_picture(picture: PillowImage.Image) -> None:
    for number in range(1, 50):
        shown = apply_view(View(TEE, number), picture)
        assert 0.2 * 1200 <= shown.width * shown.height <= 1200
        assert shown.width <= 40
        assert shown.height <= 30


def test_even_views_have_another_picture_mixed_in() -> None:
    partners = {number: view(TEE, number, PARTNERS).mixup_partner for number in range(9)}
    assert [number for number, partner in partners.items() if partner] == [2, 4, 6, 8]
    assert len({partner.sha256 for partner in partners.values() if partner}) == 4


def test_the_mixed_in_picture_is_visible() -> None:
    white, black = PillowImage.new("RGB", (40, 30), "white"), PillowImage.new("RGB", (40, 30))
    mixed = [apply_view(view(TEE, number, PARTNERS), white, black) for number in range(2, 60, 2)]
    darkest, brightest = zip(*(picture.convert("L").getextrema() for picture in mixed), strict=True)
    laid_on = [dark == 0 and bright > 0 for dark, bright in zip(darkest, brightest, strict=True)]
    assert 0 < sum(laid_on) < len(mixed)
    assert all(dark < 255 for dark in darkest)


def test_adding_pictures_changes_few_mixup_partners() -> None:
    choices = [view(TEE, number, PARTNERS[1::2]) for number in range(2, 400, 2)]
    after = [
        view(TEE, number, sorted([*PARTNERS[1::2], MUG], key=lambda partner: str(partner.sha256)))
        for number in range(2, 400, 2)
    ]
    changed = sum(view != new for view, new in zip(choices, after, strict=True))
    assert changed < 10


def test_a_picture_of_one_pixel_has_views() -> None:
    dot = PillowImage.new("RGB", (1, 1), "red")
    for number in range(20):
        assert apply_view(view(TEE, number, PARTNERS), dot, dot).size == (1, 1)
