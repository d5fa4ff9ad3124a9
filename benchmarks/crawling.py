"""crawl.py against the demo server without latency; the server draws on the same machine."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common import Row, measure
from demo.catalogue.products import make_catalogue
from demo.server import KEY, serve

PRODUCTS = 1500


@contextlib.contextmanager
def demo_shop(products: int) -> Iterator[list[object]]:
    """Serve the demo's catalogue; yields the options of crawl.py for it."""
    os.environ["SHOPSTYLE_API_KEY"] = KEY
    with serve(make_catalogue(products=products)) as address:
        yield ["--api-url", f"{address}/api/v2", "--allow-private", "--requests-per-minute", 10**6]


def run(shared: Path) -> Iterator[Row]:
    """Crawl the whole demo catalogue, as a process."""
    with demo_shop(PRODUCTS) as api, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        where = ["--db-path", folder / "crawl.db", "--images-path", folder / "images"]
        process = measure("crawl.py", *api, *where)
    for label, stage, count in (("products", "leaves", PRODUCTS), ("pictures", "pictures", None)):
        match = re.search(rf"^{stage}: ([\d,]+) in ([\d.]+) s\b", process.errors, re.MULTILINE)
        assert match
        total = count or int(match[1].replace(",", ""))
        yield Row(
            f"crawl of the demo server: {label}", f"{total / float(match[2]):.0f}/s", "", "reported"
        )
