"""Terms and languages of product texts, short titles included."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from pathlib import Path

import pytest

from product_classifier.features.cleaning import (
    CLEANINGS,
    LANGUAGES,
    detect_languages,
    stems,
    terms,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dark-Blue JEANS", ["dark", "blue", "jeans"]),
        ("<li>Soft</li><li>Wide</li>", ["soft", "wide"]),
        ("Caf\u00e9 cafe\u0301 CAF&Eacute;", ["café", "café", "café"]),
        ("Größe STRASSE straße", ["grösse", "strasse", "strasse"]),
        ("женские джинсы", ["женские", "джинсы"]),
        ("हिन्दी शब्द", ["हिन्दी", "शब्द"]),
        ("ｆｕｌｌ ﬁne", ["full", "fine"]),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zero", "width"]),
        ("5'9\" tall_and $99.50", ["5", "9", "tall", "and", "99", "50"]),
        (" \u00a0\n", []),
    ],
)
def test_terms_are_letters_and_digits_of_any_script(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Running shoes for the runner", ["run", "shoe", "runner"]),
        ("Schöne Handtasche für die Dame, größer", ["schoen", "handtasch", "dame", "groesser"]),
        ("32 XL 5cm tee", ["tee"]),  # sizes and units tell little
        ("aren't <b>isn&#39;t</b>", []),
        ("it is", []),
    ],
)
def test_stems_are_those_of_meaningful_terms_in_order(text: str, expected: list[str]) -> None:
    assert stems(text) == expected


def test_without_cleaning_a_text_is_split_at_spaces() -> None:
    assert CLEANINGS["none"](" <b>Red,  hat</b>\n") == ["<b>Red,", "hat</b>"]


TITLES = {
    "en": ["Women's Leather Ankle Boots", "Stainless Steel Kitchen Knife Set"],
    "fr": ["Bottines en cuir pour femme", "Brosse à dents électrique"],
    "de": ["Wasserdichter Wanderrucksack 40L", "Esstisch aus Holz für sechs Personen"],
    "es": ["Botines de cuero para mujer", "Zapatillas de correr para mujer"],
    "it": ["Stivaletti in pelle da donna", "Occhiali da sole"],
    "nl": ["Leren enkellaarsjes voor dames", "Waterdichte wandelrugzak 40L"],
    "pt": ["Vestido de verão com flores", "Mochila de caminhada à prova de água 40L"],
    "pl": ["Skórzane botki damskie", "Ręcznik kąpielowy szary"],
    "sv": ["Regnjacka för barn med huva", "Löparskor för dam"],
    "da": ["Regnjakke til børn med hætte", "Spisebord i træ til seks personer"],
    "cs": ["Dámské kožené kotníkové boty", "Letní šaty s květinami"],
    "ru": ["Женские кожаные ботинки"],
    "el": ["Γυναικεία δερμάτινα μποτάκια"],
    "ja": ["レディース レザー ブーツ"],
}
PAIRS = [(language, title) for language, titles in TITLES.items() for title in titles]


@pytest.mark.parametrize(("language", "title"), PAIRS)
def test_short_titles_are_detected_in_upper_case_and_in_markup(language: str, title: str) -> None:
    markup = f"<div class='product-title with-english-words'><b>{title}</b></div>"
    assert list(detect_languages([title, title.upper(), markup])) == [language] * 3


@pytest.mark.parametrize("text", ["", " \n", "12 x 34", "A4", "<p>&nbsp;</p>", "XR-500 Qzk"])
def test_uncertain_languages_are_left_empty(text: str) -> None:
    assert list(detect_languages([text])) == [""]


def test_codes_are_yielded_one_by_one_in_the_order_of_the_texts() -> None:
    texts = itertools.cycle([PAIRS[0][1], "12", PAIRS[2][1]])
    assert list(itertools.islice(detect_languages(texts), 4)) == ["en", "", "fr", "en"]


def test_a_long_text_is_classified_by_its_beginning() -> None:
    text = f"{PAIRS[4][1]}. " * 20
    assert list(detect_languages([text, text + f"{PAIRS[0][1]}. " * 1000])) == ["de", "de"]


def test_every_language_has_a_code_of_two_letters() -> None:
    assert all(len(code) == 2 and code.isalpha() and code.islower() for code in LANGUAGES)
    assert set(TITLES) <= set(LANGUAGES)


def test_languages_of_real_catalogues_are_mostly_right(shared: Path) -> None:
    french, english = (shared / "data" / name for name in ("cdiscount", "flipkart"))
    with (french / "category_names.csv").open(newline="") as file:
        names = [" ".join(list(row.values())[1:]) for row in csv.DictReader(file)]
    with (english / "products.csv").open(newline="") as file:
        texts = [f"{row['name']}\n{row['description']}" for row in csv.DictReader(file)]
    for language, lines in (("fr", names), ("en", texts)):
        detected = Counter(filter(None, detect_languages(lines)))
        assert detected.total() > 0.9 * len(lines)
        assert detected[language] > 0.95 * detected.total()
