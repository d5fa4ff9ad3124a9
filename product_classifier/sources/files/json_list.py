"""The elements of a JSON list, one by one, in constant memory.

A broken element is skipped if the next element can be distinguished from text inside the broken
one; otherwise the rest of the list is not read, and the reason is reported. Reading takes time in
proportion to the text, however it is broken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from json import JSONDecodeError
from typing import Any

CHUNK = 16_000  # characters; short, because json counts the lines before each error
LARGEST_OBJECT = 4_000_000  # characters, which may take twenty times as many bytes
# Searching for the ends of broken elements may read this many characters, plus this many for each
# character of the text.
ALWAYS_SEARCHED, MOST_SEARCHED = 8_000_000, 8
ATTEMPT_COST = 200  # characters that could be read in the time that a failed decoding takes
UNCERTAIN_END = 12  # characters at the end of a chunk where an error may come from the chunk's end
START = re.compile(r'\s*(\{\s*"(?:images|products|categories|items)"\s*:\s*)?\[')
SPACE = re.compile(r"\s*")
BETWEEN = re.compile(r"[\s,]*")
MARK = re.compile(r'["{}\[\]]')
IN_STRING = re.compile(r'["\\\n]')
PLAIN = re.compile(r"[\s:,]*(?:(?:-?(?:[0-9][0-9.eE+-]*|Infinity)|true|false|null|NaN)[\s:,]*)?")
MOST_SPACE = 64  # characters before the bracket of an object, and before its first key
# before an object that may be the next element
NEXT_OBJECT = re.compile(rf'[,\n]\s{{0,{MOST_SPACE}}}+(?=\{{\s{{0,{MOST_SPACE}}}")')
NO_BRACKET = re.compile(r'[^,\]{\["]*')
Element = tuple[Any, str]  # value and ""; or None and why the element cannot be read


def problem_of(error: ValueError | RecursionError) -> str:
    """Return why a text could not be decoded."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, JSONDecodeError):
        return f"not valid JSON ({error.msg})"
    return "a number in it has thousands of digits"  # too slow to convert


class _NoEndError(Exception):
    """The end of a broken element cannot be found by its brackets."""


