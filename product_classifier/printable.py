r"""Text from outside, made safe for terminals, logs, the database and spreadsheets.

In a terminal, escape sequences can retitle, clear or fake the screen, and bidirectional controls
can make a name read as another one. In a spreadsheet, a cell that begins like a formula runs as
one. Each kind of character is escaped here: controls as \u001b, formulas with an apostrophe.

Product texts often contain HTML, and `strip_html` returns their plain text.
"""

from __future__ import annotations

import html
import re
import reprlib
from html.parser import HTMLParser
from typing import Any

LONGEST_MESSAGE = 1_000  # characters; cut in the middle, because the remedy is at the end
_UNSAFE = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 except line feed and tab; DEL; C1
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    r"\u2028\u2029\ud800-\udfff"  # line separators; surrogates, which are not valid Unicode alone
)
_CONTROLS = re.compile(f"[{_UNSAFE}]")
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_NOT_ON_ONE_LINE = re.compile(f"[{_UNSAFE}\t\n]")

# crawl.py --export adds this column to a table whose formula-like cells begin with an apostrophe
FORMULA_ESCAPE_COLUMN = "apostrophe_before_formula"
_FORMULA_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # including the full-width forms
_BLANK = "\t\r\n"  # some programs drop these from the start of a cell before they look at it
# A formula may begin at the start of a cell or after a character that a spreadsheet with another
# country's settings takes for the end of a cell.
_CELL_START = '(?:^|[;,\t\r\n])"*'
_TO_ESCAPE = re.compile(f"({_CELL_START})(['{_FORMULA_STARTS}])")
_FORMULA = re.compile(f"^[{_BLANK}]|{_CELL_START}[{_FORMULA_STARTS}]")
_ESCAPED = re.compile(f"({_CELL_START})'(['{_FORMULA_STARTS}])")


def printable(text: str) -> str:
    r"""Return text whose unsafe characters are written as escapes such as \u001b.

    Line feeds and tabs stay. JSON stays JSON of the same value, because it has the same escapes.
    """
    return _CONTROLS.sub(_escape, text)


def one_line(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return text on one printable line, cut in the middle to at most `longest` characters.

    Escapes can make the line longer, up to twice `longest`.
    """
    text = text.strip()
    if len(text) > longest:
        half = (longest - 3) // 2
        text = f"{text[:half]} … {text[-half:]}"
    line = unbroken(text)
    return line if len(line) <= 2 * longest else line[: 2 * longest]


def unbroken(text: str) -> str:
    """Return text of any length on one printable line, so that a name cannot look like two."""
    return _NOT_ON_ONE_LINE.sub(lambda match: " " if match[0] in "\t\n\r" else _escape(match), text)


def storable(text: str) -> str:
    """Return the same text if the database can store it, else a copy with U+FFFD for the rest.

    Halves of emojis and bytes of another encoding are not valid Unicode; SQLite's JSON functions
    ignore whatever follows a NUL.
    """
    try:
        is_storable = "\0" not in text and (text.isascii() or text.encode())
    except UnicodeEncodeError:
        is_storable = False
    return text if is_storable else _NOT_STORABLE.sub("\ufffd", text)


def brief(value: Any) -> str:
    """Return at most 80 characters that show a value in a message, whatever its size and depth."""
    return reprlib.repr(value)[:80]


def is_formula_like(cell: str) -> bool:
    """Return whether a spreadsheet might take a cell for a formula."""
    return _FORMULA.search(cell) is not None


def escape_formula(cell: str) -> str:
    """Return a cell with an apostrophe before whatever might be a formula, which makes it text."""
    cell = _TO_ESCAPE.sub(r"\1'\2", cell)
    return f"'{cell}" if cell.startswith(tuple(_BLANK)) else cell


def unescape_formula(cell: str) -> str:
    """Return a cell without the apostrophes that `escape_formula` has added."""
    if cell[:1] == "'" and cell[1:2] and cell[1] in _BLANK:
        cell = cell[1:]
    return _ESCAPED.sub(r"\1\2", cell)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


ROUNDS = 3  # shops escape text that has been escaped already
# tags that need no parser: their contents are text, and their attributes are quoted without tags
_NAMES = "a|b|br|div|em|h[1-6]|i|li|ol|p|span|strong|sub|sup|table|tbody|td|th|tr|u|ul"
_PLAIN_TAG = re.compile(
    rf"""</(?:{_NAMES})>|<(?:{_NAMES})(?: [a-z-]+="[^"<>]*")* ?/?>""", re.ASCII | re.IGNORECASE
)
# HTMLParser searches all the remaining text again for each tag or comment that is never closed
_UNCLOSED = re.compile(r"<(?=[^<>]*(?:<|\Z))")
MOST_WORK = 2_000_000  # characters that these searches may read
_MARKED_SECTION = re.compile(r"<!\[(CDATA\[)?")  # HTMLParser fails on unknown sections


def strip_html(text: str) -> str:
    """Return text without tags, comments, scripts and styles, and with its entities resolved.

    Text that was escaped twice is resolved twice.
    """
    for _ in range(ROUNDS):
        if "<" not in text and "&" not in text:
            break
        stripped = _without_tags(text)
        if stripped == text:
            break
        text = stripped
    return text


def _without_tags(text: str) -> str:
    """Return text with spaces for tags; ten times as fast if regular expressions suffice."""
    bare = _PLAIN_TAG.sub(lambda tag: "  " if tag[0].endswith("/>") else " ", text)
    return _parse(text) if "<" in bare else html.unescape(html.unescape(bare))


def _parse(text: str) -> str:
    """Return the text between the tags, at a cost in proportion to its length."""
    text = _MARKED_SECTION.sub(" ", text)
    unclosed = len(_UNCLOSED.findall(text)) + max(0, text.count("<!--") - text.count("-->"))
    if unclosed * len(text) > MOST_WORK:
        closed, end, rest = _UNCLOSED.sub("&lt;", text).rpartition("-->")
        text = closed + end + rest.replace("<!--", "&lt;!--")
    reader = _TextReader()
    reader.feed(text)
    reader.close()
    return reader.text()


class _TextReader(HTMLParser):
    """An HTML parser that collects the text between tags, with a space for each tag."""

    IGNORED = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._ignored_depth = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._ignored_depth += tag in self.IGNORED
        self._pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._ignored_depth -= tag in self.IGNORED and self._ignored_depth > 0
        self._pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._ignored_depth:
            self._pieces.append(data)

    def text(self) -> str:
        """Return the collected text with its entities resolved once more."""
        return html.unescape("".join(self._pieces))
