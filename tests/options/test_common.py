"""Parsers of option values."""

import pytest

from product_classifier.options import common


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("watches,bootcut-jeans", ["watches", "bootcut-jeans"]),
        (" a , b ,, ", ["a", "b"]),
        ('"Accessories/Hats, Gloves", Belts', ["Accessories/Hats, Gloves", "Belts"]),
        ("a\nb", ["a", "b"]),
        ("", []),
    ],
)
def test_names_are_separated_by_commas_and_quoted_where_they_hold_one(
    text: str, names: list[str]
) -> None:
    assert common.names(text) == names
