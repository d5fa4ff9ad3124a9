"""A shop's text, which is HTML more often than it should be → plain text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

ROUNDS = 3  # shops escape text that was escaped before
_MARKED_SECTION = re.compile(r"<!\[(CDATA\[)?")  # HTMLParser asserts that it knows what follows


def strip_html(text: str) -> str:
    """Remove tags, comments, scripts and styles, and resolve entities, also doubly escaped ones."""
    for _ in range(ROUNDS):
        if "<" not in text and "&" not in text:
            break
        reader = _TextReader()
        reader.feed(_MARKED_SECTION.sub(" ", text))
        reader.close()
        stripped = reader.text()
        if stripped == text:
            break
        text = stripped
    return text


class _TextReader(HTMLParser):
    """Collects the text between tags, each tag standing for a space."""

    UNREAD = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._unread += tag in self.UNREAD
        self._pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in self.UNREAD and self._unread > 0
        self._pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self._pieces.append(data)

    def text(self) -> str:
        return html.unescape("".join(self._pieces))
