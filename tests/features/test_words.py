"""Texts to terms, terms to vectors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier.errors import FeatureError
from product_classifier.features import words
from product_classifier.features.words import bag_of_words, bag_of_words_key, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dark-Blue JEANS", ["dark", "blue", "jeans"]),
        ("<li>Soft</li><li>Wide</li>", ["soft", "wide"]),
        ("Caf\u00e9 cafe\u0301 CAF&Eacute;", ["café", "café", "café"]),
        ("Größe STRASSE straße", ["grösse", "strasse", "strasse"]),
        ("женские джинсы", ["женские", "джинсы"]),
        ("हिन्दी शब्द", ["हिन्दी", "शब्द"]),
        ("ｆｕｌｌ ﬁne", ["full", "fine"]),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zero", "width"]),
        ("5'9\" tall_and $99.50", ["5", "9", "tall", "and", "99", "50"]),
        (" \u00a0\n", []),
    ],
)
def test_terms_are_letters_and_digits_of_any_script(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def dense(texts: list[str], train: list[bool]) -> list[list[float]]:
    matrix = bag_of_words(texts, np.array(train))
    assert matrix.dtype == np.float32
    return matrix.toarray().tolist()  # type: ignore[no-any-return]


def test_a_row_marks_the_terms_a_text_holds_once() -> None:
    rows = dense(["red belt", "red red hat", "hat"], [True, True, True])
    assert rows == [[1, 0, 1], [0, 1, 1], [0, 1, 0]]  # belt, hat, red


def test_the_vocabulary_sees_training_texts_only() -> None:
    assert dense(["red", "blue", "red blue"], [True, False, False]) == [[1], [0], [1]]


def test_the_commonest_terms_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "VOCABULARY_SIZE", 2)
    texts = ["rare rare rare", "a b", "a b", "a"]  # counted once a text
    assert dense(texts, [True] * 4) == [[0, 0], [1, 1], [1, 1], [1, 0]]


def test_texts_without_any_term_are_refused() -> None:
    with pytest.raises(FeatureError, match="no name or description"):
        bag_of_words(["...", ""], np.array([True, True]))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text("ab <&;-", max_size=8), min_size=1, max_size=6))
def test_vectors_agree_with_a_plain_count(texts: list[str]) -> None:
    known = sorted({term for text in texts for term in terms(text)})
    if known:
        expected = [[float(term in terms(text)) for term in known] for text in texts]
        assert dense(texts, [True] * len(texts)) == expected


def test_the_key_changes_with_all_that_vectors_depend_on() -> None:
    train = np.array([True, False])
    keys = {
        bag_of_words_key(["a", "b"], train),
        bag_of_words_key(["a", "b"], ~train),
        bag_of_words_key(["ab", ""], train),
        bag_of_words_key(["a", "c"], train),
    }
    assert len(keys) == 4
