"""Every model and fusion that can be chosen, on belts and jeans that their words tell apart."""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.cleaning import (
    DEFAULT_TEXT_SETTINGS,
    SEQUENCE,
    TextSettings,
    stems,
)
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import SEQUENCE_LENGTH, vectorize
from product_classifier.models import fitting
from product_classifier.models.choices import (
    FUSIONS,
    JOINED,
    LOGIT_ADJUST,
    SAMPLE,
    WEIGHTS,
    WORD_MODELS,
    Balance,
    Choices,
    recorded,
)
from product_classifier.models.cross_fitting import probabilities
from product_classifier.models.fits import fit_of
from product_classifier.models.layers import PLAIN, VECTORS, Design
from product_classifier.models.network import Network, softmax
from product_classifier.models.scikit import fit_logistic
from product_classifier.models.training import Trained, predict, train

KINDS = ["boot denim jeans", "wide denim jeans", "leather buckle belt"]
ADJECTIVES = ["soft", "dark", "light", "plain", "striped"]
ROWS = 120
LABELS = [(k % 3,) for k in range(ROWS)]
TRUTH = np.arange(ROWS) % 3
TEXTS = [f"{ADJECTIVES[k % 5].title()} {KINDS[k % 3]} no {k}" for k in range(ROWS)]
TRAIN, TUNING, TEST = np.arange(0, 90), np.arange(90, 105), np.arange(105, ROWS)
WITH_KERAS = {"network", "embedding", "sequence", "blend"}


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ninety products need no hundred steps to be learned."""
    monkeypatch.setattr(fitting, "FEWEST_STEPS", 20)
    monkeypatch.setattr(fitting, "MAX_ROUNDS", 15)
    monkeypatch.setattr(fitting, "LEARNING_RATE", 0.02)


def read(reading: TextSettings = DEFAULT_TEXT_SETTINGS, texts: list[str] = TEXTS) -> Features:
    words, vocabulary = vectorize(texts, np.isin(np.arange(len(texts)), TRAIN), reading)
    return Features(words, vocabulary=vocabulary)


def seen() -> Features:
    """Each kind is bright in a value of its own."""
    vectors = np.random.default_rng(0).random((ROWS, 5)).astype(np.float32)
    vectors[np.arange(ROWS), TRUTH] += 2
    return Features(pictures=Bottlenecks(vectors, np.arange(ROWS), ()))


def of_words(choices: Choices) -> Features:
    """Read texts as the chosen model does."""
    model = WORD_MODELS[choices.model]
    return read(TextSettings(model.vectorizer, model.clean))


def learned(choices: Choices, features: Features) -> Trained:
    return train(
        features,
        LABELS,
        TRAIN,
        TUNING,
        3,
        seed=choices.seed,
        fit=fit_of(choices),
        balance=choices.balance,
    )


def named(names: Any, slow: set[str]) -> list[Any]:
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in slow)) for name in names]


@pytest.mark.parametrize("name", named(WORD_MODELS, WITH_KERAS))
def test_every_model_of_words_learns_and_predicts_probabilities(name: str) -> None:
    choices = Choices(model=name)
    features = of_words(choices)
    model = learned(choices, features)
    assert predict(model, features, TEST)[0].tolist() == TRUTH[TEST].tolist()
    found = probabilities(model, features, np.arange(ROWS))
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.min() >= 0
    assert model.settings["parameters"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_learns_and_predicts_probabilities(fusion: str) -> None:
    # words separate belts from jeans, and pictures one kind of jeans from the rest
    texts = [text.replace("boot ", "").replace("wide ", "") for text in TEXTS]
    vectors = np.random.default_rng(0).random((ROWS, 20)).astype(np.float32)
    vectors[TRUTH == 0, :10] += 1
    features = read(texts=texts) | Features(pictures=Bottlenecks(vectors, np.arange(ROWS), ()))
    model_name = "network" if fusion in JOINED else "logistic"
    model = learned(Choices(kind="both", model=model_name, fusion=fusion), features)
    assert np.mean(predict(model, features, TEST)[0] == TRUTH[TEST]) > 0.9
    found = probabilities(model, features, np.arange(ROWS))
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.min() >= 0


@pytest.mark.slow
def test_a_model_of_images_with_hidden_layers_learns() -> None:
    model = learned(Choices(kind="images", head=(8, 4)), seen())
    assert predict(model, seen(), TEST)[0].tolist() == TRUTH[TEST].tolist()
    assert model.settings["head"] == (8, 4)
    assert model.settings["parameters"] == (5 + 1) * 8 + (8 + 1) * 4 + (4 + 1) * 3


@pytest.mark.slow
def test_word_vectors_are_read_from_the_chosen_file(tmp_path: Path) -> None:
    path = tmp_path / "words.vec"
    path.write_text("boot 2 0 0\nwide 0 2 0\nbelt 0 0 2\njeans 1 1 0\n")
    choices = Choices(model="embedding", vectors=path)
    model = learned(choices, of_words(choices))
    assert model.settings["vector_dimensions"] == 3
    assert predict(model, of_words(choices), TEST)[0].tolist() == TRUTH[TEST].tolist()


@pytest.mark.slow
def test_both_modalities_of_a_late_fusion_are_trained_on_balanced_rows() -> None:
    kept = [k for k in TRAIN.tolist() if k % 3 == 2 or k % 9 < 3]  # mostly belts
    # three texts in seven speak of another kind
    features = read(texts=[f"{KINDS[(k + (k % 7 < 3)) % 3]} no {k}" for k in range(ROWS)])
    noise = np.random.default_rng(0).random((ROWS, 5)).astype(np.float32)
    rows = np.where(np.arange(ROWS) % 2, -1, np.arange(ROWS))
    seen_and_read = features | Features(pictures=Bottlenecks(noise, rows, ()))
    choices = Choices(kind="both", model="logistic", fusion="late", balance=Balance(WEIGHTS))
    late = train(
        seen_and_read,
        LABELS,
        np.array(kept),
        TUNING,
        3,
        fit=fit_of(choices),
        balance=choices.balance,
    )
    rows = TEST[TEST % 2 == 1]  # without a picture
    expected = {
        balance: train(
            features, LABELS, np.array(kept), TUNING, 3, fit=fit_logistic, balance=balance
        )
        for balance in (Balance(WEIGHTS), Balance())
    }
    found = softmax(np.asarray(late.classifier.logits(rows)))
    balanced, as_they_are = (probabilities(one, features, rows) for one in expected.values())
    assert found == pytest.approx(balanced, abs=1e-4)
    assert np.abs(found - as_they_are).max() > 0.01


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (Choices(), {"model": "network"}),
        (Choices(model="blend", head=(3,)), {"model": "blend"}),
        (
            Choices(model="embedding", vectors=Path("far/away/glove.txt")),
            {"model": "embedding", "vectors": "glove.txt"},
        ),
        (Choices(kind="images"), {"head": "softmax"}),
        (Choices(kind="images", head=(256, 64)), {"head": "256,64"}),
        (Choices(kind="both"), {"model": "network", "head": "softmax", "fusion": "concat"}),
        (
            Choices(
                kind="both", model="linear", fusion="late", head=(64,), max_per_category_train=9
            ),
            {"model": "linear", "head": "64", "fusion": "late", "max_per_category_train": 9},
        ),
    ],
)
def test_an_experiment_records_the_choices(choices: Choices, expected: dict[str, Any]) -> None:
    assert recorded(choices) == expected


LOGISTIC = Choices(model="logistic")
IMAGES, BOTH = Choices(kind="images"), Choices(kind="both")


@pytest.mark.parametrize(
    ("choices", "change"),
    [
        (LOGISTIC, {"model": "forest"}),
        (LOGISTIC, {"penalty": "l1"}),
        (LOGISTIC, {"search": 2}),
        (LOGISTIC, {"seed": 1}),
        (LOGISTIC, {"max_per_category_train": 7}),
        (LOGISTIC, {"balance": Balance(SAMPLE, 5)}),
        (LOGISTIC, {"balance": Balance(LOGIT_ADJUST, 0.5)}),
        pytest.param(IMAGES, {"head": (8,)}, marks=pytest.mark.slow),
        pytest.param(BOTH, {"fusion": "product"}, marks=pytest.mark.slow),
        pytest.param(BOTH, {"head": (8,)}, marks=pytest.mark.slow),
        pytest.param(BOTH, {"modality_dropout": 0.2}, marks=pytest.mark.slow),
    ],
)
def test_different_choices_are_recorded_differently(
    choices: Choices, change: dict[str, Any]
) -> None:
    assert record(choices) != record(dataclasses.replace(choices, **change))


@functools.cache
def record(choices: Choices) -> dict[str, Any]:
    """Return what is recorded of a short training, but for what it measures of itself."""
    features = seen() if choices.kind == "images" else read()
    if choices.kind == "both":
        features |= seen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "MAX_ROUNDS", 1)
        settings = {**learned(choices, features).settings, **recorded(choices)}
    measured = ("temperature", "best_round")
    return {name: value for name, value in settings.items() if name not in measured}


def network(features: Features, design: Design = PLAIN) -> Network:
    return Network.new(features, TRAIN, 3, 0, design)


def layers(kind: str, built: Network) -> list[Any]:
    return [layer for layer in built.model.layers if type(layer).__name__ == kind]


@pytest.mark.parametrize("head", [(), (8,), (8, 4)])
def test_each_layer_of_a_head_is_in_the_network_with_its_dropout(head: tuple[int, ...]) -> None:
    built = network(seen(), Design(head=head))
    assert [layer.units for layer in layers("Dense", built)] == [*head, 3]
    assert len(layers("Dropout", built)) == 1 + len(head)


@pytest.mark.parametrize("fusion", JOINED)
def test_a_head_is_also_in_a_network_over_both(fusion: str) -> None:
    features = read() | seen()
    plain = [layer.units for layer in layers("Dense", network(features, Design(joint=fusion)))]
    headed = network(features, Design(joint=fusion, head=(17, 19)))
    units = [layer.units for layer in layers("Dense", headed)]
    assert Counter(units) - Counter(plain) == {17: 1, 19: 1}


def dense(tensor: Any) -> NDArray[np.float32]:
    """Return a network's inputs for words."""
    found = np.zeros(tuple(tensor.shape), np.float32)
    found[tuple(np.asarray(tensor.indices).T)] = np.asarray(tensor.values)
    return found


