"""Vectors of words: read from a file, or trained on the catalogue's own texts."""

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
LONGEST_LINE = 1_000_000  # bytes; what is longer is no file of vectors
LONGEST_WORD = 1_000  # bytes in the binary form
MOST_SPACES = 100  # in a word
COUNT = re.compile("[0-9]{1,12}")


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
    numbers: dict[str, list[int]] = {}
    for k, term in enumerate(vocabulary):
        numbers.setdefault(term.casefold(), []).append(k)
    found: NDArray[np.float32] | None = None
    met: list[int] = []
    try:
        rows = _binary(path) if path.suffix == ".bin" else _lines(path)
        for word, values in rows:
            if found is None:
                if len(values) * len(vocabulary) > MOST_VALUES:
                    raise FeatureError(
                        f"{path}: {len(values):,} values for each of {len(vocabulary):,} words of "
                        "the catalogue are too many; pass a file of shorter vectors"
                    )
                found = np.zeros((len(vocabulary), len(values)), np.float32)
            known = numbers.pop(word.casefold(), [])
            found[known] = values
            met += known
    except OSError as error:
        raise FeatureError(f"{path} cannot be read: {error.strerror}") from None
    if found is None or not met:
        raise FeatureError(
            f"{path} has no vector for any of the {len(vocabulary):,} words of the catalogue; "
            "pass a file in its language"
        )
    with np.errstate(over="ignore"):
        size = float(np.abs(found[met]).mean())
    if not math.isfinite(size):
        raise FeatureError(f"{path} has values that are too large; pass another file")
    found /= max(size, 1e-12)
    found *= np.float32(0.1)
    return found


def _lines(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    width, promised, place = 0, 0, 0
    with open_regular(path) as file:
        for place, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            word, *values = line.decode(errors="replace").rstrip("\n\r ").split(" ")
            if place == 1 and len(values) == 1 and COUNT.fullmatch(word):
                promised = int(word)  # so many words of so many values follow
                continue
            if not line.strip() and not file.peek(1):
                place -= 1
                break  # an empty last line
            width = width or len(values)
            spaces = len(values) - width
            while spaces <= MOST_SPACES and len(values) > width and not _is_number(values[0]):
                word = f"{word} {values.pop(0)}"  # some of GloVe's words have spaces
            if width > WIDEST:
                raise FeatureError(f"{path}: {width:,} values are too many for a word")
            if width < 2 or len(values) != width:
                raise FeatureError(
                    f"{path}, line {place}: {len(values)} values after {word[:40]!r} where "
                    f"{max(width, 2)} are expected; is it a file of word vectors, and whole?"
                )
            try:
                with np.errstate(over="ignore"):  # what is beyond float32 is not finite
                    numbers = np.array(values, np.float32)
            except ValueError:
                raise FeatureError(f"{path}, line {place}: a value is not a number") from None
            if not np.isfinite(numbers).all():
                raise FeatureError(f"{path}, line {place}: a value is not finite")
            yield word, numbers
    if promised and place - 1 < promised:
        raise FeatureError(f"{path} ends after {place - 1:,} of {promised:,} words")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _binary(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    with open_regular(path) as file:
        head = file.readline(100).split()
        known = len(head) == 2 and all(COUNT.fullmatch(part.decode("latin-1")) for part in head)
        if not known or not 0 < int(head[1]) <= WIDEST:
            raise FeatureError(f"{path} does not begin with its numbers of words and of values")
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
