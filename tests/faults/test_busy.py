"""All threads keep the pauses that a server requests, and the rate limit."""

from __future__ import annotations

import bisect
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from product_classifier.sources.web.client import Client
from tests.faults.faults import JPEG
from tests.faults.server import Body, Conversation, FaultServer

WORKERS = 64


def picture(path: str, address: str) -> Body:
    return Body(JPEG, b"picture")


def fetch(client: Client, address: str, count: int) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda k: client.get_file(f"{address}/{k}", bytes), range(count)))


@pytest.mark.slow
def test_after_a_429_no_request_is_sent_during_the_pause() -> None:
    refused: list[float] = []
    lock = threading.Lock()

    def busy_once(talk: Conversation) -> bool:
        with lock:
            first = len(refused) < 1 and talk.path == "/200"
            if first:
                refused.append(time.monotonic())
        if first:
            talk.send(429, b"", headers={"Retry-After": "2"})
        else:
            talk.send()
        return True

    client = Client(connections=WORKERS, allow_private=True)
    with FaultServer(picture, {JPEG: [busy_once]}, share=1, latency=0.02).running() as server:
        fetch(client, server.address, 1000)
        [moment] = refused
        late = [a.moment for a in server.requests if moment + 0.15 < a.moment < moment + 2]
        assert late == []
        assert [a for a in server.requests if a.moment > moment + 2]
    assert client.pauses == 1


@pytest.mark.slow
def test_the_rate_is_never_exceeded_and_is_reached_under_load() -> None:
    per_minute = 750
    client = Client(per_minute, connections=WORKERS, allow_private=True)
    with FaultServer(picture, latency=0.02).running() as server:
        fetch(client, server.address, per_minute + 50)
        moments = sorted(request.moment for request in server.requests)
    in_a_minute = [bisect.bisect_left(moments, start + 60) - k for k, start in enumerate(moments)]
    assert max(in_a_minute) <= per_minute
    taken = moments[-1] - moments[0]
    assert taken > 60
    assert len(moments) - 1 >= 0.95 * per_minute * taken / 60


def test_setting_the_clock_does_not_delay_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(60_000, allow_private=True)
    real = time.time
    with FaultServer(picture).running() as server:
        started = time.monotonic()
        for shift in (0, 86_400, -86_400, 0):
            monkeypatch.setattr(time, "time", lambda shift=shift: real() + shift)
            for k in range(5):
                client.get_file(f"{server.address}/{k}", bytes)
        assert time.monotonic() - started < 5
