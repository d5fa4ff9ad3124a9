"""Accuracy with several truths, one level up, and its interval."""

import numpy as np
import pytest
from scipy.stats import binomtest

from product_classifier.evaluate.accuracy import Figures, figures, interval
from product_classifier.predictions import Outcomes

WOMEN, JEANS, BOOTCUT, FLARE, BELTS = range(1, 6)
ABOVE = {WOMEN: WOMEN, JEANS: JEANS, BOOTCUT: JEANS, FLARE: JEANS, BELTS: BELTS}


def judge(*rows: tuple[int, float, int, int]) -> Figures:
    """Each row: product, score, predicted category, one of its true categories."""
    product, score, predicted, true = (np.array(column) for column in zip(*rows, strict=True))
    return figures(
        Outcomes(product=product, score=score, predicted=predicted, true=true, above=ABOVE)
    )


def test_a_prediction_is_right_when_it_is_any_of_the_true_categories() -> None:
    result = judge((1, 0.9, FLARE, BOOTCUT), (1, 0.9, FLARE, FLARE), (2, 0.8, BELTS, FLARE))
    assert (result.leaf.right, result.leaf.total) == (1, 2)


def test_a_sibling_is_right_one_level_up() -> None:
    result = judge((1, 0.9, FLARE, BOOTCUT))
    assert (result.leaf.right, result.parent.right) == (0, 1)


def test_leaves_directly_below_the_root_are_not_each_others_siblings() -> None:
    above = {**ABOVE, 6: 6}
    outcomes = Outcomes(
        product=np.array([1]),
        score=np.array([0.9]),
        predicted=np.array([6]),
        true=np.array([BELTS]),
        above=above,
    )
    assert figures(outcomes).parent.right == 0


def test_a_product_that_has_lost_its_category_counts_as_wrong() -> None:
    assert judge((1, 0.9, FLARE, 0)).leaf.right == 0


def test_scores_belong_to_products_however_many_true_categories_they_have() -> None:
    result = judge((7, 0.6, FLARE, BELTS), (3, 0.9, FLARE, FLARE), (3, 0.9, FLARE, BOOTCUT))
    found = result.leaf.coverage[0.95]
    assert (found.share, found.threshold) == (0.5, 0.9)


@pytest.mark.parametrize(("right", "total"), [(0, 10), (10, 10), (3, 10), (880, 900)])
def test_the_interval_is_the_exact_binomial_one(right: int, total: int) -> None:
    expected = binomtest(right, total).proportion_ci(0.95, method="exact")
    assert interval(right, total) == pytest.approx((expected.low, expected.high))


def test_no_observation_leaves_every_share_possible() -> None:
    assert interval(0, 0) == (0.0, 1.0)
