"""Figures of categories against plain loops and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from product_classifier.evaluate.categories import (
    Average,
    CategoryFigures,
    averages,
    confused_with,
    hierarchical,
    per_category,
)

CATEGORIES = 5
NONE = math.nan
# jeans (0) holds bootcut (1), which holds petite (2), and flare (3); belts (4) lies below the root
JEANS, BOOTCUT, PETITE, FLARE, BELTS = range(CATEGORIES)
ABOVE = np.array([[0, -1, -1], [1, 0, -1], [2, 1, 0], [3, 0, -1], [4, -1, -1]])

Product = tuple[int, int, set[int]]  # predicted, tenths of score, truths
truths = st.sets(st.integers(0, CATEGORIES - 1), max_size=3)
products = st.lists(st.tuples(st.integers(0, CATEGORIES - 1), st.integers(0, 10), truths))


def columns(
    rows: list[Product],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    pairs = [(row, true) for row, (*_, these) in enumerate(rows) for true in these]
    row, category = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return (
        np.array([predicted for predicted, *_ in rows], dtype=np.int64),
        np.array([tenths / 10 for _, tenths, _ in rows]),
        row,
        category,
    )


def judge(rows: list[Product], threshold: float | None = None) -> CategoryFigures:
    predicted, score, row, category = columns(rows)
    return per_category(predicted, score, row, category, CATEGORIES, threshold)


def confusions(rows: list[Product], k: int = 10) -> list[tuple[int, int, int]]:
    predicted, _, row, category = columns(rows)
    return confused_with(predicted, row, category, k)


def by_paths(rows: list[Product]) -> Average:
    predicted, _, row, category = columns(rows)
    return hierarchical(predicted, row, category, ABOVE)


def single(predicted: list[int], true: list[int]) -> CategoryFigures:
    return judge([(guess, 5, {one}) for guess, one in zip(predicted, true, strict=True)])


def share(part: float, whole: float) -> float:
    return part / whole if whole else NONE


def rates(found: int, predicted: int, relevant: int) -> tuple[float, float, float]:
    precision, recall = share(found, predicted), share(found, relevant)
    if not found:
        return precision, recall, precision + recall  # 0, or nan with either
    return precision, recall, 2 * precision * recall / (precision + recall)


@settings(deadline=None)
@given(products)
def test_every_category_is_judged_as_by_looking_at_each_product(rows: list[Product]) -> None:
    found = judge(rows, 0.6)
    for category in range(CATEGORIES):
        mine = [row for row in rows if row[0] == category]
        theirs = [row for row in rows if category in row[2]]
        hits = [row for row in mine if row in theirs]
        relevant = [row for row in theirs if row[0] == category or row[0] not in row[2]]
        accepted = [row for row in mine if row[1] >= 6]
        expected = (
            *(len(theirs), len(relevant), len(mine), len(hits)),
            *rates(len(hits), len(mine), len(relevant)),
            share(len(accepted), len(mine)),
        )
        figures = [getattr(found, name)[category] for name in CategoryFigures.__slots__]
        assert figures == pytest.approx(expected, nan_ok=True)


def test_a_right_product_is_not_missed_by_its_other_categories() -> None:
    found = judge([(FLARE, 9, {FLARE, BELTS}), (JEANS, 9, {FLARE, BELTS})])
    assert (found.support[BELTS], found.relevant[BELTS], found.recall[BELTS]) == (2, 1, 0.0)
    assert (found.support[FLARE], found.relevant[FLARE], found.recall[FLARE]) == (2, 2, 0.5)


def test_a_product_without_truths_counts_against_its_prediction() -> None:
    found = judge([(FLARE, 9, {FLARE}), (FLARE, 9, set())])
    assert (found.precision[FLARE], found.recall[FLARE]) == (0.5, 1.0)


def test_categories_never_predicted_or_never_true_have_undefined_metrics() -> None:
    found = single([FLARE], [BELTS])
    assert (found.recall[BELTS], found.precision[FLARE]) == (0.0, 0.0)
    assert np.isnan([found.precision[BELTS], found.f1[BELTS], found.coverage[FLARE]]).all()
    assert np.isnan([found.recall[FLARE], found.f1[FLARE], found.precision[JEANS]]).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_single_true_categories_give_the_metrics_of_scikit_learn(
    rows: list[tuple[int, int]],
) -> None:
    predicted, true = ([row[k] for row in rows] for k in (0, 1))
    found = single(predicted, true)
    for undefined in (0.0, 1.0):
        theirs = precision_recall_fscore_support(
            true, predicted, labels=range(CATEGORIES), zero_division=undefined
        )
        for mine, each in zip((found.precision, found.recall), theirs, strict=False):
            assert np.where(np.isnan(mine), undefined, mine) == pytest.approx(each)
    assert np.nan_to_num(found.f1) == pytest.approx(
        precision_recall_fscore_support(
            true, predicted, labels=range(CATEGORIES), zero_division=0.0
        )[2]
    )
    mean = averages(found)
    for kind, labels in (("micro", None), ("macro", sorted(set(true))), ("weighted", None)):
        *expected, _ = precision_recall_fscore_support(
            true, predicted, labels=labels, average=kind, zero_division=0.0
        )
        mine = getattr(mean, kind)
        assert (mine.precision, mine.recall, mine.f1) == pytest.approx(expected)


def test_averages_without_products_are_undefined() -> None:
    mean = averages(judge([]))
    each = [mean.micro, mean.macro, mean.weighted]
    assert np.isnan([(one.precision, one.recall, one.f1) for one in each]).all()


@pytest.mark.parametrize(("predicted", "expected"), [(BELTS, 1.0), (FLARE, 0.0)])
def test_averages_of_one_category_are_its_own(predicted: int, expected: float) -> None:
    macro = averages(single([predicted] * 3, [BELTS] * 3)).macro
    assert macro == Average(expected, expected, expected)


@settings(deadline=None)
@given(products, st.integers(0, 4))
def test_confusions_equal_those_counted_product_by_product(rows: list[Product], k: int) -> None:
    counts: dict[tuple[int, int], int] = {}
    for predicted, _, these in rows:
        for true in these if predicted not in these else ():
            counts[true, predicted] = counts.get((true, predicted), 0) + 1
    ranked = sorted((-count, *pair) for pair, count in counts.items())
    assert confusions(rows, k) == [(*pair, -count) for count, *pair in ranked[:k]]


def test_right_products_cause_no_confusions() -> None:
    assert confusions([(FLARE, 9, {FLARE, BELTS})]) == confusions([]) == []


def test_hierarchical_metrics_compare_paths_of_different_depths() -> None:
    # {petite, bootcut, jeans} and {flare, jeans} share jeans; {belts} and {jeans} share nothing
    found = by_paths([(PETITE, 9, {FLARE}), (BELTS, 9, {JEANS}), (BOOTCUT, 9, {PETITE})])
    assert found == Average((1 + 0 + 2) / (3 + 1 + 2), (1 + 0 + 2) / (2 + 1 + 3), 0.5)


def test_of_equally_near_true_categories_the_shortest_path_counts() -> None:
    assert by_paths([(FLARE, 9, {PETITE, JEANS})]) == Average(1 / 2, 1.0, 2 / 3)


@settings(deadline=None)
@given(products)
def test_paths_are_compared_as_sets(rows: list[Product]) -> None:
    paths = [{node for node in path if node >= 0} for path in ABOVE.tolist()]
    shared = predicted_nodes = true_nodes = 0
    for predicted, _, these in rows:
        best = max(
            ((len(paths[predicted] & paths[true]), -len(paths[true])) for true in these),
            default=(0, 0),
        )
        shared += best[0]
        predicted_nodes += len(paths[predicted])
        true_nodes -= best[1]
    found = by_paths(rows)
    expected = rates(shared, predicted_nodes, true_nodes)
    assert (found.precision, found.recall, found.f1) == pytest.approx(expected, nan_ok=True)
