"""Training and predicting on small features that a person can read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.models import fitting
from product_classifier.models.base import Score, Targets
from product_classifier.models.choices import Schedule
from product_classifier.models.fitting import fit
from product_classifier.models.network import Network, softmax
from product_classifier.models.scaling import Scaling
from product_classifier.models.training import Trained, predict, predict_paths, train

ROWS = 120
LABELS = [(k % 3,) for k in range(ROWS)]
TRAIN, TUNING, TEST = np.arange(0, 90), np.arange(90, 105), np.arange(105, ROWS)


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Ninety products need no hundred steps to be learned."""
    patch.setattr(fitting, "FEWEST_STEPS", 20)
    patch.setattr(fitting, "LEARNING_RATE", 0.01)


def words() -> csr_matrix:
    """Each class has a word of its own; a fourth word is in every third text of all classes."""
    rows = np.zeros((ROWS, 4), np.float32)
    rows[np.arange(ROWS), [label for (label,) in LABELS]] = 1
    rows[np.arange(0, ROWS, 9), 3] = 1
    return csr_matrix(rows)


def pictures(missing: tuple[int, ...] = ()) -> Bottlenecks:
    """Each class is bright in a value of its own; the fifth value never varies."""
    generator = np.random.default_rng(0)
    vectors = generator.random((ROWS, 5)).astype(np.float32)
    vectors[np.arange(ROWS), [label for (label,) in LABELS]] += 2
    vectors[:, 4] = 7
    rows = np.arange(ROWS)
    rows[list(missing)] = -1
    return Bottlenecks(vectors, rows, ())


def trained(features: Features, seed: int = 0) -> Trained:
    return train(features, LABELS, TRAIN, TUNING, 3, seed=seed)


@pytest.fixture(scope="module")
def of_both() -> tuple[Trained, Features]:
    """Learn words and pictures once, for the tests that only look at what was learned."""
    features = Features(words=words(), pictures=pictures())
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        return trained(features), features


