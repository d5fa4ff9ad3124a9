"""Tables as lines of text."""

from __future__ import annotations

from markupsafe import Markup

from product_classifier.report.pages import Table, aligned, columns_of, padded

TABLE = Table(
    ("leaf", Markup(), "#products"),
    [
        ("belts", Markup("<i></i>"), "1,200"),
        ("jeans/flare", Markup(), "7"),
        ("hats", Markup(), "1"),
    ],
)


def test_words_are_left_aligned_numbers_right_and_drawings_left_out() -> None:
    assert aligned(TABLE) == [
        "leaf         products",
        "belts           1,200",
        "jeans/flare         7",
        "hats                1",
    ]


def test_a_long_table_shows_the_first_rows_and_the_number_of_others() -> None:
    assert aligned(TABLE, 1) == ["leaf   products", "belts     1,200", "… 2 more"]


def test_names_are_aligned_on_one_line_each() -> None:
    names = ["Boots", "宽字", "e\u0301te\u0301", "a\nforged", "\x1b[2J", "\u200b", "x\ty"]
    lines = aligned(Table(("name", "#how many"), [(name, "12") for name in names]))
    assert len(lines) == len(names) + 1
    assert "a forged" in lines[4]
    assert "\\u001b[2J" in lines[5]
    assert {columns_of(line) for line in lines} == {columns_of(lines[0])}


def test_wide_letters_take_two_columns_and_combining_ones_none() -> None:
    assert [columns_of(text) for text in ("", "abc", "宽字", "e\u0301", "\u200b")] == [
        0,
        3,
        4,
        1,
        0,
    ]
    assert padded("宽", 4) == "宽  "
    assert padded("宽", 4, right=True) == "  宽"
