"""Terms → sparse vectors: each way to count them is a vectorizer with a name.

All of them learn their vocabulary from the training rows alone.
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
from product_classifier.features.cleaning import BASIC, CLEANINGS, Clean

VOCABULARY_SIZE = 20_000
WORD_GRAMS, PART_GRAMS = 100_000, 100_000  # at most, of n-grams
SEQUENCE_LENGTH, SEQUENCE_VOCABULARY = 9, 5_000

BAG, NGRAMS, SEQUENCE = "bag", "ngrams", "sequence"
PART = "\t"  # before runs of characters: no term begins with it


class Reading(NamedTuple):
    """How texts are read."""

    vectorizer: str = BAG  # of VECTORIZERS
    clean: str = BASIC  # of CLEANINGS
    limit: int | None = None  # look at so many words of each text only

    def terms(self, text: str) -> list[str]:
        """Cut a text into terms."""
        cut = text if self.limit is None else " ".join(text.split()[: self.limit])
        return CLEANINGS[self.clean](cut)


AS_USUAL = Reading()


class Words(NamedTuple):
    """Texts as vectors: float32 [texts, columns], and what each column stands for."""

    vectors: csr_matrix
    vocabulary: list[str]


def vectorize(
    texts: Sequence[str],
    train: NDArray[np.bool_],
    reading: Reading = AS_USUAL,
) -> Words:
    """Turn texts into vectors; train: [texts], which of them the vocabulary may see.

    Raises FeatureError where no training text holds a term.
    """
    try:
        return VECTORIZERS[reading.vectorizer](texts, train, reading.terms)
    except ValueError:  # what scikit-learn says of an empty vocabulary
        raise FeatureError(
            "no name or description of a training product holds a word; use categorize_images.py"
        ) from None


def fits(words: tuple[csr_matrix, Sequence[str]], texts: int, reading: Reading) -> bool:
    """Tell whether vectors and their vocabulary have the shapes that vectorize gives them."""
    vectors, vocabulary = words
    places = SEQUENCE_LENGTH if reading.vectorizer == SEQUENCE else 1
    known = len(set(vocabulary)) == len(vocabulary)
    return known and vectors.shape == (texts, places * len(vocabulary))


def vectors_key(texts: Sequence[str], train: NDArray[np.bool_], reading: Reading = AS_USUAL) -> str:
    """Hash all that vectorize depends on."""
    sizes = VOCABULARY_SIZE, WORD_GRAMS, PART_GRAMS, SEQUENCE_LENGTH, SEQUENCE_VOCABULARY
    head = f"vectors 2, {tuple(reading)}, {sizes}\n"
    digest = hashlib.sha256(head.encode() + train.tobytes())
    for text in texts:
        encoded = text.encode(errors="surrogatepass")
        digest.update(b"%d " % len(encoded) + encoded)
    return digest.hexdigest()


def bag_of_words(texts: Sequence[str], train: NDArray[np.bool_], clean: Clean) -> Words:
    """Mark which of the 20,000 commonest terms each text holds: 0 or 1."""
    # imported here so that a script's --help need not wait for it
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(
        analyzer=clean, binary=True, max_features=VOCABULARY_SIZE, dtype=np.float32
    )
    return _fitted(counter, texts, train)


def bag_reader(clean: Clean, vocabulary: Sequence[str]) -> Any:
    """Read texts as bag_of_words does, by a vocabulary that is known."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(analyzer=clean, binary=True, vocabulary=vocabulary, dtype=np.float32)


def ngrams(texts: Sequence[str], train: NDArray[np.bool_], clean: Clean) -> Words:
    """Weigh runs of one and two terms, and of three to five characters within terms, by TF-IDF.

    Both halves of a row have length 1. The characters' columns are named with a leading PART.
    """
    halves = [
        _fitted(gram_reader(clean, grams, max_features=most), texts, train)
        for grams, most in ((word_grams, WORD_GRAMS), (part_grams, PART_GRAMS))
    ]
    joined = csr_matrix(hstack([half.vectors for half in halves]))
    return Words(joined, [name for half in halves for name in half.vocabulary])


def gram_reader(clean: Clean, grams: Callable[[list[str]], list[str]], **more: Any) -> Any:
    """Read one half of ngrams; more is for the vectorizer."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        preprocessor=clean,
        tokenizer=grams,
        token_pattern=None,
        sublinear_tf=True,
        dtype=np.float32,
        **more,
    )


def sequence(texts: Sequence[str], train: NDArray[np.bool_], clean: Clean) -> Words:
    """Mark the first nine known terms of each text by place: 1 in column place x 5,000 + term.

    The vocabulary names the terms alone: column c stands for term c modulo their number.
    """
    known = bag_of_words(texts, train, clean)
    common = np.argsort(-known.vectors[train].sum(axis=0).A1, kind="stable")[:SEQUENCE_VOCABULARY]
    names = [known.vocabulary[k] for k in common]
    return Words(places(texts, clean, names), names)


def places(texts: Sequence[str], clean: Clean, names: Sequence[str]) -> csr_matrix:
    """Read texts as sequence does, by a vocabulary that is known."""
    number = {name: k for k, name in enumerate(names)}
    rows, columns = [], []
    for row, text in enumerate(texts):
        found = [number[term] for term in clean(text) if term in number][:SEQUENCE_LENGTH]
        rows += [row] * len(found)
        columns += [place * len(names) + term for place, term in enumerate(found)]
    ones = np.ones(len(rows), np.float32)
    shape = len(texts), SEQUENCE_LENGTH * len(names)
    return csr_matrix((ones, (rows, columns)), shape)


VECTORIZERS: Mapping[str, Callable[[Sequence[str], NDArray[np.bool_], Clean], Words]] = {
    BAG: bag_of_words,
    NGRAMS: ngrams,
    SEQUENCE: sequence,
}


def _fitted(counter: Any, texts: Sequence[str], train: NDArray[np.bool_]) -> Words:
    counter.fit(itertools.compress(texts, train))
    return Words(csr_matrix(counter.transform(texts)), counter.get_feature_names_out().tolist())


def word_grams(terms: list[str]) -> list[str]:
    """Take each term, and each pair of neighbours."""
    return terms + [" ".join(pair) for pair in itertools.pairwise(terms)]


def part_grams(terms: list[str]) -> list[str]:
    """Cut each term, with a space on both sides, into its runs of three to five characters."""
    found = []
    for term in terms:
        padded = f" {term} "
        for size in (3, 4, 5):
            ends = range(size, max(len(padded), size) + 1)
            found += [PART + padded[end - size : end] for end in ends]
            if len(padded) <= size:
                break  # what is shorter stands once, as a whole
    return found


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
