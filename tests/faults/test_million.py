"""A crawl of a million products continues at once and in little memory."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.server import API, KEY
from product_classifier.store.database import open_database, transaction
from tests.conftest import ROOT
from tests.faults.server import FaultServer
from tests.faults.shop import healthy_shop

PRODUCTS, LEAVES, LEFT = 1_000_000, 500, 1_000  # LEFT: pictures still to fetch
MOST_SECONDS, MOST_BYTES = 2.0, 300_000_000


def fill(db: sqlite3.Connection, address: str) -> None:
    """Write the rows of a long crawl, in which only some pictures are not fetched yet."""
    moment = "2026-01-01T00:00:00Z"
    leaves = [f"leaf-{number}" for number in range(LEAVES)]
    text = "A description as long as shops write them, with a colour, a size and a kind of cloth."
    with transaction(db):
        db.execute("insert into category values ('women', null, 0, 0, '', 'Women')")
        db.executemany(
            "insert into category values (?1, 'women', 1, ?2, ?1, ?1)",
            ((leaf, PRODUCTS // LEAVES) for leaf in leaves),
        )
        db.executemany(
            "insert into product values (?, ?, ?, ?, ?, ?)",
            (
                (k, leaves[k % LEAVES], f"{address}/sim/{k}.jpg", f"Product {k}", text, moment)
                for k in range(PRODUCTS)
            ),
        )
        db.execute("insert into product_category select id, category_id from product")
        db.execute(
            """insert into image select image, 'aa/' || id, id, 300, 400, null, date from product
               where rowid <= ?""",
            (PRODUCTS - LEFT,),
        )
        db.executemany(
            "insert into bookmark values (?, 0, 1, null, ?, null)",
            ((f"products?cat={leaf}", moment) for leaf in leaves),
        )
        db.execute(
            "insert into bookmark values ('categories?cat=women', 0, 1, null, ?, null)", (moment,)
        )


@pytest.mark.slow
@pytest.mark.skipif("SOAK" not in os.environ, reason="takes minutes; make soak runs it")
def test_a_crawl_of_a_million_products_resumes_at_once_in_little_memory(tmp_path: Path) -> None:
    with FaultServer(healthy_shop(products=40)).running() as server:
        with open_database(tmp_path / "crawl.db", create=True) as db:
            fill(db, server.address)
        command = [sys.executable, str(ROOT / "crawl.py"), "--allow-private"]
        started = time.monotonic()
        crawl = subprocess.Popen(
            [*command, "--api-url", f"{server.address}{API}"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "SHOPSTYLE_API_KEY": KEY},
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(crawl.pid, 0)
        crawl.returncode = os.waitstatus_to_exitcode(status)
        assert crawl.returncode == 0
        assert len(server.requests) == LEFT
        assert server.requests[0].moment - started < MOST_SECONDS
    assert used.ru_maxrss * 1024 < MOST_BYTES
