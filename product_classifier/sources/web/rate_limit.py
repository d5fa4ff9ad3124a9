"""A rate limiter for one host: a bounded number of requests a minute, and none during a pause."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

LONGEST_PAUSE = 120.0  # seconds, whatever a server asks for
MARGIN = 0.98  # of the agreed rate, so that delayed requests do not exceed it in any minute
CATCH_UP = 0.5  # seconds of missed turns that are made up for, since threads wake up late


class RateLimiter:
    """Gives threads their turns, one after the other.

    per_minute: None for no limit. sleep and clock: replaced by tests; the clock is monotonic, so
    that setting the date delays no request.
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
        self._lock = threading.Lock()  # over the attributes below
        self._next_turn = 0.0
        self._paused_until = 0.0
        self._refusals = 0  # in a row
        self.pauses = 0

    def wait(self) -> None:
        """Wait for a turn; during a pause there are none."""
        start = self._clock()
        with self._turn:
            while (left := self._turn_after(start) - self._clock()) > 0:
                self._sleep(left)
            turn = max(self._turn_after(start), self._clock() - CATCH_UP)
            self._next_turn = turn + self._interval

    def _turn_after(self, moment: float) -> float:
        return max(moment, self._next_turn, self._paused_until)

    def pause(self, seconds: float | None = None) -> None:
        """Hold all turns for seconds; None: a random time, longer with each refusal in a row."""
        with self._lock:
            now = self._clock()
            if now >= self._paused_until:
                self._refusals += 1
                self.pauses += 1
            elif seconds is None:
                return  # the answer to a request from before the pause
            length = random.uniform(0, 2.0**self._refusals) if seconds is None else seconds
            until = now + min(max(length, 0.0), LONGEST_PAUSE)
            self._paused_until = max(self._paused_until, until)

    def resume(self) -> None:
        """Note that the host has answered, which ends a row of refusals."""
        self._refusals = 0
