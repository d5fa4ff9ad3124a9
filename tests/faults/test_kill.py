"""A crawl that is killed repeatedly ends with the same database as an undisturbed one."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from demo.server import API, KEY
from tests.conftest import ROOT
from tests.faults.server import FaultServer
from tests.faults.shop import contents, healthy_shop
from tests.faults.tier import tier

pytestmark = pytest.mark.slow
CONNECTIONS = 4
IN_FLIGHT = 8 * CONNECTIONS  # pictures: being fetched, waiting to be fetched, waiting to be stored


def start(folder: Path, address: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, ROOT / "crawl.py", "--api-url", f"{address}{API}"),
            *("--allow-private", "--requests-per-minute", "100000"),
            *("--connections", str(CONNECTIONS)),
        ],
        cwd=folder,
        env={"SHOPSTYLE_API_KEY": KEY, "PATH": ""},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def test_a_crawl_killed_at_any_moment_loses_nothing_and_repeats_little(tmp_path: Path) -> None:
    kills, seed = tier(short=15, long=1_000)
    chance = random.Random(seed)
    shop = healthy_shop(products=40 * kills)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    with FaultServer(shop).running() as server:
        assert start(whole, server.address).wait() == 0
        expected = contents(whole, server.address)
        items = {request.path for request in server.requests}
    with FaultServer(shop, latency=0.02).running() as server:
        for _ in range(kills):
            crawl = start(killed, server.address)
            begun = len(server.requests)
            while len(server.requests) == begun and crawl.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.5))
            crawl.kill()
            crawl.wait()
            if (killed / "crawl.db").exists():
                with sqlite3.connect(killed / "crawl.db") as db:
                    assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
                db.close()
        assert start(killed, server.address).wait() == 0
        assert contents(killed, server.address) == expected
        paths = Counter(request.path for request in server.requests)
    assert set(paths) == items
    repeated = Counter(
        "picture" if path.startswith("/sim/") else "page" for path in paths.elements()
    )
    repeated -= Counter("picture" if path.startswith("/sim/") else "page" for path in items)
    assert repeated["page"] <= kills
    assert repeated["picture"] <= kills * IN_FLIGHT
    files = [file for file in (killed / "images").rglob("*") if file.is_file()]
    assert not [file for file in files if file.suffix != ".jpg"]
    assert len(files) == len({path for path in items if path.startswith("/sim/")})
