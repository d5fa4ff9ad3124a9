"""Text from outside, made safe to print: no control character reaches a terminal or a log.

Escape sequences can retitle, clear or fake a terminal, and bidirectional controls can make a name
read as another one.
"""

from __future__ import annotations

import re
import reprlib
from typing import Any

LONGEST_MESSAGE = 1_000  # characters; cut in the middle, since the remedy stands at the end
_UNSAFE = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but line feed and tab, DEL, C1
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    r"\u2028\u2029\ud800-\udfff"  # separators of lines; halves of characters, which are no Unicode
)
_CONTROLS = re.compile(f"[{_UNSAFE}]")
_NOT_STORED = re.compile("[\0\ud800-\udfff]")
_NOT_ON_ONE_LINE = re.compile(f"[{_UNSAFE}\t\n]")


def printable(text: str) -> str:
    r"""Return text whose unsafe characters are written as escapes such as \u001b.

    Line feeds and tabs stay. JSON stays JSON of the same value, since it has the same escapes.
    """
    return _CONTROLS.sub(_escape, text)


def one_line(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return text as one printable line of at most so many characters."""
    text = text.strip()
    if len(text) > longest:
        half = (longest - 3) // 2
        text = f"{text[:half]} … {text[-half:]}"
    line = unbroken(text)
    return line if len(line) <= 2 * longest else line[: 2 * longest]


def storable(text: str) -> str:
    """Return the text itself, if it can be stored, else with U+FFFD for what can not.

    Halves of emojis, and bytes of another encoding, are no Unicode; behind a NUL, SQLite's JSON
    sees nothing.
    """
    try:
        sound = "\0" not in text and (text.isascii() or text.encode())
    except UnicodeEncodeError:
        sound = False
    return text if sound else _NOT_STORED.sub("\ufffd", text)


def brief(value: Any) -> str:
    """Show a value in a message, whatever its size and depth."""
    return reprlib.repr(value)[:80]


def unbroken(text: str) -> str:
    """Return text as a part of one printable line, whole: a name must not look like two lines."""
    return _NOT_ON_ONE_LINE.sub(lambda found: " " if found[0] in "\t\n\r" else _escape(found), text)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


# crawl.py --export adds this column to a table whose formula-like cells begin with an apostrophe
FORMULA_ESCAPE_COLUMN = "apostrophe_before_formula"
_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # of a formula, wide ones as in Japanese included
_BLANK = "\t\r\n"  # what some programs drop from the start of a cell before they look at it
# at the start of a cell, or after what a spreadsheet of another country may take for its end
_RISKY = re.compile(f"((?:^|[;,\t\r\n])\"*)(['{_STARTS}])")
_FORMULA = re.compile(f'^[{_BLANK}]|(?:^|[;,\t\r\n])"*[{_STARTS}]')
_MARKED = re.compile(f"((?:^|[;,\t\r\n])\"*)'(['{_STARTS}])")


def is_formula_like(cell: str) -> bool:
    """Tell whether a cell might be taken for a formula."""
    return _FORMULA.search(cell) is not None


def escape_formula(cell: str) -> str:
    """Put an apostrophe before what might be taken for a formula: it is text then."""
    cell = _RISKY.sub(r"\1'\2", cell)
    return f"'{cell}" if cell.startswith(tuple(_BLANK)) else cell


def unescape_formula(cell: str) -> str:
    """Take those apostrophes off again."""
    if cell[:1] == "'" and cell[1:2] and cell[1] in _BLANK:
        cell = cell[1:]
    return _MARKED.sub(r"\1\2", cell)