def lacking() -> Features:
    """Products of which every fifth lacks its words, and every seventh its picture."""
    texts = [text if k % 5 else "" for k, text in enumerate(TEXTS)]
    pictures = seen().pictures
    assert pictures is not None
    rows = np.where(np.arange(ROWS) % 7, np.arange(ROWS), -1)
    return read(texts=texts) | Features(pictures=dataclasses.replace(pictures, rows=rows))


def test_training_hides_words_or_picture_of_some_products_and_never_both() -> None:
    features, rows = lacking(), np.arange(ROWS)
    built = network(features, Design(modality_dropout=0.4))
    words, pictures = built.batch(rows)
    words, pictures = dense(words), np.asarray(pictures)
    has_words, has_picture = words.any(axis=1), pictures.any(axis=1)
    without = np.zeros(2)
    for _ in range(50):
        given, shown = built.batch(rows, training=True)
        given, shown = dense(given), np.asarray(shown)
        no_words = has_words & ~given.any(axis=1)
        no_picture = has_picture & ~shown.any(axis=1)
        assert not (no_words & no_picture).any()
        alone = has_words ^ has_picture
        assert not (alone & (no_words | no_picture)).any()
        assert np.array_equal(given[~no_words], words[~no_words])
        assert np.array_equal(shown[~no_picture], pictures[~no_picture])
        without += no_words.sum(), no_picture.sum()
    share = without / 50 / (has_words & has_picture).sum()
    assert share == pytest.approx([0.2, 0.2], abs=0.03)


