"""Tables as lines of text."""

from __future__ import annotations

from markupsafe import Markup

from product_classifier.report.pages import Table
from product_classifier.report.text_table import aligned

TABLE = Table(
    ("leaf", Markup(), "#products"),
    [
        ("belts", Markup("<i></i>"), "1,200"),
        ("jeans/flare", Markup(), "7"),
        ("hats", Markup(), "1"),
    ],
)


def test_words_stand_left_and_numbers_right_and_what_is_drawn_is_left_out() -> None:
    assert aligned(TABLE) == [
        "leaf         products",
        "belts           1,200",
        "jeans/flare         7",
        "hats                1",
    ]


def test_of_a_long_table_the_first_rows_are_told_and_how_many_there_are_more() -> None:
    assert aligned(TABLE, 1) == ["leaf   products", "belts     1,200", "… 2 more"]
