"""Texts → sparse vectors: bags of words, TF-IDF n-grams, or word sequences.

`vectorize` learns a vocabulary from the training texts alone and vectorises all texts. At the end
of the file, `Vectorizer` vectorises new texts in the same way by a saved model's vocabulary.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from product_classifier.errors import FeatureError
from product_classifier.features.cleaning import (
    BAG,
    DEFAULT_TEXT_SETTINGS,
    NGRAMS,
    SEQUENCE,
    Clean,
    TextSettings,
)

VOCABULARY_SIZE = 20_000
WORD_GRAMS, PART_GRAMS = 100_000, 100_000  # at most; of words, and of characters within words
SEQUENCE_LENGTH, SEQUENCE_VOCABULARY = 9, 5_000

PART = "\t"  # prefix of character n-grams in a vocabulary: no term begins with it


class Words(NamedTuple):
    """Texts as vectors, float32 [texts, columns], and the term of each column."""

    vectors: csr_matrix
    vocabulary: list[str]


def vectorize(
    texts: Sequence[str],
    train: NDArray[np.bool_],
    settings: TextSettings = DEFAULT_TEXT_SETTINGS,
) -> Words:
    """Return texts as vectors; train: [texts], whether the vocabulary may see a text.

    Raises FeatureError if no training text has a term.
    """
    try:
        return VECTORIZERS[settings.vectorizer](texts, train, settings.terms)
    except ValueError:  # scikit-learn's error for an empty vocabulary
        raise FeatureError(
            "no name or description of a training product contains a word; use categorize_images.py"
        ) from None


def fits(words: tuple[csr_matrix, Sequence[str]], texts: int, settings: TextSettings) -> bool:
    """Return whether cached vectors and their vocabulary have the shapes of vectorize's results."""
    vectors, vocabulary = words
    positions = SEQUENCE_LENGTH if settings.vectorizer == SEQUENCE else 1
    distinct = len(set(vocabulary)) == len(vocabulary)
    return distinct and vectors.shape == (texts, positions * len(vocabulary))


def vectors_key(
    texts: Sequence[str], train: NDArray[np.bool_], settings: TextSettings = DEFAULT_TEXT_SETTINGS
) -> str:
    """Return a hash of everything that the result of vectorize depends on."""
    sizes = VOCABULARY_SIZE, WORD_GRAMS, PART_GRAMS, SEQUENCE_LENGTH, SEQUENCE_VOCABULARY
    head = f"vectors 2, {tuple(settings)}, {sizes}\n"
    digest = hashlib.sha256(head.encode() + train.tobytes())
    for text in texts:
        encoded = text.encode(errors="surrogatepass")
        digest.update(b"%d " % len(encoded) + encoded)
    return digest.hexdigest()


def bag_of_words(texts: Sequence[str], train: NDArray[np.bool_], clean: Clean) -> Words:
    """Return which of the 20,000 most frequent training terms each text contains, 0 or 1."""
    # imported here so that a script's --help starts fast
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(
        analyzer=clean, binary=True, max_features=VOCABULARY_SIZE, dtype=np.float32
    )
    return _fitted(counter, texts, train)


def _bag_vectorizer(clean: Clean, vocabulary: Sequence[str]) -> Any:
    """Return a vectorizer like that of bag_of_words for a known vocabulary."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(analyzer=clean, binary=True, vocabulary=vocabulary, dtype=np.float32)


def ngrams(texts: Sequence[str], train: NDArray[np.bool_], clean: Clean) -> Words:
    """Return the TF-IDF of n-grams: of 1–2 terms, and of 3–5 characters within a term.

    Each of the two blocks of a row has length 1. Names of the character columns begin with PART.
    """
    blocks = [
        _fitted(_tfidf_vectorizer(clean, grams, max_features=most), texts, train)
        for grams, most in ((word_grams, WORD_GRAMS), (part_grams, PART_GRAMS))
    ]
    joined = csr_matrix(hstack([block.vectors for block in blocks]))
    return Words(joined, [name for block in blocks for name in block.vocabulary])


def _tfidf_vectorizer(clean: Clean, grams: Callable[[list[str]], list[str]], **options: Any) -> Any:
    """Return scikit-learn's vectorizer for one block of ngrams; options are passed on."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        preprocessor=clean,
        tokenizer=grams,
        token_pattern=None,
        sublinear_tf=True,
        dtype=np.float32,
        **options,
    )


