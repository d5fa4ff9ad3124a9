"""Word vectors: read from a file, or trained on the catalogue's own texts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.errors import FeatureError
from product_classifier.regular import open_regular

DIMENSIONS = 100  # of vectors trained on texts
WIDEST = 10_000  # values of a vector in a file
MOST_VALUES = 250_000_000  # of all terms: 1 GB
LONGEST_LINE = 1_000_000  # bytes; a longer line is not from a file of vectors
LONGEST_WORD = 1_000  # bytes in the binary form
MOST_SPACES = 100  # in a word
COUNT = re.compile("[0-9]{1,12}")


def train_vectors(bags: csr_matrix, seed: int = 0) -> NDArray[np.float32]:
    """Return vectors in which terms of the same texts are near each other, [terms, dimensions].

    bags: binary, [training texts, terms]. Returns float32: the left singular vectors of the
    positive pointwise mutual information of term pairs within texts, times the square roots of the
    singular values (Levy, Goldberg, Dagan 2015, tacl_a_00134).
    """
    from sklearn.utils.extmath import randomized_svd

    together = csr_matrix(bags.T @ bags).tocoo()
    count = np.asarray(bags.sum(axis=0)).ravel()
    expected = count[together.row] * count[together.col] / bags.shape[0]
    information = np.maximum(np.log(together.data / np.maximum(expected, 1e-12)), 0)
    pmi = csr_matrix((information, (together.row, together.col)), together.shape)
    left, size, _ = randomized_svd(
        pmi, n_components=min(DIMENSIONS, pmi.shape[0]), random_state=seed
    )
    return np.asarray(left * np.sqrt(size), np.float32)


def read_vectors(path: Path, vocabulary: Sequence[str]) -> NDArray[np.float32]:
    """Return the vectors of a vocabulary's terms, float32 [terms, dimensions], zeros if missing.

    path: the text format of word2vec, GloVe or fastText (a word and its values per line, perhaps
    after a first line of counts), or, with the suffix .bin, word2vec's binary format. Terms are
    matched case folded; of several spellings the file's first one counts. Vectors are scaled to a
    mean absolute value of 0.1. Raises FeatureError, with the line number, for another format and
    for vectors of different lengths.
    """
    rows_of: dict[str, list[int]] = {}  # case-folded term → rows of the vocabulary
    for k, term in enumerate(vocabulary):
        rows_of.setdefault(term.casefold(), []).append(k)
    vectors: NDArray[np.float32] | None = None
    filled: list[int] = []  # rows
    try:
        lines = _binary(path) if path.suffix == ".bin" else _lines(path)
        for word, values in lines:
            if vectors is None:
                if len(values) * len(vocabulary) > MOST_VALUES:
                    raise FeatureError(
                        f"{path}: {len(values):,} values for each of {len(vocabulary):,} words of "
                        "the catalogue are too many; pass a file of shorter vectors"
                    )
                vectors = np.zeros((len(vocabulary), len(values)), np.float32)
            rows = rows_of.pop(word.casefold(), [])
            vectors[rows] = values
            filled += rows
    except OSError as error:
        raise FeatureError(f"{path} cannot be read: {error.strerror}") from None
    if vectors is None or not filled:
        raise FeatureError(
            f"{path} has no vector for any of the {len(vocabulary):,} words of the catalogue; "
            "pass a file in its language"
        )
    with np.errstate(over="ignore"):
        size = float(np.abs(vectors[filled]).mean())
    if not math.isfinite(size):
        raise FeatureError(f"{path} has values that are too large; pass another file")
    vectors /= max(size, 1e-12)
    vectors *= np.float32(0.1)
    return vectors


def _lines(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the words and vectors of a file in text format."""
    width, declared, number = 0, 0, 0
    with open_regular(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            word, *values = line.decode(errors="replace").rstrip("\n\r ").split(" ")
            if number == 1 and len(values) == 1 and COUNT.fullmatch(word):
                declared = int(word)  # words; the other number is that of their values
                continue
            if not line.strip() and not file.peek(1):
                number -= 1
                break  # an empty last line
            width = width or len(values)
            spaces = len(values) - width
            while spaces <= MOST_SPACES and len(values) > width and not _is_number(values[0]):
                word = f"{word} {values.pop(0)}"  # some words in GloVe files contain spaces
            if width > WIDEST:
                raise FeatureError(f"{path}: {width:,} values are too many for a word")
            if width < 2 or len(values) != width:
                raise FeatureError(
                    f"{path}, line {number}: {len(values)} values after {word[:40]!r} where "
                    f"{max(width, 2)} are expected; pass a complete file of word vectors"
                )
            try:
                with np.errstate(over="ignore"):  # values beyond float32 become infinite
                    vector = np.array(values, np.float32)
            except ValueError:
                raise FeatureError(f"{path}, line {number}: a value is not a number") from None
            if not np.isfinite(vector).all():
                raise FeatureError(f"{path}, line {number}: a value is not finite")
            yield word, vector
    if declared and number - 1 < declared:
        raise FeatureError(f"{path} ends after {number - 1:,} of {declared:,} words")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _binary(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the words and vectors of a file in word2vec's binary format."""
    with open_regular(path) as file:
        head = file.readline(100).split()
        valid = len(head) == 2 and all(COUNT.fullmatch(part.decode("latin-1")) for part in head)
        if not valid or not 0 < int(head[1]) <= WIDEST:
            raise FeatureError(f"{path} does not begin with the number of words and of values")
        words, width = map(int, head)
        for place in range(1, words + 1):
            word = bytearray()
            while (letter := file.read(1)) not in (b" ", b""):
                word += letter
                if len(word) > LONGEST_WORD:
                    raise FeatureError(f"{path}: word {place:,} of {words:,} does not end")
            data = file.read(4 * width)
            if len(data) != 4 * width:
                raise FeatureError(f"{path} ends in the middle of word {place:,} of {words:,}")
            values = np.frombuffer(data, "<f4")
            if not np.isfinite(values).all():
                raise FeatureError(f"{path}: a value of word {place:,} is not finite")
            yield word.decode(errors="replace").strip(), values
