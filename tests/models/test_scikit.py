"""Scikit-learn's classifiers, beside scikit-learn itself on the same rows."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from product_classifier.errors import ModelError
from product_classifier.evaluate.reliability import fit_temperature
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.models import scikit
from product_classifier.models.base import Fit, Targets
from product_classifier.models.choices import ELASTIC, L1, L2
from product_classifier.models.network import softmax
from product_classifier.models.scaling import Scaling
from product_classifier.models.scikit import MIXTURES, UNKNOWN, fit_forest, fit_linear, fit_logistic
from product_classifier.models.training import Trained, predict, train

ROWS = 180
LABELS: list[tuple[int, ...]] = [(k % 3,) for k in range(ROWS)]
TRAIN, TUNING, TEST = np.arange(0, 120), np.arange(120, 150), np.arange(150, ROWS)
TRUTH = np.array(LABELS)[:, 0]
FITS: list[Fit] = [fit_logistic, fit_forest, fit_linear]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads would hinder each other at sums that are so small."""
    with threadpool_limits(1):
        yield


def words(slips: float = 0.0) -> csr_matrix:
    """Each class has a word of its own, but for slips; five more words are in any text."""
    generator = np.random.default_rng(0)
    rows = (generator.random((ROWS, 8)) < 0.3).astype(np.float32)
    slipped = np.where(generator.random(ROWS) < slips, generator.integers(0, 3, ROWS), TRUTH)
    rows[:, :3] = 0
    rows[np.arange(ROWS), slipped] = 1
    return csr_matrix(rows)


def pictures(bright: NDArray[np.int64] = TRUTH) -> Bottlenecks:
    """Return bottlenecks with one large value each; every seventh product has no picture."""
    vectors = np.random.default_rng(1).random((ROWS, 5)).astype(np.float32)
    vectors[np.arange(ROWS), bright] += 2
    return Bottlenecks(vectors, np.where(np.arange(ROWS) % 7, np.arange(ROWS), -1), ())


def trained(
    fit: Fit,
    features: Features | None = None,
    labels: Sequence[Sequence[int]] = LABELS,
    classes: int = 3,
) -> Trained:
    return train(features or Features(words(0.3)), labels, TRAIN, TUNING, classes, fit=fit)


def right(model: Trained, features: Features) -> float:
    return float(np.mean(predict(model, features, TEST)[0] == TRUTH[TEST]))


def test_logistic_regression_agrees_with_scikit_learn() -> None:
    oracle = LogisticRegression(max_iter=1000).fit(words(0.3)[TRAIN], TRUTH[TRAIN])
    found = softmax(trained(fit_logistic).classifier.logits(TEST))
    assert found == pytest.approx(oracle.predict_proba(words(0.3)[TEST]), abs=1e-6)


def test_a_product_of_two_categories_counts_half_for_each() -> None:
    labels = [(0, 1) if k % 10 == 0 else label for k, label in enumerate(LABELS)]
    taught = [(row, label, 1 / len(labels[row])) for row in TRAIN for label in labels[row]]
    rows, numbers, weights = (list(column) for column in zip(*taught, strict=True))
    oracle = LogisticRegression(max_iter=1000).fit(words(0.3)[rows], numbers, weights)
    found = softmax(trained(fit_logistic, labels=labels).classifier.logits(TEST))
    assert found == pytest.approx(oracle.predict_proba(words(0.3)[TEST]), abs=1e-6)


def test_a_linear_machine_agrees_with_scikit_learn() -> None:
    known = np.concatenate([TRAIN, TUNING])
    oracle = LinearSVC(random_state=0).fit(words(0.3)[known], TRUTH[known])
    found = trained(fit_linear).classifier.logits(TEST)
    assert found == pytest.approx(oracle.decision_function(words(0.3)[TEST]))


