"""The geometric median of a product's pictures, compared with a numerical search."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from product_classifier.features.pooling import MAIN_WEIGHT, pool

Floats = NDArray[np.float32]


def drawn(products: int, pictures: int, width: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(products, pictures, width)).astype(np.float32)


def apart(left: Floats, right: Floats) -> float:
    return float(np.linalg.norm(left - right))


def cost(point: NDArray[np.floating], pictures: Floats) -> float:
    """Return the weighted sum of distances that the median minimises."""
    distance = np.linalg.norm(pictures.astype(np.float64) - point, axis=1)
    return float(distance.sum() + (MAIN_WEIGHT - 1) * distance[0])


@pytest.mark.parametrize("count", [3, 4, 7])
def test_no_other_point_has_a_smaller_sum_of_distances(count: int) -> None:
    pictures = drawn(20, count, 3)
    for product, median in zip(pictures, pool(pictures), strict=True):
        searched = minimize(
            cost,
            product.mean(axis=0),
            product,
            "Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-12},
        )
        best = min([searched.fun, *(cost(picture, product) for picture in product)])
        assert cost(median, product) <= best * (1 + 1e-5)


@pytest.mark.parametrize("logo", [0, 1, 2])
def test_one_outlier_of_three_pictures_moves_the_median_little_in_any_position(logo: int) -> None:
    product = drawn(1, 1, 64)
    pictures = product + 0.1 * drawn(1, 3, 64, seed=1)
    others = np.delete(pictures, logo, axis=1)[0].mean(axis=0)
    nearby = apart(pictures[0, 0], pictures[0, 1])
    for distance in (10, 1_000):
        pictures[0, logo] = distance
        assert apart(pool(pictures)[0], others) < 2 * nearby
        assert apart(pictures[0].mean(axis=0), others) > 10 * nearby  # where a mean would be


def test_of_two_pictures_the_main_one_is_used() -> None:
    pictures = drawn(5, 2, 8)
    assert np.array_equal(pool(pictures), pictures[:, 0])


@pytest.mark.parametrize("count", [1, 3, 6])
def test_equal_pictures_pool_into_the_same_picture(count: int) -> None:
    picture = drawn(4, 1, 8)
    assert pool(np.repeat(picture, count, axis=1)) == pytest.approx(picture[:, 0], abs=1e-6)
    assert pool(np.zeros((2, count, 8), np.float32)).tolist() == [[0.0] * 8] * 2


def test_two_that_agree_outvote_the_main_picture() -> None:
    pictures = drawn(1, 3, 16)
    pictures[:, 2] = pictures[:, 1]
    assert pool(pictures) == pytest.approx(pictures[:, 1], abs=1e-3)


def test_the_result_for_a_product_depends_on_its_pictures_alone() -> None:
    pictures = drawn(300, 4, 129)
    together = pool(pictures)
    assert together.dtype == np.float32
    for k in (0, 17, 299):
        assert np.array_equal(pool(pictures[k : k + 1])[0], together[k])
