"""The elements of a JSON list, one by one, in memory that does not grow with the list.

An element that is no JSON costs itself alone wherever the next one can be told from what lies
inside the broken one; else nothing behind it is read, and that is told. Reading takes time in
proportion to the text, however it is broken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from json import JSONDecodeError
from typing import Any

CHUNK = 16_000  # characters; what looks wrong is told by its line, counted from the beginning
LARGEST_OBJECT = 4_000_000  # characters, which may take twenty times as many bytes
SPARE, TIMES = 8_000_000, 8  # characters that looking for an end may read: at all, for each read
ATTEMPT = 200  # characters that could be read in the time that an attempt at decoding takes
CUT = 12  # characters before the end of a text in which what looks wrong may only be cut
START = re.compile(r'\s*(\{\s*"(?:images|products|categories|items)"\s*:\s*)?\[')
SPACE = re.compile(r"\s*")
BETWEEN = re.compile(r"[\s,]*")
MARK = re.compile(r'["{}\[\]]')
IN_STRING = re.compile(r'["\\\n]')
PLAIN = re.compile(r"[\s:,]*(?:(?:-?(?:[0-9][0-9.eE+-]*|Infinity)|true|false|null|NaN)[\s:,]*)?")
FARTHEST = 64  # white space before the bracket of an object, and before its first key
NEXT = re.compile(rf'[,\n]\s{{0,{FARTHEST}}}+(?=\{{\s{{0,{FARTHEST}}}")')  # where one may begin
NO_BRACKET = re.compile(r'[^,\]{\["]*')
Found = tuple[Any, str]  # an element, or what is wrong with it


def problem_of(error: ValueError | RecursionError) -> str:
    """Say why a text could not be decoded."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, JSONDecodeError):
        return f"it is no JSON ({error.msg})"
    return "a number in it has thousands of digits"  # turning them into a number takes too long


class _UnsoundError(Exception):
    """A broken element's end cannot be told by its brackets."""


