"""Vectors of words: read from a file, or trained on the catalogue's own texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.errors import FeatureError

DIMENSIONS = 100  # of vectors trained on texts
LONGEST_LINE = 1_000_000  # bytes; what is longer is no file of vectors


def train_vectors(bags: csr_matrix, seed: int = 0) -> NDArray[np.float32]:
    """Place terms that occur in the same texts near each other: float32 [terms, dimensions].

    bags: binary, [training texts, terms]. The square roots of the positive pointwise mutual
    information of two terms in a text, factorised (Levy, Goldberg, Dagan 2015, tacl_a_00134).
    """
    from sklearn.utils.extmath import randomized_svd

    together = csr_matrix(bags.T @ bags).tocoo()
    count = np.asarray(bags.sum(axis=0)).ravel()
    expected = count[together.row] * count[together.col] / bags.shape[0]
    information = np.maximum(np.log(together.data / np.maximum(expected, 1e-12)), 0)
    known = csr_matrix((information, (together.row, together.col)), together.shape)
    left, size, _ = randomized_svd(
        known, n_components=min(DIMENSIONS, known.shape[0]), random_state=seed
    )
    return np.asarray(left * np.sqrt(size), np.float32)


def read_vectors(path: Path, vocabulary: Sequence[str]) -> NDArray[np.float32]:
    """Read the vectors of a vocabulary's terms, zeros for those that the file has not.

    path: text of word2vec, GloVe or fastText (a word and its values a line, perhaps with a first
    line of counts), or word2vec's binary form, by the suffix .bin. Terms are matched case folded;
    the file's first spelling counts. Returns float32 [terms, dimensions]. Raises FeatureError,
    naming the line, for another file and for rows of different lengths.
    """
    number = {term: k for k, term in enumerate(vocabulary)}
    found: NDArray[np.float32] | None = None
    met: set[int] = set()
    try:
        rows = _binary(path) if path.suffix == ".bin" else _lines(path)
        for word, values in rows:
            if found is None:
                found = np.zeros((len(vocabulary), len(values)), np.float32)
            if (k := number.get(word.casefold(), -1)) >= 0 and k not in met:
                found[k] = values
                met.add(k)
    except OSError as error:
        raise FeatureError(f"{path} cannot be read: {error.strerror}") from None
    if found is None or not met:
        raise FeatureError(
            f"{path} has no vector for any of the {len(vocabulary):,} words of the catalogue; "
            "pass a file in its language"
        )
    return found / max(float(np.abs(found[sorted(met)]).mean()), 1e-12) * np.float32(0.1)


def _lines(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    width = 0
    with path.open("rb") as file:
        for place, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            word, *values = line.decode(errors="replace").rstrip("\n\r ").split(" ")
            if place == 1 and len(values) == 1:
                continue  # how many words of how many values follow
            width = width or len(values)
            while len(values) > width and not _is_number(values[0]):
                word = f"{word} {values.pop(0)}"  # some of GloVe's words have spaces
            if width < 2 or len(values) != width:
                raise FeatureError(
                    f"{path}, line {place}: {len(values)} values after {word[:40]!r} where "
                    f"{max(width, 2)} are expected; is it a file of word vectors, and whole?"
                )
            try:
                numbers = np.array(values, np.float32)
            except ValueError:
                raise FeatureError(f"{path}, line {place}: a value is not a number") from None
            if not np.isfinite(numbers).all():
                raise FeatureError(f"{path}, line {place}: a value is not finite")
            yield word, numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _binary(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    with path.open("rb") as file:
        head = file.readline(100).split()
        if len(head) != 2 or not all(part.isdigit() for part in head) or not int(head[1]):
            raise FeatureError(f"{path} does not begin with its numbers of words and of values")
        words, width = map(int, head)
        for place in range(1, words + 1):
            word = bytearray()
            while (letter := file.read(1)) not in (b" ", b"") and len(word) < LONGEST_LINE:
                word += letter
            data = file.read(4 * width)
            if len(data) != 4 * width:
                raise FeatureError(f"{path} ends in the middle of word {place:,} of {words:,}")
            values = np.frombuffer(data, "<f4")
            if not np.isfinite(values).all():
                raise FeatureError(f"{path}: a value of word {place:,} is not finite")
            yield word.decode(errors="replace").strip(), values
