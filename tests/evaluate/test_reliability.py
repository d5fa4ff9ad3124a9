"""Calibration against twins written as loops, and on logits of a known temperature."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from product_classifier.evaluate.reliability import Reliability, fit_temperature, reliability

Row = tuple[int, bool]  # score in eighths, right


def judge(rows: list[Row], bins: int = 15) -> Reliability:
    score, right = [row[0] / 8 for row in rows], [row[1] for row in rows]
    return reliability(np.array(score), np.array(right, dtype=bool), bins)


def binned(rows: list[Row], bins: int) -> list[list[Row]]:
    """Cut the sorted rows evenly, then move each cut down to where its tie starts."""
    ranked = sorted(rows)
    parts: list[list[Row]] = [[]]
    cuts = [len(part) for part in np.array_split(ranked, bins)]
    starts = {sum(cuts[:k]) for k in range(1, bins)}
    for start in list(starts):
        while 0 < start < len(ranked) and ranked[start][0] == ranked[start - 1][0]:
            starts.discard(start)
            start -= 1
        starts.add(start)
    for position, row in enumerate(ranked):
        if position in starts and parts[-1]:
            parts.append([])
        parts[-1].append(row)
    return parts


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 6),
)
def test_bins_are_even_but_for_ties(rows: list[Row], bins: int) -> None:
    found = judge(rows, bins)
    parts = binned(rows, bins)
    assert found.count.tolist() == [len(part) for part in parts]
    mean = [sum(score for score, _ in part) / len(part) / 8 for part in parts]
    accuracy = [sum(hit for _, hit in part) / len(part) for part in parts]
    assert found.score.tolist() == pytest.approx(mean)
    assert found.accuracy.tolist() == pytest.approx(accuracy)
    gaps = zip(parts, mean, accuracy, strict=True)
    ece = sum(len(part) * abs(hits - score) for part, score, hits in gaps) / len(rows)
    assert found.ece == pytest.approx(ece)


def test_without_ties_the_bins_are_of_equal_mass() -> None:
    found = reliability(np.linspace(0, 1, 152), np.ones(152, dtype=bool))
    assert found.count.tolist() == [11, 11] + [10] * 13


def test_equal_scores_share_a_bin() -> None:
    found = judge([(1, True), (2, True), (2, False), (2, True), (3, True), (4, True)], bins=3)
    assert found.count.tolist() == [1, 3, 2]


@pytest.mark.parametrize(
    ("rows", "ece"),
    [
        ([(8, True)] * 20, 0),
        ([(8, False)] * 20, 1),
        ([(6, True), (6, True), (6, True), (6, False)], 0),
        ([(2, True)], 0.75),
        ([(0, False), (8, True)], 0),
    ],
    ids=["all right", "all wrong", "one tie", "one product", "two that are sure"],
)
def test_the_error_is_how_far_accuracy_is_from_the_score(rows: list[Row], ece: float) -> None:
    assert judge(rows).ece == pytest.approx(ece)


def test_without_products_there_are_no_bins_and_the_error_is_nan() -> None:
    found = judge([])
    assert len(found.count) == len(found.score) == len(found.accuracy) == 0
    assert math.isnan(found.ece)


def loss(logits: list[list[float]], labels: list[int], weights: list[float], at: float) -> float:
    total = 0.0
    for row, label, weight in zip(logits, labels, weights, strict=True):
        total += weight * math.log(sum(math.exp((z - row[label]) / at) for z in row))
    return total / sum(weights)


def drawn(
    at: float, rows: int, classes: int, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits, and labels drawn from softmax(logits / at)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=3, size=(rows, classes))
    return logits, (logits / at + rng.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.mark.parametrize("seed", range(10))
def test_no_temperature_on_a_grid_is_likelier(seed: int) -> None:
    logits, labels = drawn(1.5, rows=12, classes=3, seed=seed)
    weights = np.random.default_rng(seed).random(12)
    found = fit_temperature(logits, labels, weights)
    args = logits.tolist(), labels.tolist(), weights.tolist()
    grid = [loss(*args, 0.05 * 400 ** (k / 200)) for k in range(201)]
    assert loss(*args, found) <= min(grid) + 1e-9


@pytest.mark.parametrize("true", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_it_recovers_the_temperature_that_labels_were_drawn_at(
    true: float, precision: type[np.floating]
) -> None:
    logits, labels = drawn(true, rows=10_000, classes=10)
    found = fit_temperature(logits.astype(precision), labels, np.ones(10_000, dtype=precision))
    assert found == pytest.approx(true, rel=0.05)
    assert ((logits / found).argmax(axis=1) == logits.argmax(axis=1)).all()


def test_a_weight_of_two_is_a_row_written_twice() -> None:
    logits, labels = drawn(2.0, rows=50, classes=4)
    weights = np.arange(50.0) % 3
    twice = np.repeat(np.arange(50), weights.astype(np.int64))
    found = fit_temperature(logits, labels, weights)
    assert found == pytest.approx(
        fit_temperature(logits[twice], labels[twice], np.ones(len(twice)))
    )


def test_large_logits_are_as_good_as_small_ones() -> None:
    logits, labels = drawn(1.0, rows=1000, classes=5)
    weights = np.ones(1000)
    assert fit_temperature(logits + 1e6, labels, weights) == pytest.approx(
        fit_temperature(logits, labels, weights), rel=1e-4
    )
    assert fit_temperature(logits * 1e6, labels, weights) == pytest.approx(20, rel=1e-3)


def test_rows_that_are_all_right_get_the_lowest_temperature() -> None:
    logits = np.array([[0.1, 0.0], [0.0, 0.1]])
    assert fit_temperature(logits, np.array([0, 1]), np.ones(2)) == pytest.approx(0.05, rel=1e-3)
    assert 0.05 <= fit_temperature(logits * 1e5, np.array([0, 1]), np.ones(2)) <= 20


def test_rows_that_are_all_wrong_get_the_highest_temperature() -> None:
    logits = np.array([[3.0, 0.0], [0.0, 3.0]])
    assert fit_temperature(logits, np.array([1, 0]), np.ones(2)) == pytest.approx(20, rel=1e-3)


def test_without_rows_nothing_is_rescaled() -> None:
    assert fit_temperature(np.empty((0, 3)), np.array([], dtype=np.int64), np.array([])) == 1.0
