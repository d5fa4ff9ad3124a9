"""Text from outside, made safe for terminals and spreadsheets, and plain text from HTML."""

from __future__ import annotations

import csv
import io
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier.errors import SourceError
from product_classifier.printable import (
    LONGEST_MESSAGE,
    _parse,
    _without_tags,
    escape_formula,
    one_line,
    printable,
    strip_html,
    unescape_formula,
)

UNSAFE = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def test_an_escape_sequence_is_printed_as_text() -> None:
    assert printable("\x1b[2J\x9b1m\u202egpj\tBoots\n") == "\\u001b[2J\\u009b1m\\u202egpj\tBoots\n"


@given(st.text(st.characters()))
def test_control_characters_are_escaped_and_other_text_stays(text: str) -> None:
    shown = printable(text)
    assert not {ord(letter) for letter in shown} & (UNSAFE - {9, 10})
    assert all(letter in shown for letter in text if letter.isalnum())
    assert not {ord(letter) for letter in one_line(text)} & UNSAFE


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())))
def test_printable_json_has_the_same_value(value: object) -> None:
    assert json.loads(printable(json.dumps(value, ensure_ascii=False))) == value


def test_a_long_message_keeps_its_cause_and_its_remedy() -> None:
    message = str(SourceError(f"no column id in {'x' * 70_000}; pass --columns"))
    assert len(message) <= LONGEST_MESSAGE
    assert message.startswith("no column id in xxx")
    assert message.endswith("xxx; pass --columns")


RISKY = "=+-@"
CELLS = st.text(st.sampled_from("=+-@\uff1d'ab ;,\t\r\n\"|0"), max_size=12)


@given(CELLS)
def test_unescaping_an_escaped_cell_returns_the_original(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(st.lists(CELLS, min_size=1, max_size=4))
def test_no_cell_begins_a_formula_with_any_delimiter_of_a_spreadsheet(
    delimiter: str, cells: list[str]
) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(map(escape_formula, cells))
    for row in csv.reader(file.getvalue().splitlines(), delimiter=delimiter):
        assert not [cell for cell in row if cell.startswith(tuple(RISKY))]


@pytest.mark.parametrize("cell", ["Wide belt", "a-b", "1=1", "O'Neill", ""])
def test_a_cell_that_is_not_a_formula_is_not_changed(cell: str) -> None:
    assert escape_formula(cell) == cell


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain, as it is", "plain, as it is"),
        ("<ul><li>Soft</li><li>Wide</li></ul>", "Soft Wide"),
        ("a<br>b<br/>c", "a b c"),
        ("Caf&eacute; &amp; bar&nbsp;&#8211; &quot;x&quot;", 'Café & bar – "x"'),
        ("size < 5 & > 3", "size < 5 & > 3"),
        ("I <3 you", "I <3 you"),
        ("&lt;li&gt;Soft&lt;/li&gt;", "Soft"),
        ("&amp;lt;b&amp;gt;Soft&amp;lt;/b&amp;gt;", "Soft"),
        ("<script>var x = '<b>';</script>ok<style>p {}</style>", "ok"),
        ("<!-- hidden -->seen", "seen"),
        ("<![CDATA[kept]]> and <![if IE]>kept too", "kept]]> and if IE]>kept too"),
        ('<a title="5 > 4" href="javascript:alert(1)">link</a>', "link"),
        ("unclosed <b", "unclosed <b"),
    ],
)
def test_markup_is_removed_and_text_is_kept(text: str, plain: str) -> None:
    assert " ".join(strip_html(text).split()) == plain


pieces = st.sampled_from(
    ["<", ">", "!", "[", "]", "--", "/", "&", "#", "x", ";", "b", "=", '"', "?", "script", " ", "1"]
)


@settings(deadline=None, max_examples=500)
@given(st.lists(pieces, max_size=15).map("".join))
def test_broken_markup_raises_no_error(text: str) -> None:
    strip_html(text)


@given(st.text(alphabet=st.characters(exclude_characters="<&"), max_size=50))
def test_text_without_markup_is_not_changed(text: str) -> None:
    assert strip_html(text) == text


PIECES = (
    *("<p>", "</p>", "<br/>", "<br />", "<BR>", "</UL>", '<li class="a b">', '<a href="x&amp;y">'),
    *("<p", ">", "<", "</", "<p class='a'>", "<p class=a>", "<p/ >", "</p >", '<b a="<p>">'),
    *("&amp;", "&amp;amp;", "&lt;p&gt;", "&lt", "&#60;b&#62;", "&", "&nbsp;", "&notit;", "&#0;"),
    *(
        "<script>",
        "</script>",
        "<style>",
        "<!-- ",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x?>",
        "<!doctype>",
    ),
    *("wide", " ", "\n", "a < b", "é", "\u2028", '"', "="),
)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_fast_path_returns_the_same_text_as_the_parser(text: str) -> None:
    assert _without_tags(text) == _parse(text)


UNCLOSED = (
    *(
        "<",
        "<a",
        "<a ",
        "<!--",
        "<!-->",
        "<!-- >",
        "<?",
        "<!",
        "</",
        "</a",
        '<a b="',
        "<a x ",
        "<a x=",
    ),
    *("<script>", "<script></scrip", "<a\n", "<a b='", "<a/", "<!-- --!", "&", "&a", "&#", "&amp;"),
    *("<div>", '<a href="x', "<a b='>", '<a b=">', "<a b=c", "&lt;a ", "<style></", "<a <!--"),
)


@pytest.mark.parametrize("piece", UNCLOSED)
def test_unclosed_markup_takes_time_in_proportion_to_its_length(piece: str) -> None:
    for end in ("", ">"):
        started = time.process_time()
        strip_html(piece * (200_000 // len(piece)) + end)
        assert time.process_time() - started < 5, end
