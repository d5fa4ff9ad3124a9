"""Consoles for tests: one that records messages, and one that calls a function for each item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from product_classifier.console import Problems, SilentConsole

T = TypeVar("T")


class Recorder(SilentConsole):
    """Keeps the messages, and the items that were skipped with the reasons."""

    def __init__(self, messages: list[str] | None = None) -> None:
        self.messages = [] if messages is None else messages
        self.skipped: list[tuple[str, str]] = []

    def say(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        self.messages.append(message)

    def problems(self, what: str) -> Problems:
        return self

    def add(self, item: str, reason: str) -> None:
        self.skipped.append((item, reason))

    def close(self) -> None:
        pass


class Tracker(SilentConsole):
    """Passes items through a function of a test, which counts them or stops in the middle."""

    def __init__(self, track: Callable[..., Iterable[Any]]) -> None:
        self._track = track

    def progress(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        return iter(self._track(items, label, total))


class Failing(SilentConsole):
    """A console that fails on any message."""

    def say(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        raise AssertionError(message)
