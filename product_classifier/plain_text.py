"""A shop's text, which is HTML more often than it should be → plain text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

ROUNDS = 3  # shops escape text that was escaped before
# what needs no parser: names whose contents are text, attributes that are quoted and hold no tag
_NAMES = "a|b|br|div|em|h[1-6]|i|li|ol|p|span|strong|sub|sup|table|tbody|td|th|tr|u|ul"
_PLAIN_TAG = re.compile(
    rf"""</(?:{_NAMES})>|<(?:{_NAMES})(?: [a-z-]+="[^"<>]*")* ?/?>""", re.ASCII | re.IGNORECASE
)
# each tag and comment that never ends makes HTMLParser look through all the rest once more
_UNCLOSED = re.compile(r"<(?=[^<>]*(?:<|\Z))")
MOST_WORK = 2_000_000  # characters that it may look through in vain
_MARKED_SECTION = re.compile(r"<!\[(CDATA\[)?")  # HTMLParser asserts that it knows what follows


def strip_html(text: str) -> str:
    """Remove tags, comments, scripts and styles, and resolve entities, also doubly escaped ones."""
    for _ in range(ROUNDS):
        if "<" not in text and "&" not in text:
            break
        stripped = _read(text)
        if stripped == text:
            break
        text = stripped
    return text


def _read(text: str) -> str:
    """Replace tags by spaces and resolve entities; ten times as fast where all tags are plain."""
    bare = _PLAIN_TAG.sub(lambda tag: "  " if tag[0].endswith("/>") else " ", text)
    return _parse(text) if "<" in bare else html.unescape(html.unescape(bare))


def _parse(text: str) -> str:
    text = _MARKED_SECTION.sub(" ", text)
    unclosed = len(_UNCLOSED.findall(text)) + max(0, text.count("<!--") - text.count("-->"))
    if unclosed * len(text) > MOST_WORK:
        sound, end, rest = _UNCLOSED.sub("&lt;", text).rpartition("-->")
        text = sound + end + rest.replace("<!--", "&lt;!--")
    reader = _TextReader()
    reader.feed(text)
    reader.close()
    return reader.text()


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
