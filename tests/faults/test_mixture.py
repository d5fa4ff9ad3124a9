"""With faults in thirty percent of all answers, a crawl fetches everything correctly."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from product_classifier.sources.web import connections, rate_limit
from product_classifier.sources.web.connections import is_public
from tests.faults.faults import FAULTS, JPEG
from tests.faults.server import FaultServer
from tests.faults.shop import contents, healthy_shop, run_crawl
from tests.faults.tier import tier

pytestmark = pytest.mark.slow
MOST_RUNS = 12  # of the same command; each run tries the failures of the previous one again


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten all waits, and allow the fault server's address as the only private one."""
    monkeypatch.setattr(connections, "DEADLINE", 0.5)
    monkeypatch.setattr(connections, "TIMEOUT", 0.3)
    monkeypatch.setattr(random, "uniform", lambda least, most: 0.02)
    monkeypatch.setattr(rate_limit, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(
        connections, "is_public", lambda address: address == "127.0.0.1" or is_public(address)
    )


def test_a_crawl_despite_faults_equals_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    items, seed = tier(short=800, long=50_000)
    shop = healthy_shop(products=items)
    stored = {}
    for share in (0.0, 0.3):
        folder = tmp_path / str(share)
        folder.mkdir()
        with FaultServer(shop, FAULTS, share, seed).running() as server:
            runs = 1
            while run_crawl(folder, server.address, monkeypatch):
                runs += 1
                assert runs < MOST_RUNS
            stored[share] = contents(folder, server.address)
    assert runs > 1
    played = {request.fault for request in server.requests} - {""}
    assert played >= {fault.__name__ for fault in FAULTS[JPEG]}
    assert len(server.requests) <= 1.6 * len({request.path for request in server.requests})
    assert stored[0.3] == stored[0.0]
