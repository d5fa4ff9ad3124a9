"""The language of a product's text, so that a catalogue in several can be read one by one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from product_classifier.plain_text import strip_html

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
