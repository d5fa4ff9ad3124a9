"""Texts as sparse vectors, and new texts by a vocabulary learned from others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from product_classifier.errors import FeatureError
from product_classifier.features import text_vectors
from product_classifier.features.cleaning import (
    CLEANINGS,
    DEFAULT_TEXT_SETTINGS,
    NGRAMS,
    SEQUENCE,
    TextSettings,
    terms,
)
from product_classifier.features.text_vectors import (
    PART,
    VECTORIZERS,
    Vectorizer,
    vectorize,
    vectors_key,
)


def dense(
    texts: list[str], train: list[bool], settings: TextSettings = DEFAULT_TEXT_SETTINGS
) -> list[list[float]]:
    matrix = vectorize(texts, np.array(train), settings).vectors
    assert matrix.dtype == np.float32
    return matrix.toarray().tolist()  # type: ignore[no-any-return]


def test_a_bag_has_a_1_for_each_term_of_a_text() -> None:
    rows = dense(["red belt", "red red hat", "hat"], [True, True, True])
    assert rows == [[1, 0, 1], [0, 1, 1], [0, 1, 0]]  # belt, hat, red


def test_the_vocabulary_sees_training_texts_only() -> None:
    assert dense(["red", "blue", "red blue"], [True, False, False]) == [[1], [0], [1]]


def test_the_most_frequent_terms_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_vectors, "VOCABULARY_SIZE", 2)
    texts = ["rare rare rare", "a b", "a b", "a"]  # counted once a text
    assert dense(texts, [True] * 4) == [[0, 0], [1, 1], [1, 1], [1, 0]]


@pytest.mark.parametrize("vectorizer", VECTORIZERS)
def test_texts_without_any_term_are_refused(vectorizer: str) -> None:
    with pytest.raises(FeatureError, match="no name or description"):
        vectorize(["...", ""], np.array([True, True]), TextSettings(vectorizer))


def test_a_limit_keeps_the_first_words() -> None:
    assert dense(["red hat", "hat red"], [True, True], TextSettings(limit=1)) == [[0, 1], [1, 0]]


def test_ngrams_are_of_terms_and_of_characters() -> None:
    words = vectorize(["red hat", "hat"], np.array([True, True]), TextSettings(NGRAMS))
    assert [name for name in words.vocabulary if not name.startswith(PART)] == [
        *("hat", "red", "red hat"),
    ]
    parts = {" ha", "hat", "at ", " hat", "hat ", " hat ", " re", "red", "ed "}
    parts |= {" red", "red ", " red "}
    assert {name for name in words.vocabulary if name.startswith(PART)} == {
        PART + part for part in parts
    }
    lengths = words.vectors[:, :3].power(2).sum(axis=1)
    assert lengths == pytest.approx(np.ones((2, 1)))


def test_ngrams_agree_with_scikit_learn() -> None:
    texts = ["red hat for a cat", "a red belt", "hat", "cat and hat and belt"]
    train = np.array([True, True, True, False])
    words = TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, 2), sublinear_tf=True)
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    expected = [counter.fit(texts[:3]).transform(texts).toarray() for counter in (words, parts)]
    assert np.allclose(dense(texts, train.tolist(), TextSettings(NGRAMS)), np.hstack(expected))


def test_a_sequence_is_one_hot_by_position() -> None:
    texts = ["red hat", "hat red red", "blue hat", "hat"]
    words = vectorize(texts, np.array([True, True, False, True]), TextSettings(SEQUENCE))
    assert words.vocabulary == ["hat", "red"]  # the most frequent first
    places = [np.flatnonzero(row).tolist() for row in words.vectors.toarray()]
    assert places == [
        [1, 2],
        [0, 3, 5],
        [0],
        [0],
    ]  # position x 2 + term; blue is not in a training text


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text("ab <&;-", max_size=8), min_size=1, max_size=6))
def test_vectors_agree_with_a_plain_count(texts: list[str]) -> None:
    vocabulary = sorted({term for text in texts for term in terms(text)})
    if vocabulary:
        expected = [[float(term in terms(text)) for term in vocabulary] for text in texts]
        assert dense(texts, [True] * len(texts)) == expected


def test_the_key_changes_with_everything_that_vectors_depend_on() -> None:
    train = np.array([True, False])
    keys = {
        vectors_key(["a", "b"], train),
        vectors_key(["a", "b"], ~train),
        vectors_key(["ab", ""], train),
        vectors_key(["a", "c"], train),
        vectors_key(["a", "b"], train, TextSettings(NGRAMS)),
        vectors_key(["a", "b"], train, TextSettings(clean="none")),
        vectors_key(["a", "b"], train, TextSettings(limit=3)),
    }
    assert len(keys) == 7


TEXTS = ["Red hat, red", "Blue belts ~5 x", "a red belt", "hats for belts", "Über-belt 5"]
TRAIN = np.array([True, True, True, True, False])
word = st.sampled_from(["red", "belts", "~5", "zebra", "Über", "x", "\ud800"])


@given(
    texts=st.lists(st.lists(word, max_size=4).map(" ".join), max_size=3),
    vectorizer=st.sampled_from(sorted(VECTORIZERS)),
    clean=st.sampled_from(sorted(CLEANINGS)),
    limit=st.sampled_from([None, 2]),
)
def test_a_new_text_is_vectorised_as_beside_the_training_texts(
    texts: list[str], vectorizer: str, clean: str, limit: int | None
) -> None:
    settings = TextSettings(vectorizer, clean, limit)
    train = np.append(TRAIN, np.zeros(len(texts), bool))
    together = vectorize(TEXTS + texts, train, settings)
    learned = vectorize(TEXTS, TRAIN, settings)
    fitted = Vectorizer.of(settings, learned.vocabulary, learned.vectors[TRAIN])
    assert (fitted.transform(TEXTS + texts) != together.vectors).nnz == 0


def test_a_vocabulary_that_does_not_match_its_weights_is_refused() -> None:
    settings = TextSettings(NGRAMS)
    learned = vectorize(TEXTS, TRAIN, settings)
    fitted = Vectorizer(settings, learned.vocabulary, np.ones(3, np.float32))
    with pytest.raises(FeatureError, match=r"the vocabulary is damaged .*save the model again"):
        fitted.transform(TEXTS)
