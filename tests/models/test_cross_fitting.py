"""Out-of-sample probabilities, on products of one word each."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.errors import ModelError
from product_classifier.features.dataset_features import Features
from product_classifier.models import fitting
from product_classifier.models.cross_fitting import cross_fitted, cut

ROWS, CLASSES, FOLDS = 120, 4, 2  # no product has the last class
LABELS: list[tuple[int, ...]] = [(k % 3,) for k in range(ROWS)]
GROUPS = [f"group {k}" for k in range(ROWS)]
BLANK = 0  # a product without a word

pytestmark = pytest.mark.slow


def words() -> csr_matrix:
    """Each class has a word of its own."""
    rows = np.zeros((ROWS, CLASSES), np.float32)
    rows[np.arange(ROWS), np.array(LABELS)[:, 0]] = 1
    rows[BLANK] = 0
    return csr_matrix(rows)


def fitted(labels: list[tuple[int, ...]]) -> NDArray[np.float32]:
    """Sixty products need no hundred steps to be learned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "FEWEST_STEPS", 20)
        patch.setattr(fitting, "MAX_ROUNDS", 3)
        patch.setattr(fitting, "LEARNING_RATE", 0.01)
        return cross_fitted(Features(words=words()), labels, GROUPS, CLASSES, folds=FOLDS)


@pytest.fixture(scope="module")
def found() -> NDArray[np.float32]:
    return fitted(LABELS)


def test_every_product_is_predicted_from_the_other_folds(found: NDArray[np.float32]) -> None:
    assert found.shape == (ROWS, CLASSES)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-6)
    predicted = found.argmax(axis=1)
    assert predicted[BLANK + 1 :].tolist() == [k for (k,) in LABELS[BLANK + 1 :]]


def test_the_labels_of_a_fold_do_not_change_its_predictions(found: NDArray[np.float32]) -> None:
    fold, _ = cut(GROUPS, FOLDS)
    shift = [(row_fold + k) % CLASSES for row_fold, (k,) in zip(fold.tolist(), LABELS, strict=True)]
    flipped = fitted([(k,) for k in shift])
    assert np.array_equal(found[fold == 1], flipped[fold == 1])
    assert (flipped[fold == 0].argmax(axis=1) != found[fold == 0].argmax(axis=1)).all()
    # the last category is in this fold alone, so its classifier has not seen it
    assert flipped[fold == 1, CLASSES - 1].max() < 0.05


def test_a_product_without_features_gets_the_shares_of_the_other_folds(
    found: NDArray[np.float32],
) -> None:
    fold, tuning = cut(GROUPS, FOLDS)
    taught = np.array(LABELS)[(fold != fold[BLANK]) & ~tuning, 0]
    shares = np.bincount(taught, minlength=CLASSES) / len(taught)
    assert found[BLANK] == pytest.approx(shares, rel=1e-6)


def test_products_that_are_all_in_one_group_cannot_be_cross_fitted() -> None:
    with pytest.raises(ModelError, match="no training product"):
        cross_fitted(Features(words=words()), LABELS, ["the same"] * ROWS, CLASSES)


def test_without_products_there_are_no_predictions() -> None:
    features = Features(words=csr_matrix((0, CLASSES), dtype=np.float32))
    assert cross_fitted(features, [], [], CLASSES).shape == (0, CLASSES)


def test_duplicates_share_their_fold_and_tune_together() -> None:
    fold, tuning = cut([f"group {k % 7}" for k in range(70)], 5)
    assert fold.reshape(10, 7).tolist() == [fold[:7].tolist()] * 10
    assert tuning.reshape(10, 7).tolist() == [tuning[:7].tolist()] * 10


def test_a_products_fold_does_not_depend_on_order_or_other_products() -> None:
    fold, tuning = cut(GROUPS, 5)
    backwards, _ = cut(GROUPS[::-1], 5)
    alone, tunes = zip(*(cut([group], 5) for group in GROUPS), strict=True)
    assert fold.tolist() == backwards[::-1].tolist() == np.concatenate(alone).tolist()
    assert tuning.tolist() == np.concatenate(tunes).tolist()


def test_folds_have_equal_sizes_and_a_twentieth_of_each_tunes() -> None:
    fold, tuning = cut([str(k) for k in range(20_000)], 5)
    assert np.bincount(fold) == pytest.approx(4000, rel=0.05)
    assert np.bincount(fold[tuning]) == pytest.approx(200, rel=0.25)


def test_another_seed_makes_other_folds() -> None:
    assert cut(GROUPS, 5, seed=1)[0].tolist() != cut(GROUPS, 5)[0].tolist()
