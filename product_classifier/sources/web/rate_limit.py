"""A gate before a host: no more requests a minute than agreed, and none while it wants a rest."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

LONGEST_PAUSE = 120.0  # seconds, whatever a server asks for
MARGIN = 0.98  # of the agreed rate, so that what is late on its way cannot crowd a minute
CATCH_UP = 0.5  # seconds of lost turns that are made up for, so that late sleepers cost no rate


class Gate:
    """Lets threads pass one after the other.

    per_minute: None for no limit. sleep and clock: replaced by tests; the clock is not the wall's,
    so that setting the date stalls nobody.
    """

    def __init__(
        self,
        per_minute: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 60 / (per_minute * MARGIN) if per_minute else 0.0
        self._sleep = sleep
        self._clock = clock
        self._turn = threading.Lock()  # held by the one thread that sleeps for the next turn
        self._lock = threading.Lock()  # over what follows
        self._next_turn = 0.0
        self._closed_until = 0.0
        self._refusals = 0  # in a row
        self.pauses = 0

    def wait(self) -> None:
        """Wait for a turn; while the gate is closed, nobody has one."""
        asked = self._clock()
        with self._turn:
            while (left := self._turn_of(asked) - self._clock()) > 0:
                self._sleep(left)
            turn = max(self._turn_of(asked), self._clock() - CATCH_UP)
            self._next_turn = turn + self._interval

    def _turn_of(self, asked: float) -> float:
        return max(asked, self._next_turn, self._closed_until)

    def close(self, asked_for: float | None = None) -> None:
        """Let nobody pass for some seconds: those the server asked for, or ever more, by chance."""
        with self._lock:
            now = self._clock()
            if now >= self._closed_until:
                self._refusals += 1
                self.pauses += 1
            elif asked_for is None:
                return  # the answer to something asked before the gate closed
            pause = random.uniform(0, 2.0**self._refusals) if asked_for is None else asked_for
            until = now + min(max(pause, 0.0), LONGEST_PAUSE)
            self._closed_until = max(self._closed_until, until)

    def open(self) -> None:
        """Note that the host answers again."""
        self._refusals = 0
