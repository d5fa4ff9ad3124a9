"""The geometric median of a product's pictures, beside a plain search for it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from product_classifier.features.pooling import MAIN, pool

Floats = NDArray[np.float32]


def drawn(products: int, pictures: int, width: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(products, pictures, width)).astype(np.float32)


def apart(one: Floats, other: Floats) -> float:
    return float(np.linalg.norm(one - other))


def cost(point: NDArray[np.floating], pictures: Floats) -> float:
    """What the median has the least of: distances in all, the main one's weighed."""
    distance = np.linalg.norm(pictures.astype(np.float64) - point, axis=1)
    return float(distance.sum() + (MAIN - 1) * distance[0])


@pytest.mark.parametrize("count", [3, 4, 7])
def test_no_other_point_has_less_distance_to_the_pictures(count: int) -> None:
    pictures = drawn(20, count, 3)
    for some, found in zip(pictures, pool(pictures), strict=True):
        searched = minimize(
            cost, some.mean(axis=0), some, "Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
        )
        best = min([searched.fun, *(cost(picture, some) for picture in some)])
        assert cost(found, some) <= best * (1 + 1e-5)


@pytest.mark.parametrize("logo", [0, 1, 2])
def test_one_unlike_picture_of_three_does_not_decide_wherever_it_stands(logo: int) -> None:
    product = drawn(1, 1, 64)
    pictures = product + 0.1 * drawn(1, 3, 64, seed=1)
    others = np.delete(pictures, logo, axis=1)[0].mean(axis=0)
    nearby = apart(pictures[0, 0], pictures[0, 1])
    for distance in (10, 1_000):
        pictures[0, logo] = distance
        assert apart(pool(pictures)[0], others) < 2 * nearby
        assert apart(pictures[0].mean(axis=0), others) > 10 * nearby  # where a mean would be


def test_of_two_pictures_the_main_one_stands() -> None:
    pictures = drawn(5, 2, 8)
    assert np.array_equal(pool(pictures), pictures[:, 0])


@pytest.mark.parametrize("count", [1, 3, 6])
def test_equal_pictures_are_pooled_into_themselves(count: int) -> None:
    picture = drawn(4, 1, 8)
    assert pool(np.repeat(picture, count, axis=1)) == pytest.approx(picture[:, 0], abs=1e-6)
    assert pool(np.zeros((2, count, 8), np.float32)).tolist() == [[0.0] * 8] * 2


def test_two_that_agree_outvote_the_main_picture() -> None:
    pictures = drawn(1, 3, 16)
    pictures[:, 2] = pictures[:, 1]
    assert pool(pictures) == pytest.approx(pictures[:, 1], abs=1e-3)


def test_what_comes_of_a_product_depends_on_its_pictures_alone() -> None:
    pictures = drawn(300, 4, 129)
    together = pool(pictures)
    assert together.dtype == np.float32
    for k in (0, 17, 299):
        assert np.array_equal(pool(pictures[k : k + 1])[0], together[k])
