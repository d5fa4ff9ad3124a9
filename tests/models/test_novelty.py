"""Novelty detection: scores of novel and of known products, and metrics compared with oracles."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score, roc_curve

from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.models.novelty import (
    Novelty,
    auroc,
    false_positive_rate,
    marking_threshold,
    measure_novelty,
)
from product_classifier.models.scikit import fit_logistic
from product_classifier.models.training import Trained, train
from product_classifier.selection import TEST, TRAIN, TUNING

CLASSES, EACH = 10, 40
COUNT = CLASSES * EACH
LABELS = [(k % CLASSES,) for k in range(COUNT)]
PLACE = np.arange(COUNT) // CLASSES / EACH
ROWS = {
    TRAIN: np.flatnonzero(PLACE < 0.6),
    TUNING: np.flatnonzero((PLACE >= 0.6) & (PLACE < 0.75)),
    TEST: np.flatnonzero(PLACE >= 0.75),
}
STRANGERS = ROWS[TEST][:12]


def words(strangers: bool = False) -> csr_matrix:
    """Three words of ten that each category has of its own, and two of ten that all have."""
    generator = np.random.default_rng(0)
    rows = np.zeros((COUNT, CLASSES * 10 + 20), np.float32)
    for row, (label,) in enumerate(LABELS):
        rows[row, label * 10 + generator.choice(10, 3, replace=False)] = 1
        rows[row, CLASSES * 10 + generator.choice(10, 2, replace=False)] = 1
    if strangers:  # words that no training product has, beside common ones
        rows[STRANGERS, : CLASSES * 10] = 0
        rows[STRANGERS, CLASSES * 10 + 10 + np.arange(12) % 10] = 1
    return csr_matrix(rows)


def pictures() -> Bottlenecks:
    generator = np.random.default_rng(1)
    vectors = generator.random((COUNT, CLASSES), np.float32) / np.float32(4)
    vectors[np.arange(COUNT), [label for (label,) in LABELS]] += 1
    return Bottlenecks(vectors, np.arange(COUNT), ())


def train_on(features: Features, labels: Sequence[Sequence[int]]) -> Trained:
    return train(features, labels, ROWS[TRAIN], ROWS[TUNING], CLASSES, fit=fit_logistic)


def novelty_of(
    features: Features, labels: Sequence[Sequence[int]] = LABELS, seed: int = 0
) -> Novelty:
    by = functools.partial(train_on, features)
    return measure_novelty(by(labels), by, features, labels, rows=ROWS, classes=CLASSES, seed=seed)


@pytest.mark.parametrize(
    "features",
    [
        Features(words=words()),
        Features(pictures=pictures()),
        Features(words=words(), pictures=pictures()),
    ],
    ids=["words", "images", "both"],
)
def test_products_of_left_out_categories_get_high_scores(features: Features) -> None:
    novelty = novelty_of(features)
    assert novelty.auroc > 0.97
    assert novelty.auroc >= novelty.softmax_auroc - 0.01
    assert novelty.false_alarms < 0.2
    assert novelty.left_out == len(ROWS[TEST]) / CLASSES  # one category of ten


def test_novel_test_products_are_marked_and_few_others() -> None:
    novelty = novelty_of(Features(words=words(strangers=True)))
    strange = np.isin(ROWS[TEST], STRANGERS)
    assert novelty.marked[strange].all()
    assert novelty.marked[~strange].mean() < 0.15
    assert novelty.score[strange].min() > novelty.score[~strange].mean()


def test_a_product_without_features_is_always_marked() -> None:
    rows = words().toarray()
    rows[STRANGERS[0]] = 0
    novelty = novelty_of(Features(words=csr_matrix(rows)))
    place = ROWS[TEST].tolist().index(STRANGERS[0])
    assert novelty.score[place] == 1.0
    assert novelty.marked[place]


def test_a_product_without_known_words_is_scored_by_its_picture() -> None:
    rows = words().toarray()
    seen = pictures()
    strange, usual = STRANGERS[:2]
    rows[[strange, usual]] = 0
    seen.vectors[strange] = 0
    seen.vectors[strange, -1] = -5  # like no picture at all
    novelty = novelty_of(Features(words=csr_matrix(rows), pictures=seen))
    tested = ROWS[TEST].tolist()
    assert novelty.marked[tested.index(strange)]
    assert novelty.score[tested.index(strange)] > novelty.score[tested.index(usual)]


def test_the_left_out_categories_are_not_trained_on() -> None:
    """The evaluation would be invalid if the classifier had learned from them."""
    trained_on: list[set[int]] = []

    def recording(labels: Sequence[Sequence[int]]) -> Trained:
        trained_on.append({label for of_item in labels for label in of_item})
        return train_on(features, labels)

    features = Features(words=words())
    first = measure_novelty(
        train_on(features, LABELS), recording, features, LABELS, rows=ROWS, classes=CLASSES, seed=3
    )
    [labels] = trained_on
    assert len(labels) == CLASSES - 1
    again = novelty_of(features, seed=3)
    assert np.array_equal(first.score, again.score)


def test_too_few_categories_or_no_tuning_products_are_refused() -> None:
    features = Features(words=words())
    by = functools.partial(train_on, features)
    with pytest.raises(ModelError, match="3 categories are too few"):
        measure_novelty(by(LABELS), by, features, LABELS, rows=ROWS, classes=3)
    empty: NDArray[np.int64] = ROWS[TUNING][:0]
    with pytest.raises(ModelError, match="novelty needs tuning products"):
        measure_novelty(
            by(LABELS), by, features, LABELS, rows={**ROWS, TUNING: empty}, classes=CLASSES
        )


SCORED = st.lists(
    st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40
).filter(lambda pairs: 0 < sum(outside for _, outside in pairs) < len(pairs))  # fmt: skip


@given(SCORED)
def test_auroc_is_scikit_learns(pairs: list[tuple[int, bool]]) -> None:
    score, outside = np.array(pairs, float)[:, 0], np.array([one for _, one in pairs])
    assert auroc(score, outside) == pytest.approx(roc_auc_score(outside, score))


@given(SCORED, st.sampled_from([0.5, 0.9, 0.95, 1.0]))
def test_false_alarms_are_the_first_point_of_the_curve_with_enough_recall(
    pairs: list[tuple[int, bool]], recall: float
) -> None:
    score, outside = np.array(pairs, float)[:, 0], np.array([one for _, one in pairs])
    wrong, right, _ = roc_curve(outside, score, drop_intermediate=False)
    expected = wrong[right >= recall - 1e-9].min()
    assert false_positive_rate(score, outside, recall) == pytest.approx(expected)


def test_metrics_are_nan_without_novel_or_without_known_products() -> None:
    for outside in (np.zeros(3, bool), np.ones(3, bool), np.zeros(0, bool)):
        score = np.arange(len(outside), dtype=float)
        assert math.isnan(auroc(score, outside))
        assert math.isnan(false_positive_rate(score, outside))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.sampled_from([0.05, 0.3, 1.0]))
def test_the_marking_threshold_marks_at_most_the_allowed_share(
    values: list[int], share: float
) -> None:
    score = np.array(values, float)
    lowest = marking_threshold(score, share)
    assert (score >= lowest).mean() <= share
    lower = [value for value in set(values) if value < lowest]
    if lower:
        assert (score >= max(lower)).mean() > share
