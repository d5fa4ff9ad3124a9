"""Fusions of words and pictures, on red and blue belts and hats."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from product_classifier.errors import ModelError
from product_classifier.evaluate.reliability import fit_temperature
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import vectorize
from product_classifier.models import fusion
from product_classifier.models.base import Fit, Fitted, Targets, Task
from product_classifier.models.cross_fitting import cross_fitted, probabilities
from product_classifier.models.fusion import FOLDS, _groups, fit_late, fit_stack
from product_classifier.models.late_fusion import SURE, Modalities
from product_classifier.models.network import softmax
from product_classifier.models.scikit import fit_linear, fit_logistic
from product_classifier.models.split import duplicate_groups
from product_classifier.models.training import Trained, predict, train
from product_classifier.selection import PLACEHOLDER

COLOURS, KINDS = ("red", "blue"), ("belt", "hat")
ROWS, CLASSES = 1200, 4  # red belt, red hat, blue belt, blue hat
TRUTH = np.arange(ROWS) % CLASSES
LABELS: list[tuple[int, ...]] = [(k,) for k in TRUTH.tolist()]
TRAIN, TUNING, TEST = np.arange(0, 800), np.arange(800, 1000), np.arange(1000, ROWS)
NAMES = [first + second for first in "bdfgklmnprst" for second in "aeiou"]  # without information
LATE = functools.partial(fit_late, words=fit_logistic, pictures=fit_logistic)
STACK = functools.partial(fit_stack, words=fit_logistic, pictures=fit_logistic)
BOTH_WAYS = pytest.mark.parametrize("fuse", [LATE, STACK], ids=["late", "stack"])


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads would hinder each other at sums that are so small."""
    with threadpool_limits(1):
        yield


