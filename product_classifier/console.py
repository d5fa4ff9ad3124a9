"""The console that recipes report to: its protocol, and one that writes nothing.

A script passes its console (terminal/script.py) to a recipe, and the rooms pass it on. The result
that a script was asked for goes to stdout and not through a console.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Notes = Callable[[], Mapping[str, int]]  # further numbers, by name, at the moment of the call


class Counter(Protocol):
    """A number of things that are done, shown while it grows."""

    def advance(self, count: int = 1) -> None:
        """Add to the number of things that are done."""

    def close(self) -> None:
        """Write the final number."""


class Problems(Protocol):
    """Problems of one kind, of which only the first ones are written to people."""

    def add(self, item: str, reason: str) -> None:
        """Report the problem of an item."""

    def close(self) -> None:
        """Write how many problems were not written."""


class Console(Protocol):
    """A place for messages and progress."""

    def say(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        """Write a message; facts: the same for programs, which read JSON."""

    def warn(self, messages: Sequence[str], what: str) -> None:
        """Write the first few messages about what was left out, and the number of the others."""

    def problems(self, what: str) -> Problems:
        """Return a list of problems to report while they come up."""

    def progress(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield the items, and show how many are done; total: their number, if it is known."""

    def counter(self, label: str, total: int | None = None, notes: Notes = dict) -> Counter:
        """Return a counter to advance; notes: returns further numbers to show."""


class SilentConsole:
    """A console that writes nothing."""

    def say(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        """Ignore the message."""

    def warn(self, messages: Sequence[str], what: str) -> None:
        """Ignore the messages."""

    def problems(self, what: str) -> Problems:
        """Return a list that ignores problems."""
        return _Ignored()

    def progress(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield the items."""
        return iter(items)

    def counter(self, label: str, total: int | None = None, notes: Notes = dict) -> Counter:
        """Return a counter that shows nothing."""
        return _Ignored()


class _Ignored:
    """A counter and a list of problems of which nothing is written."""

    def advance(self, count: int = 1) -> None:
        """Ignore the progress."""

    def add(self, item: str, reason: str) -> None:
        """Ignore the problem."""

    def close(self) -> None:
        """Write nothing."""


SILENT = SilentConsole()
