"""A product's text → its terms, in one of three ways that have names."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from product_classifier.plain_text import strip_html

SHORTEST_STEMMED = 3  # letters; shorter ones are sizes and units

Clean = Callable[[str], list[str]]


def terms(text: str) -> list[str]:
    """Split a text into its terms: no markup, case folded, letters and digits of any script.

    Everything else separates: `dark-blue` is two terms.
    """
    plain = unicodedata.normalize("NFKC", strip_html(text)).casefold()
    return plain.translate(_SEPARATORS).split()


def stems(text: str) -> list[str]:
    """Reduce a text to the stems of its meaningful terms, in their order.

    Of the terms, those with digits, those shorter than three letters and the stop words of English
    and German are left out; umlauts are spelled out; the rest is stemmed by Porter's algorithm.
    """
    meant = (term for term in terms(text) if term.isalpha() and term not in _stop_words())
    return [_stem(term) for term in meant if len(term) >= SHORTEST_STEMMED]


CLEANINGS: Mapping[str, Clean] = {"none": str.split, "basic": terms, "stemmed": stems}
BASIC = "basic"


@functools.cache
def _stop_words() -> frozenset[str]:
    # imported here, like the stemmer, so that a script's --help need not wait for it
    from stop_words import get_stop_words

    listed = (word for language in ("en", "de") for word in get_stop_words(language))
    return frozenset(part for word in listed for part in terms(word))  # "isn't" is two terms here


@functools.lru_cache(maxsize=100_000)
def _stem(term: str) -> str:
    return str(_stemmer().stemWord(term.translate(_UMLAUTS)))


@functools.cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("porter")


class _Separators(dict[int, int | str | None]):
    """Letters, marks and digits stay, invisible joiners go, all else is a space; decided lazily."""

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        self[code] = code if category[0] in "LMN" else None if category == "Cf" else " "
        return self[code]


# of the format characters, the zero-width space alone separates
_SEPARATORS = _Separators({0x200B: " "})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})  # ß is ss since it was case folded


# what shops write in; each further one would take short titles away from its neighbours
LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr"),
    *("hu", "it", "ja", "ko", "lt", "lv", "no", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sr"),
    *("sv", "th", "tr", "uk", "vi", "zh"),
)
LEAST = 0.35  # confidence; of the short titles below it, nearly half are told wrong
FEWEST_LETTERS = 3
LONGEST = 200  # characters that are looked at: 500 take twice as long and tell hardly more


def detect_languages(texts: Iterable[str]) -> Iterator[str]:
    """Yield the language of each text, in their order: its ISO 639-1 code, one of LANGUAGES.

    Yields '' where it cannot be told: too few letters, or too little confidence. Markup is not
    looked at, nor whether letters are upper case.
    """
    classify = _classifier()
    for text in texts:
        plain = strip_html(text)[:LONGEST]
        if sum(map(str.isalpha, plain)) < FEWEST_LETTERS:
            yield ""
            continue
        # spaces, so that the first and the last word have edges like the others
        language, confidence = classify(f" {plain.lower()} ")
        yield language if confidence >= LEAST else ""


@functools.cache
def _classifier() -> Callable[[str], tuple[str, float]]:
    # imported here so that a script's --help need not wait for it
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier.classify  # type: ignore[no-any-return]
