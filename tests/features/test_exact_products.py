"""Scalar products that do not depend on other vectors, kernels, threads or memory alignment."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.features import exact_products

WIDTHS = (1, 2, 3, 17, 64, 131, 2048, 8193)


def drawn(count: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """Return vectors of lengths between a billionth and a billion."""
    generator = np.random.default_rng([count, width, seed])
    scale = 10 ** generator.uniform(-9, 9, (count, 1))
    return (generator.normal(size=(count, width)) * scale).astype(np.float32)


def products(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    return exact_products.products(
        exact_products.to_integers(left), exact_products.to_integers(right)
    )


def lengths(vectors: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(vectors.astype(np.float64), axis=1))


@pytest.mark.parametrize("width", WIDTHS)
def test_products_are_as_accurate_as_single_precision(width: int) -> None:
    left, right = drawn(40, width), drawn(13, width, 1)
    wanted = [[math.fsum(a * b) for b in right.astype(np.float64)] for a in left]
    error = np.abs(products(left, right) - np.array(wanted))
    assert (error <= 2.0**-24 * np.outer(lengths(left), lengths(right))).all()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", [2, 40, 257])
def test_a_product_depends_on_its_two_vectors_alone(count: int, width: int) -> None:
    left, right = drawn(count, width), drawn(13, width, 1)
    together = products(left, right)
    for row in (0, 1, count // 2, count - 1):
        shifted = np.empty(width + 1, np.float32)[1:]  # another alignment
        shifted[:] = left[row]
        assert np.array_equal(products(shifted[None], right)[0], together[row])
    assert np.array_equal(products(left[::-1], right)[::-1], together)
    assert np.array_equal(products(np.asfortranarray(left), right[:1]), together[:, :1])
    assert np.array_equal(products(right, left).T, together)


def test_products_of_integers_up_to_a_thousand_are_exact() -> None:
    left, right = np.arange(-500, 500).reshape(8, -1), np.arange(1000).reshape(8, -1)
    assert products(left, right).tolist() == (left @ right.T).tolist()


def test_zero_and_empty_vectors_have_products_of_zero() -> None:
    assert products(np.zeros((2, 3)), np.ones((1, 3))).tolist() == [[0], [0]]
    assert products(np.zeros((0, 3)), np.ones((1, 3))).shape == (0, 1)
    assert products(np.zeros((2, 0)), np.ones((1, 0))).tolist() == [[0], [0]]


def test_a_nan_affects_its_own_row_alone() -> None:
    left = drawn(3, 17)
    spoilt = left.copy()
    spoilt[1, 4] = np.nan
    actual, expected = products(spoilt, left), products(left, left)
    assert np.isnan(actual[1]).all()
    assert np.array_equal(actual[[0, 2]], expected[[0, 2]])