def sequence(texts: Sequence[str], train: NDArray[np.bool_], clean: Clean) -> Words:
    """Return the first nine vocabulary terms of each text, one-hot by position.

    The vocabulary has the terms most frequent in the training texts, n of at most 5,000; term t at
    position p sets column p * n + t to 1. The names are those of the n terms alone.
    """
    bags = bag_of_words(texts, train, clean)
    frequency = bags.vectors[train].sum(axis=0).A1
    most_frequent = np.argsort(-frequency, kind="stable")[:SEQUENCE_VOCABULARY]
    names = [bags.vocabulary[k] for k in most_frequent]
    return Words(_sequences(texts, clean, names), names)


def _sequences(texts: Sequence[str], clean: Clean, names: Sequence[str]) -> csr_matrix:
    """Return texts as `sequence` does for a known vocabulary."""
    number = {name: k for k, name in enumerate(names)}
    rows, columns = [], []
    for row, text in enumerate(texts):
        terms = [number[term] for term in clean(text) if term in number][:SEQUENCE_LENGTH]
        rows += [row] * len(terms)
        columns += [position * len(names) + term for position, term in enumerate(terms)]
    ones = np.ones(len(rows), np.float32)
    shape = len(texts), SEQUENCE_LENGTH * len(names)
    return csr_matrix((ones, (rows, columns)), shape)


VECTORIZERS: Mapping[str, Callable[[Sequence[str], NDArray[np.bool_], Clean], Words]] = {
    BAG: bag_of_words,
    NGRAMS: ngrams,
    SEQUENCE: sequence,
}


def _fitted(counter: Any, texts: Sequence[str], train: NDArray[np.bool_]) -> Words:
    """Fit a vectorizer of scikit-learn's on the training texts and apply it to all texts."""
    counter.fit(itertools.compress(texts, train))
    return Words(csr_matrix(counter.transform(texts)), counter.get_feature_names_out().tolist())


def word_grams(terms: list[str]) -> list[str]:
    """Return each term, and each pair of adjacent terms."""
    return terms + [" ".join(pair) for pair in itertools.pairwise(terms)]


def part_grams(terms: list[str]) -> list[str]:
    """Return the character n-grams, n = 3 to 5, of each term with a space on both sides."""
    grams = []
    for term in terms:
        padded = f" {term} "
        for size in (3, 4, 5):
            ends = range(size, max(len(padded), size) + 1)
            grams += [PART + padded[end - size : end] for end in ends]
            if len(padded) <= size:
                break  # a term shorter than n is one n-gram
    return grams


@dataclass(frozen=True)
class Vectorizer:
    """Everything needed to vectorise new texts as a model's training texts were."""

    settings: TextSettings
    vocabulary: Sequence[str]
    weights: NDArray[np.float32]  # inverse document frequencies, [columns], of NGRAMS; else empty

    @classmethod
    def of(
        cls, settings: TextSettings, vocabulary: Sequence[str], training: csr_matrix
    ) -> Vectorizer:
        """Return the vectorizer that made the vectors of the training texts, [texts, columns]."""
        from sklearn.feature_extraction.text import TfidfTransformer

        weights = np.zeros(0, np.float32)
        if settings.vectorizer == NGRAMS:
            weights = TfidfTransformer().fit(training).idf_.astype(np.float32)
        return cls(settings, vocabulary, weights)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Return texts as vectors, [texts, columns]. Raises FeatureError for a bad vocabulary."""
        try:
            return csr_matrix(_TRANSFORMS[self.settings.vectorizer](self, texts))
        except (ValueError, KeyError, IndexError) as error:
            raise FeatureError(
                f"the vocabulary is damaged ({error}); save the model again"
            ) from None


def _transform_bags(vectorizer: Vectorizer, texts: Sequence[str]) -> csr_matrix:
    return _bag_vectorizer(vectorizer.settings.terms, vectorizer.vocabulary).transform(texts)


def _transform_sequences(vectorizer: Vectorizer, texts: Sequence[str]) -> csr_matrix:
    return _sequences(texts, vectorizer.settings.terms, vectorizer.vocabulary)


def _transform_ngrams(vectorizer: Vectorizer, texts: Sequence[str]) -> csr_matrix:
    vocabulary, blocks = vectorizer.vocabulary, []
    for grams, of_characters in ((word_grams, False), (part_grams, True)):
        columns = [k for k, name in enumerate(vocabulary) if name.startswith(PART) == of_characters]
        names = [vocabulary[k] for k in columns]
        tfidf = _tfidf_vectorizer(vectorizer.settings.terms, grams, vocabulary=names)
        tfidf.idf_ = vectorizer.weights[columns]
        blocks.append(tfidf.transform(texts))
    return hstack(blocks)


_TRANSFORMS = {BAG: _transform_bags, NGRAMS: _transform_ngrams, SEQUENCE: _transform_sequences}
