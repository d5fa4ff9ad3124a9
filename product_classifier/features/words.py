"""Names and descriptions → a binary bag of the training rows' commonest terms."""

from __future__ import annotations

import hashlib
import itertools
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.errors import FeatureError
from product_classifier.plain_text import strip_html

VOCABULARY_SIZE = 20_000


def terms(text: str) -> list[str]:
    """Split a text into its terms: no markup, case folded, letters and digits of any script.

    Everything else separates: `dark-blue` is two terms.
    """
    plain = unicodedata.normalize("NFKC", strip_html(text)).casefold()
    return plain.translate(_SEPARATORS).split()


def bag_of_words(texts: Sequence[str], train: NDArray[np.bool_]) -> csr_matrix:
    """Mark which of the training texts' commonest terms each text holds.

    train: [n], which texts the vocabulary may see. Returns float32 [n, at most 20,000] of 0 and 1.
    Raises FeatureError where no training text holds a term.
    """
    # imported here so that a script's --help need not wait for it
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(
        analyzer=terms, binary=True, max_features=VOCABULARY_SIZE, dtype=np.float32
    )
    try:
        vectorizer.fit(itertools.compress(texts, train))
    except ValueError:
        raise FeatureError(
            "no name or description of a training product holds a word; use categorize_images.py"
        ) from None
    return csr_matrix(vectorizer.transform(texts))


def bag_of_words_key(texts: Sequence[str], train: NDArray[np.bool_]) -> str:
    """Hash all that bag_of_words depends on."""
    digest = hashlib.sha256(f"terms 1, {VOCABULARY_SIZE}\n".encode() + train.tobytes())
    for text in texts:
        encoded = text.encode(errors="surrogatepass")
        digest.update(b"%d " % len(encoded) + encoded)
    return digest.hexdigest()


class _Separators(dict[int, int | str | None]):
    """Letters, marks and digits stay, invisible joiners go, all else is a space; decided lazily."""

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        self[code] = code if category[0] in "LMN" else None if category == "Cf" else " "
        return self[code]


# of the format characters, the zero-width space alone separates
_SEPARATORS = _Separators({0x200B: " "})
