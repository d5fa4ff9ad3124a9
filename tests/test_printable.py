"""Text from outside on a terminal."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from product_classifier.errors import SourceError
from product_classifier.printable import LONGEST_MESSAGE, one_line, printable

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
