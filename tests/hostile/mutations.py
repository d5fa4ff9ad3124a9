"""Parts of hostile inputs: texts that attack readers, and changed bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

TEXTS: Sequence[str] = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x1b]0;owned\x07\x1b[2J",  # sets a terminal's title, clears it
    "\x9b31m",
    "line\r\nSet-Cookie: a=b",
    "\u202egpj.exe\u202c",  # reads backwards
    "\u2066hidden\u2069",
    '=HYPERLINK("http://127.0.0.1/")',
    "@SUM(1)",
    "\t=1+1",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "../../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "file:///etc/passwd",
    "http://[::1",
    "http://127.0.0.1:9/x",
    "http://169.254.169.254/latest/meta-data/",
    "http://user:secret@127.0.0.1:9/",
    "ftp://127.0.0.1/",
    "'; drop table product; --",
    "%s%n{0.__class__}${7*7}{{7*7}}",
    "\ud83d",  # half of an emoji
    "\ufeff",
    "é" * 300,
    "a" * 70_000,
    "/".join("abcdefgh") * 40,
    " > ".join("x" * 60),
    "nan",
    "Infinity",
    "-1",
    "1e400",
    "9" * 400,
    "true",
    "null",
)
NUMBERS: Sequence[Any] = (
    *(0, -1, 1, 2**31, 2**32, 2**53 + 1, 2**63, 2**64, 10**30, -(10**30)),
    *(0.5, -0.0, 1e308, -1e308, 1e-320, float("nan"), float("inf"), float("-inf")),
)


def hostile_value(chance: random.Random, depth: int = 3) -> Any:
    """Return a JSON value that no field expects."""
    kind = chance.randrange(8 if depth else 6)
    if kind < 3:
        return chance.choice(TEXTS)
    if kind < 5:
        return chance.choice(NUMBERS)
    if kind == 5:
        return chance.choice([None, True, False])
    if kind == 6:
        return [hostile_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {
        chance.choice(TEXTS)[:50]: hostile_value(chance, depth - 1)
        for _ in range(chance.randrange(4))
    }


def changed_bytes(chance: random.Random, data: bytes) -> bytes:
    """Return data after one to four changes: bits flipped, parts cut, repeated, moved, replaced."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if not changed:
            break
        chance.choice(CHANGES)(chance, changed)
    return bytes(changed)


def _flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice([1, 1, 8])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _cut(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.choice([1, 4, 100, len(data)])]


def _repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    piece = bytes(data[start : start + chance.choice([1, 4, 100])])
    data[start:start] = piece * chance.choice([1, 2, 100])


def _insert(chance: random.Random, data: bytearray) -> None:
    text = chance.choice(TEXTS).encode(errors="surrogatepass")
    start = chance.randrange(len(data) + 1)
    data[start:start] = text


def _extreme(chance: random.Random, data: bytearray) -> None:
    """Write an extreme number over bytes that may be a length or an offset."""
    start = chance.randrange(len(data))
    size = chance.choice([1, 2, 4, 8])
    value = chance.choice([0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1])
    data[start : start + size] = value.to_bytes(size, chance.choice(["little", "big"]))


CHANGES: Sequence[Callable[[random.Random, bytearray], None]] = (
    _flip,
    _cut,
    _repeat,
    _insert,
    _extreme,
)
