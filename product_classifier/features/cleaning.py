"""Cleaning of texts: a product's text → its terms, and the language it is written in.

First the three cleanings that --clean names (`CLEANINGS`): cut at spaces, basic terms, stems. Then
`detect_languages`, which serves the catalogue summary.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from product_classifier.printable import strip_html

SHORTEST_STEMMED = 3  # letters; shorter terms are sizes and units
# languages that shops write in; each further one takes short titles away from similar languages
LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr"),
    *("hu", "it", "ja", "ko", "lt", "lv", "no", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sr"),
    *("sv", "th", "tr", "uk", "vi", "zh"),
)
LEAST_CONFIDENCE = 0.35  # below it, nearly half of the short titles are classified wrong
FEWEST_LETTERS = 3
LONGEST_PREFIX = 200  # characters read: 500 take twice as long and are hardly more accurate


Clean = Callable[[str], list[str]]


def terms(text: str) -> list[str]:
    """Return a text's terms: runs of letters and digits of any script, case folded, no markup.

    Every other character separates terms: `dark-blue` is two terms.
    """
    plain = unicodedata.normalize("NFKC", strip_html(text)).casefold()
    return plain.translate(_SEPARATORS).split()


def stems(text: str) -> list[str]:
    """Return the stems of a text's meaningful terms, in the order of the text.

    Terms with digits, terms shorter than three letters, and English and German stop words are left
    out; umlauts are spelled out; the remaining terms are stemmed by Porter's algorithm.
    """
    words = (term for term in terms(text) if term.isalpha() and term not in _stop_words())
    return [_stem(word) for word in words if len(word) >= SHORTEST_STEMMED]


CLEANINGS: Mapping[str, Clean] = {"none": str.split, "basic": terms, "stemmed": stems}
BASIC = "basic"
BAG, NGRAMS, SEQUENCE = "bag", "ngrams", "sequence"  # ways to count terms into vectors


class TextSettings(NamedTuple):
    """The settings for turning texts into vectors."""

    vectorizer: str = BAG  # of VECTORIZERS
    clean: str = BASIC  # of CLEANINGS
    limit: int | None = None  # words read of each text; None: all

    def terms(self, text: str) -> list[str]:
        """Return the terms of a text."""
        text = text if self.limit is None else " ".join(text.split()[: self.limit])
        return CLEANINGS[self.clean](text)


DEFAULT_TEXT_SETTINGS = TextSettings()


@functools.cache
def _stop_words() -> frozenset[str]:
    # imported here, like the stemmer, so that a script's --help starts fast
    from stop_words import get_stop_words

    words = (word for language in ("en", "de") for word in get_stop_words(language))
    return frozenset(term for word in words for term in terms(word))  # "isn't" is two terms


@functools.lru_cache(maxsize=100_000)
def _stem(term: str) -> str:
    return str(_stemmer().stemWord(term.translate(_UMLAUTS)))


@functools.cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("porter")


class _Separators(dict[int, int | str | None]):
    """A lazy table for str.translate: keeps letters, marks and digits, removes invisible joiners.

    Every other character becomes a space.
    """

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        self[code] = code if category[0] in "LMN" else None if category == "Cf" else " "
        return self[code]


# the zero-width space is the only format character that separates words
_SEPARATORS = _Separators({0x200B: " "})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})  # case folding has turned ß into ss


def detect_languages(texts: Iterable[str]) -> Iterator[str]:
    """Yield the language of each text in order: its ISO 639-1 code, one of LANGUAGES.

    Yields '' if it is uncertain: too few letters, or too little confidence. Markup and letter case
    are ignored.
    """
    classify = _classifier()
    for text in texts:
        plain = strip_html(text)[:LONGEST_PREFIX]
        if sum(map(str.isalpha, plain)) < FEWEST_LETTERS:
            yield ""
            continue
        # spaces, so that the first and the last word have boundaries like the others
        language, confidence = classify(f" {plain.lower()} ")
        yield language if confidence >= LEAST_CONFIDENCE else ""


@functools.cache
def _classifier() -> Callable[[str], tuple[str, float]]:
    # imported here so that a script's --help starts fast
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier.classify  # type: ignore[no-any-return]
