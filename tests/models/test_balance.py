"""Categories of unequal sizes: seven belts, two hats and a scarf."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.features.dataset_features import Features
from product_classifier.models.balance import adjusted, balanced
from product_classifier.models.base import Fitted, State, Targets, Task
from product_classifier.models.choices import (
    AS_THEY_ARE,
    LOGIT_ADJUST,
    NONE,
    SAMPLE,
    WEIGHTS,
    Balance,
)
from product_classifier.models.network import softmax
from product_classifier.models.training import predict, train

BELT, HAT, SCARF, GLOVE = range(4)  # there is no glove
CLASSES = 4
LABELS: list[tuple[int, ...]] = [(BELT,)] * 6 + [(HAT,)] * 2 + [(SCARF,), (BELT, SCARF)]
SHARE = np.array([6.5, 2, 1.5, 0]) / 10


def targets(labels: list[tuple[int, ...]] = LABELS) -> Targets:
    return Targets.of(range(len(labels)), labels)


def weight_of(label: int, found: Targets) -> float:
    return float(found.weights[found.labels == label].sum())


def test_without_a_balance_the_rows_stay_as_they_are() -> None:
    learning = targets()
    for balance in (AS_THEY_ARE, Balance(NONE), Balance(LOGIT_ADJUST, 1)):
        assert balanced(balance, learning, CLASSES, seed=0) is learning


def test_weights_are_equal_for_all_categories_and_keep_their_total() -> None:
    learning = targets()
    found = balanced(Balance(WEIGHTS), learning, CLASSES, seed=0)
    assert [weight_of(label, found) for label in (BELT, HAT, SCARF)] == pytest.approx([10 / 3] * 3)
    assert found.rows.tolist() == learning.rows.tolist()
    assert found.labels.tolist() == learning.labels.tolist()
    assert found.weights.dtype == np.float32
    assert weight_of(BELT, learning) == 6.5  # the original stays the same


def test_within_a_category_a_product_of_two_labels_has_half_the_weight() -> None:
    found = balanced(Balance(WEIGHTS), targets(), CLASSES, seed=0)
    scarf, half = found.weights[found.labels == SCARF]
    assert scarf == pytest.approx(2 * half)


catalogues = st.lists(
    st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=3, unique=True).map(tuple),
    min_size=1,
    max_size=20,
)


@settings(deadline=None, max_examples=100)
@given(catalogues)
def test_weights_agree_with_a_naive_computation(labels: list[tuple[int, ...]]) -> None:
    total = dict.fromkeys({label for several in labels for label in several}, 0.0)
    for several in labels:
        for label in several:
            total[label] += 1 / len(several)
    expected = [
        1 / len(several) / total[label] * len(labels) / len(total)
        for several in labels
        for label in several
    ]
    found = balanced(Balance(WEIGHTS), targets(labels), CLASSES, seed=0)
    assert found.weights.tolist() == pytest.approx(expected, rel=1e-5)


@settings(deadline=None, max_examples=100)
@given(catalogues, st.integers(1, 9), st.integers(0, 3))
def test_the_same_number_is_drawn_of_each_category_as_evenly_as_possible(
    labels: list[tuple[int, ...]], size: int, seed: int
) -> None:
    learning = targets(labels)
    found = balanced(Balance(SAMPLE, size), learning, CLASSES, seed)
    given_pairs = list(zip(learning.rows.tolist(), learning.labels.tolist(), strict=True))
    drawn = Counter(zip(found.rows.tolist(), found.labels.tolist(), strict=True))
    assert set(drawn) <= set(given_pairs)
    for label in set(learning.labels.tolist()):
        times = [drawn[pair] for pair in given_pairs if pair[1] == label]
        assert sum(times) == size
        assert max(times) - min(times) <= 1
    weights = {row: 1 / len(several) for row, several in enumerate(labels)}
    assert found.weights.tolist() == pytest.approx([weights[row] for row in found.rows.tolist()])


def test_the_same_seed_draws_the_same_rows_and_another_seed_others() -> None:
    draws = [
        balanced(Balance(SAMPLE, 3), targets(), CLASSES, seed).rows.tolist() for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]


@dataclass(frozen=True)
class Said:
    """A classifier whose logits are the rows of a table."""

    table: NDArray[np.float64]

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        return self.table[rows]

    def state(self) -> State:
        return State("said", arrays={"table": self.table})


SAID = Said(np.random.default_rng(0).normal(size=(len(LABELS), CLASSES)))
ROWS = np.array([2, 0, 9])


@pytest.mark.parametrize("value", [0.0, 0.5, 2.0])
def test_logits_are_shifted_by_a_multiple_of_the_log_share(value: float) -> None:
    share = np.array([0.5, 0.3, 0.15, 0.05])
    found = adjusted(Balance(LOGIT_ADJUST, value), SAID, share).logits(ROWS)
    assert found == pytest.approx(SAID.table[ROWS] - value * np.log(share))


@pytest.mark.parametrize("balance", [Balance(NONE), Balance(WEIGHTS), Balance(SAMPLE, 5)])
def test_other_balances_do_not_change_the_logits(balance: Balance) -> None:
    assert adjusted(balance, SAID, SHARE) is SAID


def test_a_category_without_products_does_not_make_logits_infinite() -> None:
    assert np.isfinite(adjusted(Balance(LOGIT_ADJUST, 1), SAID, SHARE).logits(ROWS)).all()


def test_a_classifier_that_predicts_the_shares_becomes_uniform() -> None:
    shares = np.array([0.5, 0.25, 0.125, 0.125])
    knows = Said(np.log(shares)[None])
    found = adjusted(Balance(LOGIT_ADJUST, 1), knows, shares).logits(np.array([0]))
    assert softmax(found)[0] == pytest.approx([0.25] * 4)


def trained_with(balance: Balance) -> tuple[list[Targets], list[int], dict[str, Any]]:
    """Return the targets that a fit is given, the predictions, and the recorded settings."""
    seen: list[Targets] = []

    def fit(task: Task) -> Fitted:
        seen.append(task.learning)
        # belts and hats look alike, and belts are the more
        return Fitted(Said(np.tile(np.log([0.6, 0.3, 0.1]), (len(LABELS), 1))), 0)

    features = Features(words=csr_matrix(np.ones((len(LABELS), 1), np.float32)))
    rows = np.arange(len(LABELS))
    trained = train(features, LABELS, rows, rows[:0], 3, fit=fit, balance=balance)
    return seen, predict(trained, features, rows)[0].tolist(), dict(trained.settings)


def test_training_uses_the_balanced_rows() -> None:
    (learning,), answers, _ = trained_with(Balance(SAMPLE, 4))
    assert Counter(learning.labels.tolist()) == {BELT: 4, HAT: 4, SCARF: 4}
    assert answers == [BELT] * len(LABELS)


def test_logits_are_adjusted_by_the_shares_before_balancing() -> None:
    (learning,), answers, _ = trained_with(Balance(LOGIT_ADJUST, 1))
    assert Counter(learning.labels.tolist()) == {BELT: 7, HAT: 2, SCARF: 2}
    assert set(answers) == {HAT}  # 0.3 / 0.2 is more than 0.6 / 0.65 and 0.1 / 0.15


@pytest.mark.parametrize(
    ("balance", "recorded"),
    [
        (Balance(), "none"),
        (Balance(WEIGHTS), "weights"),
        (Balance(SAMPLE, 200), "sample:200"),
        (Balance(LOGIT_ADJUST, 0.5), "logit-adjust:0.5"),
    ],
)
def test_an_experiment_records_its_balance(balance: Balance, recorded: str) -> None:
    assert trained_with(balance)[2]["balance"] == recorded
