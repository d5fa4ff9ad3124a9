"""Plain text from product texts, which often contain HTML."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

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
