"""Write results to stdout and messages to stderr, without control characters.

With --log-json each message, and the result, is one JSON object on a line.
"""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO, cast

from product_classifier.errors import ProductClassifierError
from product_classifier.printable import one_line, printable
from product_classifier.terminal.startup import as_json, program


class ReaderGoneError(BrokenPipeError):
    """The reader of the output has closed the pipe, so that there is nothing left to do."""


def say(text: str, facts: Mapping[str, Any] | None = None) -> None:
    """Write a message on one line; with --log-json, the facts."""
    write_messages(in_json(facts or {"message": text}) if as_json() else one_line(text))


def fail(text: str, code: int, usage: str = "") -> None:
    """Write the reason why a script ends, as the last line; usage: written before it to people."""
    line = last_line(f"error: {text}" if usage and not as_json() else text, code)
    write_messages(line if as_json() else usage + line)


def last_line(text: str, code: int) -> str:
    """Return the line that names the reason why a script ends."""
    text = one_line(text)
    return in_json({"error": text, "code": code}) if as_json() else f"{program()}: {text}"


def show(text: str, facts: Mapping[str, Any] | None = None) -> None:
    """Write a result to stdout: the text; with --log-json, the facts if there are any.

    Raises ProductClassifierError if stdout cannot be written, and ReaderGoneError.
    """
    stream = sys.stdout
    if stream is None:
        raise ProductClassifierError("stdout is closed, so the result cannot be written")
    text = in_json(facts) if facts is not None and as_json() else printable(text.rstrip("\n"))
    if not _can_write(stream, text):
        say(
            f"stdout knows only {stream.encoding}: other letters are written as escapes; "
            "set PYTHONIOENCODING=utf-8"
        )
    try:
        _direct(stream).write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        _discard(stream)
        raise ReaderGoneError from None
    except OSError as error:
        _discard(stream)
        raise ProductClassifierError(
            f"the result cannot be written to stdout: {error.strerror}"
        ) from None


def write_messages(text: str) -> None:
    """Write lines to stderr; a full stderr is ignored. Raises ReaderGoneError."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        _direct(stream).write(f"{printable(text)}\n")
        stream.flush()
    except BrokenPipeError:
        _discard(stream)
        raise ReaderGoneError from None
    except OSError:
        _discard(stream)


def progress_bars() -> TextIO:
    """Return stderr for progress bars, which may return to the start of a line."""
    return _direct(sys.stderr)


def in_json(facts: Any, indent: int | None = None) -> str:
    """Return facts as JSON in ASCII: one line unless indented, null for nan and infinity."""
    import json  # so that start-up need not load it

    try:
        return json.dumps(facts, indent=indent, allow_nan=False)
    except ValueError:  # nan, from a database that another program wrote
        return json.dumps(_finite(json.loads(json.dumps(facts))), indent=indent)


class _Cleaned:
    """A stream that cleans what libraries and Python itself write; as_json: a message a line."""

    def __init__(self, stream: TextIO, *, as_json: bool) -> None:
        self.direct, self._as_json, self._line = stream, as_json, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.direct, name)

    def write(self, text: str) -> int:
        if not self._as_json:
            return self.direct.write(printable(text))
        *lines, self._line = (self._line + text).split("\n")
        for line in filter(str.strip, lines):
            self.direct.write(in_json({"message": one_line(line)}) + "\n")
        return len(text)


def clean_streams() -> None:
    """Clean stdout and stderr, also of what libraries write; closed streams stay closed.

    The file descriptors of closed streams are occupied, so that no file gets them: libraries write
    to these descriptors.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 -- until the process ends
    if sys.stdout is not None:
        sys.stdout = cast(TextIO, _Cleaned(_whole(sys.stdout), as_json=False))
    sys.stderr = cast(TextIO, _Cleaned(_whole(sys.stderr), as_json=as_json()))


def _whole(stream: TextIO) -> TextIO:
    """Return a stream that writes a text completely or fails, and any character in any encoding.

    With PYTHONUNBUFFERED, Python's own streams lose what a full disk or pipe does not take.
    """
    encoding, raw = stream.encoding, cast(Any, stream).detach()
    buffer = io.BufferedWriter(raw) if isinstance(raw, io.RawIOBase) else raw
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", line_buffering=True)


def flush() -> None:
    """Write what libraries left in the buffer of stdout, or discard it. Raises as show does."""
    if sys.stdout is not None and not sys.stdout.closed:
        try:
            sys.stdout.flush()
        except OSError as error:
            _discard(sys.stdout)
            if isinstance(error, BrokenPipeError):
                raise ReaderGoneError from None
            raise ProductClassifierError(f"stdout cannot be written: {error.strerror}") from None


def _finite(value: Any) -> Any:
    """Return a JSON value with null in place of nan and infinity."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(_finite, value))
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _direct(stream: TextIO) -> TextIO:
    return stream.direct if isinstance(stream, _Cleaned) else stream


def _can_write(stream: TextIO, text: str) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _discard(stream: TextIO) -> None:
    """Discard what is still buffered, about which Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
