"""Distortions change a picture as they are asked to, and the same way each time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from product_classifier.features.bottlenecks import to_square
from product_classifier.retraining.config import Distortions
from product_classifier.retraining.training_images import distort

DISTORTIONS = {
    "random_crop": Distortions(random_crop=30),
    "random_scale": Distortions(random_scale=30),
    "random_rotation": Distortions(random_rotation=30),
    "random_shear": Distortions(random_shear=30),
}


def drawn() -> PillowImage.Image:
    """A picture like no other way round: a dark square at the top left, before white."""
    pixels = np.full((40, 40, 3), 255, np.uint8)
    pixels[4:12, 4:16] = (10, 60, 110)
    return PillowImage.fromarray(pixels)


def seen(distortions: Distortions, number: int = 0, size: int = 40) -> NDArray[np.uint8]:
    return np.asarray(distort(distortions, drawn(), size, "abc", number))


def test_without_distortions_a_picture_is_only_squashed() -> None:
    assert not Distortions()
    assert (seen(Distortions(), size=17) == to_square(drawn(), 17)).all()


def test_a_flip_mirrors_about_half_of_the_pictures_and_changes_nothing_else() -> None:
    plain, mirrored = np.asarray(drawn()), np.asarray(drawn())[:, ::-1]
    found = [seen(Distortions(flip_left_right=True), number) for number in range(40)]
    flipped = [bool((pixels == mirrored).all()) for pixels in found]
    assert all(flip or (pixels == plain).all() for flip, pixels in zip(flipped, found, strict=True))
    assert 10 < sum(flipped) < 30


@pytest.mark.parametrize("name", ["random_crop", "random_scale"])
def test_cropping_and_scaling_enlarge_a_part_of_the_picture(name: str) -> None:
    dark = (np.asarray(drawn())[..., 0] < 100).sum()
    found = [seen(DISTORTIONS[name], number) for number in range(20)]
    assert {pixels.shape for pixels in found} == {(40, 40, 3)}
    most = max((pixels[..., 0] < 100).sum() for pixels in found)
    assert dark < most <= 1.3**2 * dark * 1.1  # a tenth for the edges


def test_brightness_stays_within_its_limits() -> None:
    plain = seen(Distortions()).astype(float)
    places = plain > 50
    found = [seen(Distortions(random_brightness=20), number)[places] for number in range(20)]
    shares = [
        float((pixels[pixels < 255] / plain[places][pixels < 255]).mean()) for pixels in found
    ]
    assert 0.79 < min(shares) < 0.95
    assert 1.05 < max(shares) < 1.21


@pytest.mark.parametrize("name", ["random_rotation", "random_shear"])
def test_gaps_have_the_colour_of_the_border(name: str) -> None:
    found = [seen(DISTORTIONS[name], number) for number in range(20)]
    assert all((pixels[:, -1] == 255).all() for pixels in found)
    dark = [(pixels[..., 0] < 100).sum() for pixels in found]
    assert min(dark) > 0.7 * 96  # neither changes areas, except for the edges and cropped corners
    assert max(dark) < 1.1 * 96


def test_a_rotation_agrees_with_pillows() -> None:
    distortions = Distortions(random_rotation=90)
    chance = [distort(distortions, drawn(), 40, "abc", number) for number in range(10)]
    angles = np.arange(-90, 90.5, 0.5)
    for picture in chance:
        errors = [
            np.abs(
                np.asarray(
                    drawn().rotate(angle, PillowImage.Resampling.BILINEAR, fillcolor="white")
                )
                - np.asarray(picture).astype(float)
            ).mean()
            for angle in angles
        ]
        assert min(errors) < 1


def test_a_distortion_depends_on_the_picture_and_the_epoch_alone() -> None:
    distortions = Distortions(
        flip_left_right=True,
        random_crop=10,
        random_scale=10,
        random_brightness=10,
        random_rotation=10,
        random_shear=10,
    )
    first, again, later = seen(distortions), seen(distortions), seen(distortions, 1)
    assert (first == again).all()
    assert (first != later).any()
    other = np.asarray(distort(distortions, drawn(), 40, "abd", 0))
    assert (first != other).any()
