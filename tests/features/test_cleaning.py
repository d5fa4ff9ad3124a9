"""Texts to terms."""

import pytest

from product_classifier.features.cleaning import CLEANINGS, stems, terms


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
