"""Blends, beside their members trained by themselves."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from product_classifier.features.dataset_features import Features
from product_classifier.models import scikit
from product_classifier.models.base import Fit
from product_classifier.models.cross_fitting import probabilities
from product_classifier.models.late_fusion import LEAST, fit_blend
from product_classifier.models.network import softmax
from product_classifier.models.scikit import fit_forest, fit_linear, fit_logistic
from product_classifier.models.training import Trained, train
from tests.models.test_scikit import LABELS, TEST, TRAIN, TUNING, words

FEATURES = Features(words(0.3))
MEMBERS: tuple[Fit, ...] = (fit_linear, fit_logistic, fit_forest)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Fit few trees on one thread, since several would be slower on so few products."""
    with threadpool_limits(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(scikit, "TREES", 10)
        yield


def trained(fit: Fit, classes: int = 3, tuning: bool = True) -> Trained:
    rows = TUNING if tuning else TUNING[:0]
    return train(FEATURES, LABELS, TRAIN, rows, classes, fit=fit)


def blended(*members: Fit) -> Fit:
    return functools.partial(fit_blend, members=members)


@pytest.mark.parametrize("tuning", [True, False], ids=["calibrated", "without tuning products"])
def test_probabilities_are_the_mean_of_the_members_calibrated_probabilities(tuning: bool) -> None:
    alone = [probabilities(trained(fit, tuning=tuning), FEATURES, TEST) for fit in MEMBERS]
    found = softmax(trained(blended(*MEMBERS), tuning=tuning).classifier.logits(TEST))
    assert found == pytest.approx(sum(alone) / len(alone), abs=1e-8)


def test_members_are_averaged_by_calibrated_probabilities_not_by_margins() -> None:
    model = trained(blended(fit_linear, fit_logistic))
    temperatures = [trained(fit).temperature for fit in (fit_linear, fit_logistic)]
    assert model.settings["temperatures"] == pytest.approx(temperatures, abs=1e-6)
    assert abs(temperatures[0] - temperatures[1]) > 0.1


def test_a_blend_of_one_member_is_that_member_calibrated() -> None:
    model = trained(blended(fit_logistic))
    alone = probabilities(trained(fit_logistic), FEATURES, TEST)
    assert softmax(model.classifier.logits(TEST)) == pytest.approx(alone, abs=1e-8)
    assert model.temperature == pytest.approx(1, abs=1e-3)  # twice calibrated is once


def test_a_category_without_training_products_stays_very_improbable() -> None:
    found = trained(blended(fit_linear, fit_logistic), classes=4).classifier.logits(TEST)
    assert np.isfinite(found).all()
    assert softmax(found)[:, 3].max() == pytest.approx(LEAST, rel=1e-3)


def test_a_blend_has_the_parameters_of_all_its_members() -> None:
    model = trained(blended(fit_linear, fit_logistic))
    members = [trained(fit).settings["parameters"] for fit in (fit_linear, fit_logistic)]
    assert model.settings["parameters"] == sum(members)
    assert model.settings["blended"] == 2


def test_without_products_there_are_no_predictions() -> None:
    assert trained(blended(*MEMBERS)).classifier.logits(TEST[:0]).shape == (0, 3)
