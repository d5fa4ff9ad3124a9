"""Only experiments of the same products and depth can be compared."""

from __future__ import annotations

import numpy as np
import pytest

from product_classifier.errors import ReportError
from product_classifier.predictions import PredictedPaths, Summary
from product_classifier.recipes.judge_experiments import (
    insist_on_same_depth,
    insist_on_same_products,
)


def answers(*products: int) -> PredictedPaths:
    rows = np.array(products, dtype=np.int64)
    table = rows[:, None]
    score = np.ones((len(rows), 1))
    return PredictedPaths(
        product=rows,
        answers=table,
        score=score,
        uncalibrated=score,
        row=rows,
        truth=rows,
        above=table,
    )


def test_experiments_of_different_products_are_not_compared() -> None:
    tested = {1: answers(1, 2, 3), 2: answers(2, 3), 3: answers(1, 2, 3), 4: answers()}
    insist_on_same_products(1, 3, tested)
    with pytest.raises(ReportError, match="tested on 3 and 2 products, of which 2 are the same"):
        insist_on_same_products(1, 2, tested)
    with pytest.raises(ReportError, match="experiment 4 has no scores to compare"):
        insist_on_same_products(1, 4, tested)


def learned(number: int, **settings: int) -> Summary:
    return Summary(
        id=number, name="x", date="2026", kind="words", split="s", seconds=1.0, settings=settings
    )


def test_experiments_of_different_depths_are_not_compared() -> None:
    insist_on_same_depth([learned(1), learned(2), learned(3)])
    insist_on_same_depth([learned(1, depth=2), learned(2, depth=2)])
    with pytest.raises(ReportError, match="1 and 3 learned leaves and categories of depth 2"):
        insist_on_same_depth([learned(1), learned(2), learned(3, depth=2)])
    other_depth = r"of depth 1 and categories of depth 2, .* the same --depth"
    with pytest.raises(ReportError, match=other_depth):
        insist_on_same_depth([learned(1, depth=1), learned(2, depth=2)])