def right(features: Features, model: Trained | None = None) -> float:
    predicted, _ = predict(model or trained(features), features, TEST)
    return float(np.mean(predicted == np.array(LABELS)[TEST, 0]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "features",
    [
        Features(words=words()),
        Features(pictures=pictures()),
    ],
    ids=["words", "images"],
)
def test_separable_categories_are_learned(features: Features) -> None:
    assert right(features) == 1


@pytest.mark.slow
def test_separable_categories_are_learned_from_both(of_both: tuple[Trained, Features]) -> None:
    model, features = of_both
    assert right(features, model) == 1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_scores_and_another_seed_others(
    of_both: tuple[Trained, Features],
) -> None:
    model, features = of_both
    models = (model, trained(features, 0), trained(features, 1))
    first, again, other = (np.asarray(one.classifier.logits(TEST)) for one in models)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.slow
def test_a_score_does_not_depend_on_the_other_products_of_the_batch(
    of_both: tuple[Trained, Features],
) -> None:
    model, features = of_both
    _, together = predict(model, features, np.arange(ROWS))
    _, backwards = predict(model, features, np.arange(ROWS)[::-1])
    alone = np.concatenate([predict(model, features, np.array([k]))[1] for k in range(ROWS)])
    assert np.array_equal(together, backwards[::-1])
    assert np.array_equal(together, alone)


def test_a_product_without_features_gets_the_most_frequent_category_and_its_share() -> None:
    rows = words().toarray()
    rows[TEST[0]] = 0
    features = Features(words=csr_matrix(rows))
    labels = [(0,) if k < 60 else label for k, label in enumerate(LABELS)]
    model = train(features, labels, TRAIN, TUNING, 3)
    predicted, score = predict(model, features, TEST[:1])
    assert (predicted[0], score[0]) == (0, pytest.approx(70 / 90))


@pytest.mark.slow
def test_a_product_without_a_picture_is_predicted_from_its_words() -> None:
    missing = tuple(range(0, ROWS, 2))
    assert right(Features(words=words(), pictures=pictures(missing))) == 1


@pytest.mark.slow
def test_a_product_without_words_is_predicted_from_its_picture() -> None:
    rows = words().toarray()
    rows[::2] = 0
    assert right(Features(words=csr_matrix(rows), pictures=pictures())) == 1


def test_training_needs_no_tuning_rows() -> None:
    features = Features(words=words())
    model = train(features, LABELS, TRAIN, np.array([], int), 3)
    predicted, _ = predict(model, features, TEST)
    assert np.array_equal(predicted, np.array(LABELS)[TEST, 0])


def test_training_products_without_features_are_refused() -> None:
    features = Features(words=csr_matrix((ROWS, 4), dtype=np.float32))
    with pytest.raises(ModelError, match="no training product has a text or picture"):
        trained(features)


def test_a_product_of_two_categories_counts_half_for_each() -> None:
    targets = Targets.of([0, 2], [(1,), (9,), (0, 3)])
    assert targets.rows.tolist() == [0, 2, 2]
    assert targets.labels.tolist() == [1, 0, 3]
    assert targets.weights.tolist() == [1, 0.5, 0.5]


def test_targets_are_scored_by_cross_entropy_and_accuracy() -> None:
    targets = Targets.of([0, 1], [(0,), (1,)])
    score = targets.score(np.array([[0.5, 0.5], [0.75, 0.25]]))
    assert score.loss == pytest.approx(-np.log([0.5, 0.25]).mean())
    assert score.accuracy == 0.5


def test_bottlenecks_are_standardized_by_training_rows_that_have_a_picture() -> None:
    found = pictures(missing=(1,))
    rows = np.array([0, 1, 2, 3])
    scaling = Scaling.fit(found, rows)
    seen = found.vectors[[0, 2, 3]].astype(np.float64)
    assert scaling.mean == pytest.approx(seen.mean(axis=0), rel=1e-6)
    assert scaling.deviation[:4] == pytest.approx(seen.std(axis=0)[:4], rel=1e-5)
    scaled = scaling.apply(found, np.array([0, 1]))
    assert scaled[0, 4] == 0  # a value that never varies says nothing
    assert not scaled[1].any()  # a missing picture is an average one


def test_probabilities_are_correct_even_for_large_logits() -> None:
    logits = np.array([[1000, 1000], [0, 1]], np.float32)
    expected: NDArray[np.float64] = np.array([[0.5, 0.5], [1 / (1 + np.e), np.e / (1 + np.e)]])
    assert softmax(logits) == pytest.approx(expected)


def test_a_nodes_probability_is_the_sum_of_the_classes_below_it() -> None:
    rows = words().toarray()
    rows[TEST[0]] = 0  # without evidence
    features = Features(words=csr_matrix(rows))
    model = trained(features)
    paths = np.array([[0, 3], [1, 3], [2, -1]])  # classes 0 and 1 lie below node 3
    answers, score, uncalibrated = predict_paths(model, features, TEST, paths)
    classes, leaf = predict(model, features, TEST)
    assert answers.tolist() == paths[classes].tolist()
    assert np.array_equal(score[:, 0], leaf)
    assert np.isnan(score[classes == 2, 1]).all()
    cold = softmax(model.classifier.logits(TEST))
    warm = softmax(model.classifier.logits(TEST) / model.temperature)
    warm[0] = cold[0] = model.prior
    inner = classes < 2
    assert score[inner, 1] == pytest.approx(warm[inner, :2].sum(axis=1))
    assert uncalibrated[:, 0] == pytest.approx(cold.max(axis=1))
    assert uncalibrated[inner, 1] == pytest.approx(cold[inner, :2].sum(axis=1))


def test_the_temperature_minimizes_the_loss_on_tuning_rows(
    of_both: tuple[Trained, Features],
) -> None:
    model, _ = of_both
    targets = Targets.of(TUNING, LABELS)
    logits = model.classifier.logits(targets.rows)
    best = targets.score(softmax(logits / model.temperature)).loss
    for other in (model.temperature * 0.9, model.temperature * 1.1, 1.0):
        assert best <= targets.score(softmax(logits / other)).loss + 1e-9


@pytest.mark.slow
def test_the_score_reported_for_a_round_is_the_mean_of_its_batches() -> None:
    def reported(round_steps: int) -> list[Score]:
        features = Features(pictures=pictures())
        scores: list[Score] = []
        schedule = Schedule(
            batch_size=30, steps=3, round_steps=round_steps, patience=None, learning_rate=0.01
        )
        targets = Targets.of(TRAIN, LABELS)
        network = Network.new(features, TRAIN, 3, seed=0)

        def on_round(step: int, on_batches: Score, on_tuning: Score) -> None:
            scores.append(on_batches)

        fit(network, targets, targets, schedule, seed=0, on_round=on_round)
        return scores

    [whole] = reported(3)
    assert np.mean(reported(1), axis=0) == pytest.approx(whole, rel=1e-6)
