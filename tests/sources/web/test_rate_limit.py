"""The rate limiter, with a clock that only sleep advances, and with real threads."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.sources.web.rate_limit import LONGEST_PAUSE, RateLimiter
from tests.sources.web.test_client import Time


def test_the_rate_is_kept_in_every_minute_and_nearly_reached() -> None:
    fake = Time()
    limiter = RateLimiter(60, fake.sleep, fake.clock)
    passed = []
    for _ in range(300):
        limiter.wait()
        passed.append(fake.now)
    minutes = [sum(start <= other < start + 60 for other in passed) for start in passed[:-60]]
    assert max(minutes) <= 60
    assert min(minutes) >= 57


@given(st.lists(st.floats(0, 3), min_size=150, max_size=150))
def test_delayed_requests_do_not_exceed_the_rate(late: list[float]) -> None:
    fake = Time()
    delays = iter(late)

    def sleep(seconds: float) -> None:
        fake.now += seconds + next(delays, 0)

    limiter = RateLimiter(120, sleep, fake.clock)
    passed = []
    for _ in range(400):
        limiter.wait()
        passed.append(fake.now)
    assert max(sum(start <= other < start + 60 for other in passed) for start in passed) <= 120


def test_turns_that_are_missed_by_a_little_are_made_up_for() -> None:
    fake = Time()
    limiter = RateLimiter(750, lambda seconds: fake.sleep(seconds + 0.01), fake.clock)
    for _ in range(751):
        limiter.wait()
    assert fake.now - 1000 <= 60 / 0.95


def test_time_that_is_spent_elsewhere_counts() -> None:
    fake = Time()
    limiter = RateLimiter(60, fake.sleep, fake.clock)
    for _ in range(10):
        limiter.wait()
        fake.now += 2
    assert fake.pauses == []


def test_during_a_pause_no_thread_gets_a_turn() -> None:
    fake = Time()
    limiter = RateLimiter(None, fake.sleep, fake.clock)
    limiter.pause(30)
    limiter.pause(10)
    limiter.wait()
    assert fake.now == 1030


@pytest.mark.slow
def test_a_pause_also_holds_threads_that_wait_already() -> None:
    limiter = RateLimiter(600)
    limiter.wait()
    passed: list[float] = []

    def worker() -> None:
        limiter.wait()
        passed.append(time.monotonic())

    threads = [threading.Thread(target=worker) for _ in range(64)]
    for thread in threads:
        thread.start()
    closed = time.monotonic()
    limiter.pause(1.0)
    time.sleep(0.9)
    assert not [moment for moment in passed if moment > closed + 0.01]
    for thread in threads:
        thread.join()
    assert len(passed) == 64
    passed.sort()
    assert passed[-1] - passed[-60] >= 59 * 0.1 * 0.99


def test_random_pauses_grow_until_the_host_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    fake = Time()
    limiter = RateLimiter(None, fake.sleep, fake.clock)
    for _ in range(9):
        limiter.pause()
        limiter.wait()
    limiter.resume()
    limiter.pause()
    limiter.wait()
    assert fake.pauses == [2, 4, 8, 16, 32, 64, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE, 2]


def test_several_refusals_of_one_overload_make_one_pause() -> None:
    fake = Time()
    limiter = RateLimiter(None, fake.sleep, fake.clock)
    for _ in range(20):
        limiter.pause()
    assert limiter.pauses == 1
    limiter.wait()
    assert fake.now <= 1002