@functools.cache
def shop(told: tuple[str, ...], shown: tuple[str, ...], lacking: float = 0) -> Features:
    """Products whose words and pictures show their colour, their kind, or neither.

    One word in ten is wrong, pictures are dim. A share of all lacks its words, as many lack their
    picture, and some lack both.
    """
    generator = np.random.default_rng(2)
    vectors = generator.normal(size=(ROWS, 6)).astype(np.float32)
    texts = []
    for row, number in enumerate(TRUTH.tolist()):
        words = generator.choice(NAMES, 3, replace=False).tolist()
        for what, values, k in (("colour", COLOURS, number // 2), ("kind", KINDS, number % 2)):
            if what in told:
                words.append(values[k if generator.random() > 0.1 else 1 - k])
            if what in shown:
                vectors[row, k + 2 * (what == "kind")] += 2
        texts.append(" ".join(words) if generator.random() >= lacking else "")
    bags, vocabulary = vectorize(texts, np.arange(ROWS) < len(TRAIN))
    rows = np.where(generator.random(ROWS) >= lacking, np.arange(ROWS), -1)
    return Features(bags, Bottlenecks(vectors, rows, ()), vocabulary=vocabulary)


def trained(features: Features, fit: Fit = fit_logistic, classes: int = CLASSES) -> Trained:
    return train(features, LABELS, TRAIN, TUNING, classes, fit=fit)


def right(model: Trained, features: Features, rows: NDArray[np.int64] = TEST) -> float:
    return float(np.mean(predict(model, features, rows)[0] == TRUTH[rows]))


def modalities_of(features: Features) -> tuple[Trained, Trained]:
    """Return the same classifiers, trained alone."""
    return trained(features.words_alone), trained(features.pictures_alone)


def weights(model: Trained) -> tuple[float, float]:
    return model.settings["weight_of_words"], model.settings["weight_of_pictures"]


WORDS_TELL = ("colour", "kind"), ()
PICTURES_SHOW = (), ("colour", "kind")
HALF_EACH = ("kind",), ("colour",)
TWICE = ("colour", "kind"), ("colour", "kind")


def test_uninformative_pictures_get_almost_no_weight() -> None:
    features = shop(*WORDS_TELL)
    model = trained(features, LATE)
    of_words, of_pictures = weights(model)
    assert of_pictures < 0.1 * of_words
    assert right(model, features) == pytest.approx(
        right(modalities_of(features)[0], features), abs=0.02
    )


def test_uninformative_words_get_almost_no_weight() -> None:
    features = shop(*PICTURES_SHOW)
    model = trained(features, LATE)
    of_words, of_pictures = weights(model)
    assert of_words < 0.1 * of_pictures
    assert right(model, features) == pytest.approx(
        right(modalities_of(features)[1], features), abs=0.02
    )


@pytest.mark.parametrize("about", [WORDS_TELL, PICTURES_SHOW], ids=["words", "images"])
def test_a_stack_ignores_an_uninformative_modality(
    about: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    features = shop(*about)
    best = max(right(modality, features) for modality in modalities_of(features))
    assert right(trained(features, STACK), features) > best - 0.05


@BOTH_WAYS
def test_a_fusion_combines_what_words_and_pictures_show_in_part(fuse: Fit) -> None:
    features = shop(*HALF_EACH)
    model = trained(features, fuse)
    assert right(model, features) > 0.8
    for modality, alone in zip(
        modalities_of(features), (features.words_alone, features.pictures_alone), strict=True
    ):
        assert right(modality, alone) < 0.6


@BOTH_WAYS
def test_products_that_lack_a_modality_are_classified_by_the_other(fuse: Fit) -> None:
    features = shop(*TWICE, lacking=0.2)
    has_words, has_picture = have(features)
    model, (words, pictures) = trained(features, fuse), modalities_of(features)
    found = probabilities(model, features, TEST)
    assert found.sum(axis=1) == pytest.approx(1)
    for having, modality, alone in (
        (has_words & ~has_picture, words, features.words_alone),
        (has_picture & ~has_words, pictures, features.pictures_alone),
    ):
        rows = TEST[having[TEST]]
        assert len(rows) > 20
        assert right(model, features, rows) >= right(modality, alone, rows) - 0.05
    whole = TEST[(has_words & has_picture)[TEST]]
    assert right(model, features, whole) > right(words, features.words_alone, whole)
    assert right(model, features, whole) > right(pictures, features.pictures_alone, whole)
    nothing = ~(has_words | has_picture)[TEST]
    assert nothing.any()
    assert found[nothing].tolist() == [model.prior.tolist()] * int(nothing.sum())


def have(features: Features) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which products have known words, and which a picture."""
    return features.words_alone.has_features(), features.pictures_alone.has_features()


def test_late_fusion_does_not_change_a_single_modality() -> None:
    features = shop(*TWICE, lacking=0.2)
    has_words, has_picture = have(features)
    model, (words, pictures) = trained(features, LATE), modalities_of(features)
    of_words = np.flatnonzero(has_words & ~has_picture)
    of_picture = np.flatnonzero(has_picture & ~has_words)
    for rows, modality, alone in (
        (of_words, words, features.words_alone),
        (of_picture, pictures, features.pictures_alone),
    ):
        expected = probabilities(modality, alone, rows)
        found = softmax(np.asarray(model.classifier.logits(rows)))
        assert found == pytest.approx(expected, abs=1e-5)


def test_a_prediction_does_not_depend_on_what_others_lack() -> None:
    features = shop(*TWICE, lacking=0.2)
    for fuse in (LATE, STACK):
        classifier = trained(features, fuse).classifier
        together = np.asarray(classifier.logits(TEST[:40]))
        alone = np.concatenate([classifier.logits(TEST[k : k + 1]) for k in range(40)])
        assert together == pytest.approx(alone)


def test_the_weights_maximize_the_likelihood_of_held_out_folds() -> None:
    features = shop(*TWICE, lacking=0.2)
    both = np.logical_and(*have(features))
    rows = TRAIN[features.has_features()[TRAIN]]
    groups = _groups(features, rows)
    chosen = both[rows]
    judged = np.stack(
        [
            calibrated(
                cross_fitted(
                    modality,
                    LABELS,
                    groups,
                    CLASSES,
                    folds=FOLDS,
                    rows=rows,
                    fit=fit_logistic,
                    calibrated=False,
                ),
                rows,
                modality.has_features()[rows],
            )[chosen]
            for modality in (features.words_alone, features.pictures_alone)
        ]
    )
    targets = Targets.of(rows[chosen], LABELS)
    targets = Targets(np.arange(chosen.sum()), targets.labels, targets.weights)

    def loss(of_words: float, of_pictures: float) -> float:
        logs = np.log(np.maximum(judged.astype(np.float64), SURE))
        return targets.score(softmax(of_words * logs[0] + of_pictures * logs[1])).loss

    best = weights(trained(features, LATE))
    assert all(0.2 < weight < 2.9 for weight in best)
    for step in (0.02, 0.2):
        for more in ((step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step), (step, step)):
            assert loss(best[0] + more[0], best[1] + more[1]) > loss(*best)
    assert loss(*best) < min(loss(1, 0), loss(0, 1))


def calibrated(
    probability: NDArray[np.float32], rows: NDArray[np.int64], evident: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return probabilities calibrated by one temperature for all folds."""
    logits = np.log(probability.astype(np.float64))
    known = Targets.of(rows[evident], LABELS)
    temperature = fit_temperature(logits[evident], known.labels, known.weights)
    return softmax(logits / temperature)


def test_a_picture_of_very_many_products_does_not_make_them_duplicates() -> None:
    texts = [f"word{k}" for k in range(PLACEHOLDER + 1)]
    bags, _ = vectorize(texts, np.ones(len(texts), bool))
    seen = Bottlenecks(np.eye(1, dtype=np.float32), np.zeros(len(texts), np.int64), ())
    features = Features(bags, seen)
    assert len(set(_groups(features, np.arange(PLACEHOLDER + 1)))) == PLACEHOLDER + 1
    assert len(set(_groups(features, np.arange(PLACEHOLDER)))) == 1


def test_equal_words_or_pictures_form_one_group() -> None:
    texts = ["red hat", "red hat", "blue belt", "blue hat", "", "", "red scarf", "blue scarf"]
    seen = ["a", "b", "b", "c", None, None, "d", "d"]
    bags, _ = vectorize(texts, np.ones(len(texts), bool))
    rows = np.array(["abcd".index(name) if name else -1 for name in seen])
    features = Features(bags, Bottlenecks(np.eye(4, dtype=np.float32), rows, ()))
    unlike = [text or f"none {k}" for k, text in enumerate(texts)]
    for chosen in (np.arange(8), np.array([7, 0, 2, 6]), np.array([5, 4])):
        found = _groups(features, chosen)
        expected = duplicate_groups([unlike[k] for k in chosen], [seen[k] for k in chosen])
        assert same_parts(found, expected)
    assert same_parts(_groups(features, np.arange(8)), [1, 1, 1, 2, 3, 4, 5, 5])


def same_parts(one: Sequence[object], other: Sequence[object]) -> bool:
    return [one.index(name) for name in one] == [other.index(name) for name in other]


@BOTH_WAYS
def test_duplicates_are_never_predicted_by_a_model_trained_on_one_of_them(
    fuse: Callable[..., Fitted],
) -> None:
    features = shop(*TWICE)
    assert features.words is not None
    assert features.pictures is not None
    # duplicates by words or by picture: 0 and 4 share their words, 4 and 8 their picture
    order, shown = np.arange(ROWS), np.arange(ROWS)
    trios = [(k, k + 4, k + 8) for k in range(0, 240, 12)]
    for first, second, third in trios:
        order[second], shown[third] = first, shown[second]
    copied = Features(features.words[order], Bottlenecks(features.pictures.vectors, shown, ()))
    seen: list[set[int]] = []

    def watched(task: Task) -> Fitted:
        seen.append({*task.learning.rows.tolist(), *task.tuning.rows.tolist()})
        return fit_logistic(task)

    trained(copied, functools.partial(fuse, words=watched, pictures=watched))
    assert len(seen) == 2 * (1 + FOLDS)
    for rows in seen:
        assert all(len(rows & set(trio)) in (0, 3) for trio in trios)
    assert all(any(not rows & set(trio) for rows in seen) for trio in trios)
    assert not any(rows & set(TEST.tolist()) for rows in seen)


def test_the_tuning_products_choose_the_regularization_of_a_stack() -> None:
    features = shop(*HALF_EACH)
    targets = Targets.of(TUNING, LABELS)
    losses = {}
    for strength in fusion.STRENGTHS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fusion, "STRENGTHS", (strength,))
            alone = trained(features, STACK).classifier
        losses[strength] = targets.score(softmax(np.asarray(alone.logits(TUNING)))).loss
    chosen = trained(features, STACK).settings["strength"]
    assert chosen == min(losses, key=lambda strength: losses[strength])
    assert len({round(loss, 6) for loss in losses.values()}) == len(losses)


@BOTH_WAYS
def test_no_tuning_products_are_needed(fuse: Fit) -> None:
    features = shop(*HALF_EACH)
    model = train(features, LABELS, TRAIN, TUNING[:0], CLASSES, fit=fuse)
    assert right(model, features) > 0.65  # a single modality is right half the time


@BOTH_WAYS
def test_a_category_without_training_products_is_almost_ruled_out(fuse: Fit) -> None:
    found = softmax(np.asarray(trained(shop(*TWICE), fuse, 5).classifier.logits(TEST)))
    assert found.shape == (len(TEST), 5)
    assert found[:, 4].max() < 0.001


@BOTH_WAYS
def test_without_products_there_are_no_predictions(fuse: Fit) -> None:
    assert trained(shop(*TWICE), fuse).classifier.logits(TEST[:0]).shape == (0, CLASSES)


@BOTH_WAYS
def test_a_fusion_of_a_single_modality_is_refused(fuse: Fit) -> None:
    features = shop(*TWICE)
    for modality in (features.words_alone, features.pictures_alone):
        with pytest.raises(ModelError, match="a fusion needs both words and pictures"):
            trained(modality, fuse)


@BOTH_WAYS
def test_a_modality_without_training_products_is_refused(fuse: Fit) -> None:
    features = shop(*TWICE)
    assert features.words is not None
    assert features.pictures is not None
    without_words = Features(csr_matrix(features.words.shape, dtype="f4"), features.pictures)
    lost = Bottlenecks(features.pictures.vectors, np.full(ROWS, -1), ())
    for lacking in (without_words, Features(features.words, lost)):
        with pytest.raises(ModelError, match="no training product"):
            trained(lacking, fuse)


def fused_from(model: Trained) -> Modalities:
    found = model.classifier.modalities  # type: ignore[attr-defined]
    assert isinstance(found, Modalities)
    return found


@pytest.mark.parametrize("fuse", [fit_late, fit_stack])
def test_a_fusion_is_calibrated_before_its_modalities_are_refit(
    fuse: Callable[..., Fitted],
) -> None:
    fit = functools.partial(fuse, words=fit_linear, pictures=fit_logistic)
    features = shop(("colour",), ("kind",))
    model = train(features, LABELS, TRAIN, TUNING, CLASSES, fit=fit)
    fused, before = (fused_from(one).words for one in (model, model.before_refit))
    alone = train(features.words_alone, LABELS, TRAIN, TUNING, CLASSES, fit=fit_linear)
    expected = alone.classifier.logits(TEST), alone.before_refit.classifier.logits(TEST)
    assert np.array_equal(fused.classifier.logits(TEST), expected[0])
    assert np.array_equal(before.classifier.logits(TEST), expected[1])
    assert not np.array_equal(*expected)
    on_tuning = np.asarray(model.before_refit.classifier.logits(TUNING))
    temperature = fit_temperature(on_tuning, TRUTH[TUNING], np.ones(len(TUNING)))
    assert model.temperature == pytest.approx(temperature, rel=1e-3)
