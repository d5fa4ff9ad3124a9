"""What a model learns of odd catalogues is numbers, or it is refused in one line."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.models import fitting, scikit
from product_classifier.models.base import Fit, State
from product_classifier.models.choices import LOGIT_ADJUST, WEIGHTS, Balance
from product_classifier.models.fitting import fit_network
from product_classifier.models.fusion import fit_late, fit_stack
from product_classifier.models.late_fusion import fit_blend
from product_classifier.models.scikit import fit_forest, fit_linear, fit_logistic
from product_classifier.models.training import Trained, predict, predict_paths, train

ROWS = 90
TRAIN, TUNING, TEST = np.arange(55), np.arange(55, 70), np.arange(70, ROWS)
LABELS = [(k % 3,) for k in range(ROWS)]
TOLD = np.eye(3)[np.arange(ROWS) % 3]
DRAWN = np.random.default_rng(0)
WORDS = (DRAWN.random((ROWS, 20)) < 0.2).astype(np.float64)
PICTURES = DRAWN.normal(size=(ROWS, 7))
FITS: dict[str, Fit] = {
    "logistic": fit_logistic,
    "linear": fit_linear,
    "forest": fit_forest,
    "blend": functools.partial(fit_blend, members=(fit_linear, fit_logistic)),
    "late": functools.partial(fit_late, words=fit_linear, pictures=fit_logistic),
    "stack": functools.partial(fit_stack, words=fit_linear, pictures=fit_logistic),
}
BALANCES = (Balance(), Balance(LOGIT_ADJUST, 2.0), Balance(WEIGHTS))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads would hinder each other at sums that are so small."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scikit, "TREES", 5)
    monkeypatch.setattr(fitting, "FEWEST_STEPS", 3)
    monkeypatch.setattr(fitting, "MAX_ROUNDS", 2)


def features(
    words: NDArray[np.float64] = WORDS, pictures: NDArray[np.float64] = PICTURES
) -> Features:
    shown = Bottlenecks(pictures.astype(np.float32), np.arange(ROWS), ())
    return Features(csr_matrix(words.astype(np.float32)), shown)


Labels = Sequence[tuple[int, ...]]
ODD: dict[str, tuple[Features, Labels]] = {
    "equal words": (features(np.ones((ROWS, 20))), LABELS),
    "one picture": (features(pictures=np.full((ROWS, 7), 3.0)), LABELS),
    "nothing seen": (features(pictures=np.zeros((ROWS, 7))), LABELS),
    "all alike": (features(np.ones((ROWS, 20)), np.full((ROWS, 7), 3.0)), LABELS),
    "one product of a category": (features(), [(int(k == 0),) for k in range(ROWS)]),
    "each product a category": (features(), [(k,) for k in range(ROWS)]),
    "every category each": (features(), [(0, 1, 2)] * ROWS),
    "told beyond doubt": (features(1e6 * TOLD, 1e6 * TOLD), LABELS),
    "tuned by a category that is not learned": (
        features(),
        [(2 if k in TUNING else k % 2,) for k in range(ROWS)],
    ),
    "large values": (features(pictures=1e30 * PICTURES), LABELS),
    "small values": (features(pictures=1e-42 * PICTURES), LABELS),
}

# catalogues with too few groups for folds, or with a category in one fold alone
UNFOLDED = ("equal words", "all alike", "one product of a category", "told beyond doubt")


def trained(name: str, some: Features, labels: Labels, balance: Balance) -> Trained:
    classes = 1 + max(label for found in labels for label in found)
    return train(some, labels, TRAIN, TUNING, classes, fit=FITS[name], balance=balance)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("odd", ODD)
def test_scores_are_probabilities_for_any_catalogue(name: str, odd: str) -> None:
    some, labels = ODD[odd]
    for balance in BALANCES if name == "logistic" else BALANCES[:1]:
        if name in ("late", "stack") and odd in UNFOLDED:
            with pytest.raises(ModelError, match=r"all in one category|no training product"):
                trained(name, some, labels, balance)
            continue
        model = trained(name, some, labels, balance)
        leaves = np.arange(len(model.prior))
        paths = np.stack([leaves, np.full(len(leaves), len(leaves))], axis=1)
        for scores in predict_paths(model, some, TEST, paths)[1:]:
            assert ((scores >= 0) & (scores <= 1)).all()
            assert scores[:, 1] == pytest.approx(1)
        assert 0.05 <= model.temperature <= 20.01


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_scores_of_a_network_are_probabilities_for_any_catalogue(odd: str) -> None:
    some, labels = ODD[odd]
    classes = 1 + max(label for found in labels for label in found)
    model = train(some, labels, TRAIN, TUNING, classes, fit=fit_network)
    score = predict(model, some, TEST)[1]
    assert ((score > 0) & (score <= 1)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.4e38])
@pytest.mark.parametrize("row", [TRAIN[3], TEST[3]], ids=["learned", "new"])
@pytest.mark.parametrize(
    "fit", [fit_logistic, fit_forest, pytest.param(fit_network, marks=pytest.mark.slow)]
)
def test_a_bottleneck_that_is_not_finite_is_refused(fit: Fit, row: int, value: float) -> None:
    spoilt = PICTURES.copy()
    spoilt[row, 2] = value
    some = features(pictures=spoilt)
    if value == 3.4e38 and row in TRAIN:  # the others are all alike beside it
        model = train(some, LABELS, TRAIN, TUNING, 3, fit=fit)
        assert (predict(model, some, TEST)[1] > 0).all()
        return
    with pytest.raises(ModelError, match="pass another --backbone"):
        predict(train(some, LABELS, TRAIN, TUNING, 3, fit=fit), some, TEST)


@dataclass(frozen=True)
class Broken:
    """A classifier whose logits are invalid for one product."""

    spoilt: float

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        found = np.tile([1.0, 0.5, 0.0], (len(rows), 1))
        found[rows == TEST[2], 1] = self.spoilt
        return found

    def state(self) -> State:
        return State("broken")


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_scores_that_are_not_numbers_are_refused(spoilt: float) -> None:
    model = Trained(
        classifier=Broken(spoilt), prior=np.full(3, 1 / 3), temperature=1.0, settings={}
    )
    with pytest.raises(ModelError, match="1 of 20 products have scores that are not numbers"):
        predict(model, features(), TEST)
    assert len(predict(model, features(), TEST[3:])[1]) == 17