def test_nothing_is_hidden_when_predicting() -> None:
    features, rows = lacking(), np.arange(ROWS)
    hiding = network(features, Design(modality_dropout=0.9, word_dropout=0.9))
    plain = network(features)
    for one, other in zip(hiding.batch(rows), plain.batch(rows), strict=True):
        if hasattr(one, "indices"):
            one, other = dense(one), dense(other)
        assert np.array_equal(np.asarray(one), np.asarray(other))
    assert np.array_equal(hiding.logits(rows), plain.logits(rows))


def test_training_hides_nothing_without_modality_dropout() -> None:
    features, rows = lacking(), np.arange(ROWS)
    words, pictures = network(features).batch(rows, training=True)
    expected_words, expected_pictures = network(features).batch(rows)
    assert np.array_equal(dense(words), dense(expected_words))
    assert np.array_equal(np.asarray(pictures), np.asarray(expected_pictures))


def test_word_dropout_hides_words_and_keeps_their_expected_sum() -> None:
    features, rows = read(), np.arange(ROWS)
    built = network(features, Design(word_dropout=0.3))
    (words,) = built.batch(rows)
    whole = dense(words)
    total, left_out = np.zeros(whole.shape), 0.0
    for _ in range(100):
        (words,) = built.batch(rows, training=True)
        given = dense(words)
        assert np.allclose(given, np.where(given, whole / np.float32(0.7), 0))
        total += given
        left_out += 1 - np.count_nonzero(given) / np.count_nonzero(whole)
    assert left_out / 100 == pytest.approx(0.3, abs=0.01)
    assert total.sum() / 100 == pytest.approx(whole.sum(), rel=0.01)
    assert total.sum(axis=1) / 100 == pytest.approx(whole.sum(axis=1), rel=0.15)