def test_a_linear_machine_is_calibrated_before_it_is_refit() -> None:
    oracle = LinearSVC(random_state=0).fit(words(0.3)[TRAIN], TRUTH[TRAIN])
    model = trained(fit_linear)
    on_tuning = oracle.decision_function(words(0.3)[TUNING])
    assert model.before_refit.classifier.logits(TUNING) == pytest.approx(on_tuning)
    temperature = fit_temperature(on_tuning, TRUTH[TUNING], np.ones(len(TUNING)))
    assert model.temperature == pytest.approx(temperature)
    alone = train(Features(words(0.3)), LABELS, TRAIN, TUNING[:0], 3, fit=fit_linear)
    found = alone.classifier.logits(TEST)
    assert found == pytest.approx(oracle.decision_function(words(0.3)[TEST]))


def test_a_linear_machine_separates_two_categories() -> None:
    labels = [(min(label, 1),) for (label,) in LABELS]
    known = np.concatenate([TRAIN, TUNING])
    oracle = LinearSVC(random_state=0).fit(words()[known], np.array(labels)[known, 0])
    margin = oracle.decision_function(words()[TEST])
    model = trained(fit_linear, Features(words()), labels, 2)
    assert model.classifier.logits(TEST) == pytest.approx(np.stack([-margin, margin], axis=1))
    assert predict(model, Features(words()), TEST)[0].tolist() == [k for (k,) in labels[150:]]


def test_a_forest_agrees_with_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scikit, "TREES", 20)
    oracle = RandomForestClassifier(20, random_state=0)
    oracle.fit(words(0.3)[TRAIN], TRUTH[TRAIN], np.ones(len(TRAIN), np.float32))
    model = trained(fit_forest)
    found = softmax(model.classifier.logits(TEST))
    assert found == pytest.approx(oracle.predict_proba(words(0.3)[TEST]), abs=1e-6)
    assert model.settings["trees"] == 20


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    "features",
    [Features(words()), Features(pictures=pictures()), Features(words(), pictures())],
    ids=["words", "images", "both"],
)
def test_separable_categories_are_learned(fit: Fit, features: Features) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scikit, "TREES", 30)
        seen = features.has_features()[TEST].mean()
        assert right(trained(fit, features), features) >= seen


def test_words_and_pictures_are_concatenated() -> None:
    features = Features(words(0.3), pictures())
    values = Scaling.fit(pictures(), TRAIN).apply(pictures(), np.arange(ROWS))
    both = csr_matrix(hstack([words(0.3), csr_matrix(values)]))
    oracle = LogisticRegression(max_iter=1000).fit(both[TRAIN], TRUTH[TRAIN])
    found = softmax(trained(fit_logistic, features).classifier.logits(TEST))
    assert found == pytest.approx(oracle.predict_proba(both[TEST]), abs=1e-6)


def test_a_model_over_both_learns_what_words_and_pictures_show_in_part() -> None:
    # words do not know class 1 from 2, nor pictures class 0 from 1
    told = csr_matrix(np.stack([TRUTH == 0, TRUTH > 0], axis=1).astype(np.float32))
    bright = np.where(TRUTH == 2, 2, 0)
    vectors = np.eye(3, dtype=np.float32)[bright]
    seen = Bottlenecks(vectors, np.arange(ROWS), ())
    features = Features(told, seen)
    assert right(trained(fit_logistic, features), features) == 1
    for modality in (features.words_alone, features.pictures_alone):
        assert right(trained(fit_logistic, modality), modality) < 0.7


@pytest.mark.parametrize("fit", FITS)
def test_a_category_without_training_products_is_almost_ruled_out(fit: Fit) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scikit, "TREES", 10)
        labels = [
            (label if label < 2 else 3,) for (label,) in LABELS
        ]  # without a product of class 2
        found = trained(fit, labels=labels, classes=5).classifier.logits(TEST)
    assert found.shape == (len(TEST), 5)
    assert found[:, [2, 4]].tolist() == [[UNKNOWN, UNKNOWN]] * len(TEST)
    assert (found[:, [0, 1, 3]] >= UNKNOWN).all()


