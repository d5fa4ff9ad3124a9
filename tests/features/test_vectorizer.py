"""New texts, vectorised with a vocabulary learned from others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.errors import FeatureError
from product_classifier.features.cleaning import CLEANINGS, NGRAMS, TextSettings
from product_classifier.features.text_vectors import VECTORIZERS, Vectorizer, vectorize

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