def test_a_sequence_is_read_as_the_numbers_of_its_first_stems_in_order() -> None:
    texts = [
        *TEXTS,
        "Belts, belts; boots and buckles: dark, light, striped jeans of leather, wide or soft",
        "unheard of",
        "a striped thing, wide",
        "",
    ]
    features = read(TextSettings(SEQUENCE, "stemmed"), texts)
    number = {term: k for k, term in enumerate(features.vocabulary, 1)}
    expected = []
    for text in texts:
        known = [number[stem] for stem in stems(text) if stem in number][:SEQUENCE_LENGTH]
        expected.append(known + [0] * (SEQUENCE_LENGTH - len(known)))
    assert all(expected[ROWS])
    assert not any(expected[ROWS + 1])
    built = network(features, Design(encoder=SEQUENCE))
    (given,) = built.batch(np.arange(len(texts)), size=len(texts) + 2)
    assert np.asarray(given).dtype == np.int32
    assert np.asarray(given).tolist() == expected + [[0] * SEQUENCE_LENGTH] * 2
    (backwards,) = built.batch(np.arange(len(texts))[::-1])
    assert np.asarray(backwards).tolist() == expected[::-1]


def test_a_network_over_vectors_starts_with_the_mean_of_a_products_words() -> None:
    features = read(texts=["red hat", "hat", "", *TEXTS])
    vectors = np.random.default_rng(0).normal(size=(len(features.vocabulary), 7)).astype("f4")
    built = network(features, Design(encoder=VECTORS, vectors=vectors))
    first = layers("Dense", built)[0]
    assert not first.use_bias
    assert np.array_equal(np.asarray(first.kernel), vectors)
    (words,) = built.batch(np.arange(20))
    of = dict(zip(features.vocabulary, vectors, strict=True))
    texts = ["red hat", "hat", "", *TEXTS][:20]
    known = [[of[word] for word in text.lower().split() if word in of] for text in texts]
    expected = [np.mean(some, axis=0) if some else np.zeros(7) for some in known]
    assert dense(words) @ vectors == pytest.approx(np.array(expected), abs=1e-5)
