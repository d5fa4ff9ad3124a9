"""Suspicious labels, on catalogues of a few products and on drawn ones whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.evaluate.label_errors import (
    confident_joint,
    estimated_noise,
    overlapping,
    suggested,
    suspicion,
)

JEANS, SKIRTS, BELTS = range(3)
Labels = list[tuple[int, ...]]


def pairs(labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    found = [(row, category) for row, given in enumerate(labels) for category in given]
    row, category = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return row, category


def drawn(seed: int, classes: int = 4, count: int = 60) -> tuple[NDArray[np.float64], Labels]:
    """Draw probabilities, and one label or two for each product."""
    rng = np.random.default_rng(seed)
    labels = [tuple(rng.choice(classes, rng.integers(1, 3), replace=False)) for _ in range(count)]
    return rng.dirichlet(np.full(classes, 0.5), count), labels


def shop(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64], Labels]:
    """Draw 4,000 products with their true categories and labels, one in twenty of which is wrong.

    One in ten of categories 0 and 1 looks like the other, and the network is sure of it.
    """
    true = rng.integers(0, 10, 4000)
    looks = np.where((true < 2) & (rng.random(4000) < 0.1), 1 - true, true)
    shares = np.exp(rng.normal(0, 1.5, (4000, 10)) + 6 * np.eye(10)[looks])
    labels = np.where(rng.random(4000) < 0.05, (true + rng.integers(1, 10, 4000)) % 10, true)
    found = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return found, true, [(int(label),) for label in labels]


def average_precision(score: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    hits = wrong[np.argsort(-score, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def test_the_label_that_fits_least_is_the_most_suspicious() -> None:
    told_apart = np.repeat(np.eye(3), 10, axis=0)
    doubtful = np.array([[0.9, 0.05, 0.05], [0.4, 0.5, 0.1], [0.01, 0.01, 0.98]])
    labels: Labels = [*((k,) for k in (0, 1, 2) for _ in range(10)), (JEANS,), (JEANS,), (JEANS,)]
    score = suspicion(np.concatenate([told_apart, doubtful]), *pairs(labels))
    assert np.argsort(-score)[:3].tolist() == [32, 31, 30]
    assert score[32] > 0.8 > 0.1 > score[30]


@pytest.mark.parametrize("seed", range(5))
def test_suspicion_equals_that_counted_product_by_product(seed: int) -> None:
    probabilities, labels = drawn(seed)
    expected = []
    for product, (own, given) in enumerate(zip(probabilities, labels, strict=True)):
        fitting = 0.0
        for label in given:
            fitting += own[label]
            for k, share in enumerate(own):
                others = [row for row in range(len(labels)) if row != product]
                labelled = sum(probabilities[row, k] for row in others if label in labels[row])
                fitting += share * labelled / sum(probabilities[row, k] for row in others)
        other = max((share for k, share in enumerate(own) if k not in given), default=0)
        expected.append(other / (other + fitting))
    assert suspicion(probabilities, *pairs(labels)) == pytest.approx(expected)


def test_labels_often_confused_are_less_suspicious_than_labels_never_confused() -> None:
    between = [[0.5, 0.5, 0.0]] * 6  # jeans and skirts look alike, belts like nothing else
    probabilities = np.array([*between, [0.99, 0.005, 0.005], [0.99, 0.005, 0.005], [0, 0, 1]])
    labels: Labels = [*[(JEANS,)] * 3, *[(SKIRTS,)] * 4, (BELTS,), (BELTS,)]
    score = suspicion(probabilities, *pairs(labels))
    assert score[7] > score[6]


def test_a_product_of_several_categories_is_suspicious_only_where_none_fits() -> None:
    probabilities = np.array([[0.1, 0.9, 0.0], [0.1, 0.9, 0.0], [0.1, 0.9, 0.0], [0.1, 0.9, 0.0]])
    labels: Labels = [(JEANS, SKIRTS), (BELTS,), (JEANS, BELTS), (SKIRTS,)]
    score = suspicion(probabilities, *pairs(labels))
    assert max(score[[0, 3]]) < 0.1
    assert min(score[[1, 2]]) > 0.4


def test_wrong_labels_are_ranked_better_than_by_their_probability_alone() -> None:
    gains = []
    for seed in range(5):
        probabilities, true, labels = shop(np.random.default_rng(seed))
        row, category = pairs(labels)
        wrong = true != category
        own = average_precision(-probabilities[row, category].astype(np.float64), wrong)
        gains.append(average_precision(suspicion(probabilities, row, category), wrong) - own)
    assert min(gains) > 0.05


def test_the_likeliest_category_that_is_not_given_is_suggested() -> None:
    probabilities = np.array([[0.9, 0.08, 0.02], [0.9, 0.08, 0.02], [0.9, 0.08, 0.02]])
    labels: Labels = [(JEANS,), (JEANS, SKIRTS), (JEANS, SKIRTS, BELTS)]
    assert suggested(probabilities, *pairs(labels)).tolist() == [SKIRTS, BELTS, -1]


@pytest.mark.parametrize("seed", range(5))
def test_the_confident_joint_equals_that_counted_product_by_product(seed: int) -> None:
    probabilities, labels = drawn(seed)
    usual = [
        np.mean([own[k] for own, given in zip(probabilities, labels, strict=True) if k in given])
        for k in range(4)
    ]
    joint = np.zeros((4, 4))
    for own, given in zip(probabilities, labels, strict=True):
        sure = [k for k in range(4) if own[k] >= usual[k]]
        if sure:
            found = max(sure, key=lambda k: own[k])
            for label in given:
                joint[label, label if found in given else found] += 1
    sizes = np.array([sum(k in given for given in labels) for k in range(4)])
    expected = joint / joint.sum(axis=1, keepdims=True) * sizes[:, None]
    assert confident_joint(probabilities, *pairs(labels)) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_estimated_noise_is_about_the_noise_added_to_the_labels(seed: int) -> None:
    probabilities, true, labels = shop(np.random.default_rng(seed))
    row, category = pairs(labels)
    looks_wrong = np.mean(true != category) + 0.02  # those of 0 and 1 that look like the other
    assert estimated_noise(probabilities, row, category) == pytest.approx(looks_wrong, abs=0.015)


def test_a_category_cut_in_two_by_chance_is_found_with_half_of_its_products_mixed() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 3000)
    probabilities = np.array([[0.4, 0, 0, 0.4], [0, 0.8, 0, 0], [0, 0, 0.8, 0]])[true] + 0.05
    probabilities += rng.uniform(0, 0.01, (3000, 4))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    half = np.where((true == 0) & (rng.random(3000) < 0.5), 3, true)
    found = overlapping(probabilities, *pairs([(int(label),) for label in half]))
    assert [pair[:2] for pair in found] == [(0, 3)]
    assert found[0][2] == pytest.approx(0.5, abs=0.05)


def test_overlapping_categories_come_largest_share_first_and_k_at_most() -> None:
    labels: Labels = [*[(JEANS,)] * 4, *[(SKIRTS,)] * 4, *[(BELTS,)] * 4]
    likely = [0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 0]  # two jeans look like skirts, a belt like jeans
    probabilities = np.eye(3)[likely]
    assert overlapping(probabilities, *pairs(labels)) == [(0, 1, 2 / 8), (0, 2, 1 / 6)]
    assert overlapping(probabilities, *pairs(labels), k=1) == [(0, 1, 2 / 8)]


def test_categories_that_are_separated_do_not_overlap() -> None:
    labels: Labels = [(JEANS,), (SKIRTS,), (BELTS,)]
    assert overlapping(np.eye(3), *pairs(labels)) == []
    assert estimated_noise(np.eye(3), *pairs(labels)) == 0


def test_no_product_has_no_suspicious_label() -> None:
    nothing = np.zeros((0, 3))
    assert suspicion(nothing, *pairs([])).tolist() == []
    assert suggested(nothing, *pairs([])).tolist() == []
    assert overlapping(nothing, *pairs([])) == []
    assert np.isnan(estimated_noise(nothing, *pairs([])))


def test_a_single_category_is_above_suspicion() -> None:
    labels: Labels = [(0,), (0,)]
    assert suspicion(np.ones((2, 1)), *pairs(labels)).tolist() == [0, 0]
    assert suggested(np.ones((2, 1)), *pairs(labels)).tolist() == [-1, -1]
    assert estimated_noise(np.ones((2, 1)), *pairs(labels)) == 0


def test_equal_probabilities_make_no_label_more_suspicious_than_another() -> None:
    score = suspicion(np.full((4, 4), 0.25), *pairs([(0,), (1,), (2,), (3,)]))
    assert score == pytest.approx([0.5] * 4)


def test_a_category_with_zero_probability_everywhere_does_not_divide_by_zero() -> None:
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0]])
    labels: Labels = [(0,), (1,)]
    assert suspicion(probabilities, *pairs(labels)).tolist() == [0, 1]