class JsonList:
    """A list in a text that arrives in chunks."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0  # position in the text where the next element begins
        self._discarded = 0  # characters before the text
        self._searched = 0  # characters that were read to find the ends of broken elements
        self._latest: dict[str, Any] | None = None  # the last object without a problem
        self.is_truncated = False  # whether the text ends before the list

    def begins(self) -> bool:
        """Return whether the text is a list, or an object with a list at a known first key."""
        while not (start := START.match(self._text)):
            if len(self._text) > CHUNK or not self._read_on():
                return False
        self._at = start.end()
        return True

    def __iter__(self) -> Iterator[Element]:
        """Yield the elements."""
        while self._has_next():
            value, problem, end = self._read_element()
            if not problem:
                self._at = end
                if self._is_followed_by_element_or_end():
                    if isinstance(value, dict):
                        self._latest = value
                    yield value, ""
                    continue
                problem, end = "not valid JSON (no comma after it)", self._next_similar(self._at)
            yield None, problem if end >= 0 else f"{problem}; the rest is not read"
            if end < 0:
                return
            self._at = end

    def _has_next(self) -> bool:
        """Move to the next element, and return whether there is one."""
        while True:
            self._at = _skip(BETWEEN, self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at] != "]"
            if not self._read_on():
                self.is_truncated = True
                return False

    def _is_followed_by_element_or_end(self) -> bool:
        """Return whether a comma, the end of the list or another object follows."""
        while (end := _skip(SPACE, self._text, self._at)) == len(self._text):
            if not self._read_on():
                return True
        return self._text[end] in ",]{"

    def _read_on(self, least: int = 1) -> bool:
        """Read at least `least` more characters, if there are any, and return whether there were.

        The text before the current element is discarded.
        """
        pieces = [self._text[self._at :]]
        while least > 0 and (chunk := next(self._chunks, "")):
            pieces.append(chunk)
            least -= len(chunk)
        if len(pieces) == 1:
            return False
        self._discarded += self._at
        self._text, self._at = "".join(pieces), 0
        return True

    def _read_element(self) -> tuple[Any, str, int]:
        """Return an element's value, its problem or '', and its end; -1 if the end is unknown."""
        self._discard()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                if end == len(self._text) and not isinstance(value, dict) and self._read_on():
                    continue  # a number may continue in the next chunk
                return value, "", end
            except JSONDecodeError as error:
                problem, error_at = problem_of(error), error.pos
                length = len(self._text) - self._at
                unclosed = error.msg.startswith("Unterminated")
                if unclosed or error_at > len(self._text) - UNCERTAIN_END:
                    if length > LARGEST_OBJECT:
                        return None, f"it has more than {LARGEST_OBJECT:,} characters", -1
                    if self._read_on(length):
                        continue
                    if unclosed or error_at >= len(self._text):
                        self.is_truncated = True
                        return None, "the file ends in the middle of it", -1
            except (ValueError, RecursionError) as error:
                problem, error_at = problem_of(error), self._at
            return None, problem, self._end_of_broken(error_at - self._at)

    def _discard(self) -> None:
        """Discard the text before the current element if it is long.

        json counts the lines from the beginning of the text for each error.
        """
        if self._at > CHUNK:
            self._discarded += self._at
            self._text, self._at = self._text[self._at :], 0

    def _end_of_broken(self, offset: int) -> int:
        """Return the end of a broken element, -1 if unknown; offset: of the error in it."""
        if self._text[self._at] not in '{["':
            return self._scalar_end()
        with suppress(_NoEndError):
            return self._balanced_end(offset)
        # a string that is not closed may contain the beginning of the next object
        string = self._text.rfind('"', self._at, self._at + offset)
        before = self._text.rfind('"', self._at, max(self._at, string))
        return self._next_similar(max(self._at + 1, before))

    def _scalar_end(self) -> int:
        """Return the end of a broken element that is neither an object nor a list nor a string."""
        while True:
            end = _skip(NO_BRACKET, self._text, self._at)
            length = end - self._at
            if end < len(self._text) or length > LARGEST_OBJECT or not self._read_on(length):
                return end

    def _balanced_end(self, offset: int) -> int:
        """Return the end of a broken element by its brackets, if only one place in it is wrong.

        offset: of that place in the element. Raises _NoEndError if more is wrong.
        """
        open_brackets = bytearray()
        position = self._at
        while position == self._at or open_brackets:
            mark = MARK.search(self._text, position)
            if mark is None:
                position = self._reread(position)
                continue
            is_valid = PLAIN.fullmatch(self._text, position, mark.start())
            if not is_valid and not position <= self._at + offset <= mark.start():
                raise _NoEndError
            position = mark.end()
            if mark[0] == '"':
                position = self._string_end(position)
            elif mark[0] in "{[":
                open_brackets.append(ord(mark[0]))
            elif abs(open_brackets.pop() - ord(mark[0])) != 2:
                raise _NoEndError
        self._searched += position - self._at
        if position <= self._at + offset:
            raise _NoEndError
        while (end := _skip(SPACE, self._text, position)) == len(self._text):
            position = self._reread(position)
        if self._text[end] not in ",]":
            raise _NoEndError
        with suppress(ValueError, RecursionError):  # part of this element or the next one?
            value, _ = self._decoder.raw_decode(self._text, _skip(BETWEEN, self._text, end))
            if isinstance(value, dict) and not self._is_similar(value, 3):
                raise _NoEndError
        return position

    def _string_end(self, position: int) -> int:
        """Return the end of a string. Raises _NoEndError if a line feed comes first."""
        while True:
            mark = IN_STRING.search(self._text, position)
            if mark is None:
                position = self._reread(len(self._text))
            elif mark[0] == "\\":
                position = mark.end() + 1
            elif mark[0] == '"':
                return mark.end()
            else:
                raise _NoEndError

    def _reread(self, position: int) -> int:
        """Read on, and return the new value of a position. Raises _NoEndError beyond the limits."""
        length = len(self._text) - self._at
        self._searched += length
        position -= self._at
        if length > LARGEST_OBJECT or self._is_exhausted() or not self._read_on(length):
            raise _NoEndError
        return position

    def _next_similar(self, position: int) -> int:
        """Return the position of the next object with most of the latest one's keys, or -1.

        Objects inside an element have other keys.
        """
        self._at = position
        while self._latest is not None and not self._is_exhausted():
            self._discard()
            place = NEXT_OBJECT.search(self._text, self._at)
            if place is None:
                self._at = max(self._at, len(self._text) - 2 * MOST_SPACE)
                if not self._read_on():
                    return -1
                continue
            position = end = place.end()
            try:
                value, end = self._decoder.raw_decode(self._text, position)
            except JSONDecodeError as error:
                end = error.pos
                if error.msg.startswith("Unterminated") or end > len(self._text) - UNCERTAIN_END:
                    self._at = place.start()
                    length = len(self._text) - self._at
                    self._searched += length
                    if length <= LARGEST_OBJECT and self._read_on(length):
                        continue
            except (ValueError, RecursionError):
                end = position + CHUNK
            else:
                if self._is_similar(value, 2):
                    return position
            self._searched += end - position + ATTEMPT_COST
            self._at = place.end()
        return -1

    def _is_similar(self, value: dict[str, Any], times: int) -> bool:
        """Return whether at least 1 in `times` keys of an object and the latest one is in both."""
        usual = self._latest.keys() if self._latest is not None else value.keys()
        return times * len(value.keys() & usual) >= len(value.keys() | usual)

    def _is_exhausted(self) -> bool:
        return self._searched > ALWAYS_SEARCHED + MOST_SEARCHED * (self._discarded + self._at)


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