@pytest.mark.parametrize("fit", FITS)
def test_without_products_there_are_no_predictions(fit: Fit) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scikit, "TREES", 2)
        assert trained(fit).classifier.logits(TEST[:0]).shape == (0, 3)


@pytest.mark.parametrize("fit", [*FITS, functools.partial(fit_logistic, search=2)])
def test_training_products_of_a_single_category_are_refused(fit: Fit) -> None:
    with pytest.raises(ModelError, match="all in one category"):
        trained(fit, labels=[(1,)] * ROWS)


def searched(penalty: str, rounds: int, rows: csr_matrix) -> list[tuple[float, float, Any]]:
    """Return the tuning loss, strength and regression of each of the same random strengths."""
    targets = Targets.of(TUNING, LABELS)
    generator = np.random.default_rng(0)
    found = []
    for _ in range(rounds):
        strength = 10 ** (-2 + 5 * generator.uniform())
        mixture = generator.uniform() if penalty == ELASTIC else MIXTURES[penalty]
        solver, most = ("saga", 100) if mixture else ("lbfgs", 1000)
        regression = LogisticRegression(
            C=strength, l1_ratio=mixture, solver=solver, max_iter=most, random_state=0
        )
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            regression.fit(rows[TRAIN], TRUTH[TRAIN])
        logits = np.log(regression.predict_proba(rows[TUNING]))
        temperature = fit_temperature(logits, targets.labels, targets.weights)
        found.append((targets.score(softmax(logits / temperature)).loss, strength, regression))
    return found


@pytest.mark.parametrize(("penalty", "rounds"), [(L2, 8), (L1, 4), (ELASTIC, 4)])
def test_a_search_takes_the_strength_with_the_lowest_tuning_loss(penalty: str, rounds: int) -> None:
    rows = words(0.3)
    tried = searched(penalty, rounds, rows)
    loss, strength, regression = min(tried, key=lambda one: one[0])
    assert loss < max(tried, key=lambda one: one[0])[0]
    model = trained(functools.partial(fit_logistic, penalty=penalty, search=rounds))
    assert model.settings["strength"] == pytest.approx(strength, rel=1e-4)
    assert model.settings["searched"] == rounds
    found = softmax(model.classifier.logits(TEST))
    assert found == pytest.approx(regression.predict_proba(rows[TEST]), abs=1e-6)


def test_strengths_are_drawn_between_a_hundredth_and_a_thousand() -> None:
    chosen = {
        train(
            Features(words(0.3)),
            LABELS,
            TRAIN,
            TUNING,
            3,
            seed=seed,
            fit=functools.partial(fit_logistic, search=1),
        ).settings["strength"]
        for seed in range(10)
    }
    assert len(chosen) == 10
    assert 0.01 <= min(chosen) < 1 < max(chosen) <= 1000


def test_a_search_without_tuning_products_is_refused() -> None:
    with pytest.raises(ModelError, match=r"--search needs tuning products, .* leave out --search"):
        train(
            Features(words()),
            LABELS,
            TRAIN,
            TRAIN[:0],
            3,
            fit=functools.partial(fit_logistic, search=3),
        )


def test_an_l1_penalty_leaves_fewer_parameters() -> None:
    used = {
        penalty: trained(functools.partial(fit_logistic, penalty=penalty)).settings
        for penalty in MIXTURES
    }
    assert used[L2]["parameters"] == 3 * 8 + 3
    assert used[L1]["parameters"] < used[ELASTIC]["parameters"] <= used[L2]["parameters"]
    assert [used[penalty]["l1_share"] for penalty in (L2, ELASTIC, L1)] == [0, 0.5, 1]
    assert {settings["strength"] for settings in used.values()} == {1}


def test_the_temperature_turns_margins_into_probabilities() -> None:
    model = trained(fit_linear)
    targets = Targets.of(TUNING, LABELS)
    margins = np.asarray(model.classifier.logits(TUNING))
    warmed = targets.score(softmax(margins / model.temperature)).loss
    assert warmed < targets.score(softmax(margins)).loss
    assert not math.isclose(model.temperature, 1, rel_tol=0.05)
