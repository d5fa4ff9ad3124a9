"""Answers up the tree: as deep as they are certain, right when above a truth, never the root."""

from __future__ import annotations

import numpy as np

from product_classifier.evaluate.certificate import (
    accepted,
    certify,
    certify_heights,
    right_answers,
)
from product_classifier.predictions import Certificate

# jeans (0) holds bootcut (1) and flare (2); belts (3) lies below the root
ABOVE = np.array([[0, -1], [1, 0], [2, 0], [3, -1]])
NONE = np.nan


def at(threshold: float) -> Certificate:
    return Certificate(
        target=0.95, confidence=0.95, threshold=threshold, accepted=100, wrong=0, total=100
    )


def test_an_answer_is_right_if_it_is_a_true_category_or_its_ancestor() -> None:
    answers = np.array([[1, 0], [1, 0], [3, -1], [2, 0], [3, -1]])
    pairs = np.array([[0, 1], [1, 2], [2, 3], [3, 3], [3, 1], [4, 1]])
    right = right_answers(answers, pairs[:, 0], pairs[:, 1], ABOVE)
    assert right.tolist() == [
        [True, True],  # bootcut is bootcut
        [False, True],  # flare is not bootcut, but jeans
        [True, False],  # belts; above it is only the root
        [False, True],  # belts and bootcut: not flare, but jeans
        [False, False],
    ]


def test_a_product_without_a_truth_is_never_right() -> None:
    none = np.array([], dtype=np.int64)
    assert not right_answers(np.array([[1, 0]]), none, none, ABOVE).any()


def test_the_deepest_answer_is_the_first_that_is_certain_enough() -> None:
    score = np.array([[0.9, 0.95], [0.5, 0.9], [0.5, 0.6], [0.5, NONE], [0.9, NONE]])
    for certificates, heights in (
        ([at(0.8), at(0.85)], [[0], [1], [], [], [0]]),
        ([None, at(0.85)], [[1], [1], [], [], []]),
        ([None, None], [[]] * 5),
    ):
        found = accepted(score, certificates, leftover=True)
        assert [np.flatnonzero(row).tolist() for row in found] == heights


def test_each_height_alone_accepts_all_scores_from_its_threshold() -> None:
    score = np.array([[0.9, 0.95], [0.5, 0.9], [0.9, NONE]])
    found = accepted(score, [at(0.8), at(0.85)], leftover=False)
    assert found.tolist() == [[True, True], [False, True], [True, False]]


def test_a_parent_is_certified_on_the_products_its_leaves_do_not_answer() -> None:
    # 100 certain leaves; of 100 doubtful ones the parent is right in 90, which is not 95 %
    score = np.column_stack([np.repeat([0.9, 0.2], 100), np.repeat([0.95, 0.9], 100)])
    leaf = np.repeat([True, False], 100)
    parent = np.append(np.ones(190, dtype=bool), np.zeros(10, dtype=bool))
    right = np.column_stack([leaf, parent])
    alone, left_over = (
        certify_heights(score, right, 0.9, leftover=leftover)[1] for leftover in (False, True)
    )
    assert alone == certify(score[:, 1], parent, 0.9)
    assert alone is not None
    assert alone.accepted == 200
    assert left_over is None


def test_paths_that_end_early_are_not_certified_higher_up() -> None:
    score = np.column_stack([np.full(200, 0.9), np.repeat([0.95, NONE], 100)])
    right = np.column_stack([np.ones(200, dtype=bool), np.repeat([True, False], 100)])
    [leaf, parent] = certify_heights(score, right, 0.95, leftover=False)
    assert leaf is not None
    assert leaf.total == 200
    assert parent is not None
    assert (parent.total, parent.wrong) == (100, 0)


def test_without_rows_nothing_is_certified_or_answered() -> None:
    empty = np.zeros((0, 2))
    found = certify_heights(empty, empty.astype(bool), 0.95, leftover=True)
    assert found == [None, None]
    assert accepted(empty, found, leftover=True).shape == (0, 2)