class JsonList:
    """The list in a text that comes in chunks."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0  # where in the text the next element begins
        self._used = 0  # characters before the text
        self._work = 0  # characters that were read to find where a broken element ends
        self._latest: dict[str, Any] | None = None  # the object read last
        self.cut = False  # whether the text ends before the list does

    def begins(self) -> bool:
        """Return whether the text is a list by itself, or of one of the known names."""
        while not (start := START.match(self._text)):
            if len(self._text) > CHUNK or not self._more():
                return False
        self._at = start.end()
        return True

    def __iter__(self) -> Iterator[Found]:
        """Read the elements."""
        while self._has_next():
            value, problem, end = self._read()
            if not problem:
                self._at = end
                if self._is_followed_soundly():
                    if isinstance(value, dict):
                        self._latest = value
                    yield value, ""
                    continue
                problem, end = "it is no JSON (no comma behind it)", self._next_alike(self._at)
            yield None, problem if end >= 0 else f"{problem}; nothing behind it is read"
            if end < 0:
                return
            self._at = end

    def _has_next(self) -> bool:
        while True:
            self._at = _behind(BETWEEN, self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at] != "]"
            if not self._more():
                self.cut = True
                return False

    def _is_followed_soundly(self) -> bool:
        """Return whether a comma, the end of the list or another object is next."""
        while (end := _behind(SPACE, self._text, self._at)) == len(self._text):
            if not self._more():
                return True
        return self._text[end] in ",]{"

    def _more(self, least: int = 1) -> bool:
        """Read so many characters on, and forget what has been read."""
        pieces = [self._text[self._at :]]
        while least > 0 and (chunk := next(self._chunks, "")):
            pieces.append(chunk)
            least -= len(chunk)
        if len(pieces) == 1:
            return False
        self._used += self._at
        self._text, self._at = "".join(pieces), 0
        return True

    def _read(self) -> tuple[Any, str, int]:
        """Read an element: it, what is wrong with it, and where it ends; -1: nobody knows."""
        self._forget()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                if end == len(self._text) and not isinstance(value, dict) and self._more():
                    continue  # a number may go on
                return value, "", end
            except JSONDecodeError as error:
                problem, wrong = problem_of(error), error.pos
                length = len(self._text) - self._at
                unclosed = error.msg.startswith("Unterminated")
                if unclosed or wrong > len(self._text) - CUT:
                    if length > LARGEST_OBJECT:
                        return None, f"it has more than {LARGEST_OBJECT:,} characters", -1
                    if self._more(length):
                        continue
                    if unclosed or wrong >= len(self._text):
                        self.cut = True
                        return None, "the file ends in the middle of it", -1
            except (ValueError, RecursionError) as error:
                problem, wrong = problem_of(error), self._at
            return None, problem, self._end_of_broken(wrong - self._at)

    def _forget(self) -> None:
        """Forget what has been read, so that no position is far from the beginning."""
        if self._at > CHUNK:
            self._used += self._at
            self._text, self._at = self._text[self._at :], 0

    def _end_of_broken(self, offset: int) -> int:
        """Find where a broken element ends; offset: of what is wrong with it. -1: nobody knows."""
        if self._text[self._at] not in '{["':
            return self._scalar_end()
        with suppress(_UnsoundError):
            return self._balanced_end(offset)
        # a string that is not closed may have swallowed where the next object begins
        string = self._text.rfind('"', self._at, self._at + offset)
        before = self._text.rfind('"', self._at, max(self._at, string))
        return self._next_alike(max(self._at + 1, before))

    def _scalar_end(self) -> int:
        """Find the end of what is neither an object nor a list nor a text."""
        while True:
            end = _behind(NO_BRACKET, self._text, self._at)
            length = end - self._at
            if end < len(self._text) or length > LARGEST_OBJECT or not self._more(length):
                return end

    def _balanced_end(self, offset: int) -> int:
        """Find where a broken element ends by its brackets, which must be sound but for one place.

        offset: of that place, from where the element begins. Raises _UnsoundError.
        """
        open_brackets = bytearray()
        position = self._at
        while position == self._at or open_brackets:
            mark = MARK.search(self._text, position)
            if mark is None:
                position = self._reread(position)
                continue
            is_sound = PLAIN.fullmatch(self._text, position, mark.start())
            if not is_sound and not position <= self._at + offset <= mark.start():
                raise _UnsoundError
            position = mark.end()
            if mark[0] == '"':
                position = self._string_end(position)
            elif mark[0] in "{[":
                open_brackets.append(ord(mark[0]))
            elif abs(open_brackets.pop() - ord(mark[0])) != 2:
                raise _UnsoundError
        self._work += position - self._at
        if position <= self._at + offset:
            raise _UnsoundError
        while (end := _behind(SPACE, self._text, position)) == len(self._text):
            position = self._reread(position)
        if self._text[end] not in ",]":
            raise _UnsoundError
        with suppress(ValueError, RecursionError):  # is it the next element, or a part of this one?
            value, _ = self._decoder.raw_decode(self._text, _behind(BETWEEN, self._text, end))
            if isinstance(value, dict) and not self._is_alike(value, 3):
                raise _UnsoundError
        return position

    def _string_end(self, position: int) -> int:
        """Find the end of a string. Raises _UnsoundError where a line feed ends it."""
        while True:
            mark = IN_STRING.search(self._text, position)
            if mark is None:
                position = self._reread(len(self._text))
            elif mark[0] == "\\":
                position = mark.end() + 1
            elif mark[0] == '"':
                return mark.end()
            else:
                raise _UnsoundError

    def _reread(self, position: int) -> int:
        """Read on, and return where a position has moved. Raises _UnsoundError after much work."""
        length = len(self._text) - self._at
        self._work += length
        position -= self._at
        if length > LARGEST_OBJECT or self._is_exhausted() or not self._more(length):
            raise _UnsoundError
        return position

    def _next_alike(self, position: int) -> int:
        """Find the next object that has most keys of the one read before, as no part of one has."""
        self._at = position
        while self._latest is not None and not self._is_exhausted():
            self._forget()
            place = NEXT.search(self._text, self._at)
            if place is None:
                self._at = max(self._at, len(self._text) - 2 * FARTHEST)
                if not self._more():
                    return -1
                continue
            position = end = place.end()
            try:
                value, end = self._decoder.raw_decode(self._text, position)
            except JSONDecodeError as error:
                end = error.pos
                if error.msg.startswith("Unterminated") or end > len(self._text) - CUT:
                    self._at = place.start()
                    length = len(self._text) - self._at
                    self._work += length
                    if length <= LARGEST_OBJECT and self._more(length):
                        continue
            except (ValueError, RecursionError):
                end = position + CHUNK
            else:
                if self._is_alike(value, 2):
                    return position
            self._work += end - position + ATTEMPT
            self._at = place.end()
        return -1

    def _is_alike(self, value: dict[str, Any], times: int) -> bool:
        """Return whether one in so many keys is of both an object and the one read before."""
        usual = self._latest.keys() if self._latest is not None else value.keys()
        return times * len(value.keys() & usual) >= len(value.keys() | usual)

    def _is_exhausted(self) -> bool:
        return self._work > SPARE + TIMES * (self._used + self._at)


def _behind(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position
