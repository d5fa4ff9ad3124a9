"""How well a score tells strangers from the others, against oracles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from product_classifier.models.novelty import auroc, false_positive_rate, marking_threshold

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
