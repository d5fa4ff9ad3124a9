"""New texts → vectors, by what a vocabulary has learned from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from product_classifier.errors import FeatureError
from product_classifier.features.words import (
    BAG,
    NGRAMS,
    PART,
    SEQUENCE,
    Reading,
    bag_reader,
    gram_reader,
    part_grams,
    places,
    word_grams,
)


@dataclass(frozen=True)
class Reader:
    """All that turns a text into the vector that a model was trained on."""

    reading: Reading
    vocabulary: Sequence[str]
    weights: NDArray[np.float32]  # [columns] of NGRAMS, inverse document frequencies; else empty

    @classmethod
    def of(cls, reading: Reading, vocabulary: Sequence[str], learned: csr_matrix) -> Reader:
        """Find what was learned from the vectors of the training texts, [texts, columns]."""
        from sklearn.feature_extraction.text import TfidfTransformer

        weights = np.zeros(0, np.float32)
        if reading.vectorizer == NGRAMS:
            weights = TfidfTransformer().fit(learned).idf_.astype(np.float32)
        return cls(reading, vocabulary, weights)

    def read(self, texts: Sequence[str]) -> csr_matrix:
        """Turn texts into vectors, [texts, columns]. Raises FeatureError for a bad vocabulary."""
        try:
            return csr_matrix(_READERS[self.reading.vectorizer](self, texts))
        except (ValueError, KeyError, IndexError) as error:
            raise FeatureError(
                f"the vocabulary is damaged ({error}); save the model again"
            ) from None


def _bag(reader: Reader, texts: Sequence[str]) -> csr_matrix:
    return bag_reader(reader.reading.terms, reader.vocabulary).transform(texts)


def _places(reader: Reader, texts: Sequence[str]) -> csr_matrix:
    return places(texts, reader.reading.terms, reader.vocabulary)


def _ngrams(reader: Reader, texts: Sequence[str]) -> csr_matrix:
    halves = []
    for grams, wanted in ((word_grams, False), (part_grams, True)):
        chosen = [k for k, name in enumerate(reader.vocabulary) if name.startswith(PART) == wanted]
        names = [reader.vocabulary[k] for k in chosen]
        half = gram_reader(reader.reading.terms, grams, vocabulary=names)
        half.idf_ = reader.weights[chosen]
        halves.append(half.transform(texts))
    return hstack(halves)


_READERS = {BAG: _bag, NGRAMS: _ngrams, SEQUENCE: _places}
