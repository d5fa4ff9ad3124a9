"""Decompression bombs: pictures and answers that are small until they are decompressed."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from demo.server import API, KEY
from tests.conftest import ROOT
from tests.faults.faults import BOMB, JPEG
from tests.faults.server import Conversation, Fault, FaultServer
from tests.faults.shop import healthy_shop

pytestmark = pytest.mark.slow
MOST_BYTES = 500_000_000
MEASURED = """
import runpy, sys
from product_classifier.models.experiment import peak_bytes
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print("bytes", peak_bytes(), file=sys.stderr)
"""


def wide_png(width: int, height: int) -> bytes:
    """Return a PNG of one colour with a bit for each pixel: ten million pixels are a kilobyte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return len(data).to_bytes(4) + checked + zlib.crc32(checked).to_bytes(4)

    packer, file = zlib.compressobj(9), io.BytesIO()
    for _ in range(height):
        file.write(packer.compress(bytes(1 + (width + 7) // 8)))
    file.write(packer.flush())
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([1, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", file.getvalue())
        + chunk(b"IEND", b"")
    )


def send_gzip(talk: Conversation) -> bool:
    talk.send(data=BOMB, headers={"Content-Encoding": "gzip"})
    return True


def send_pixels(talk: Conversation) -> bool:
    talk.send(data=PIXELS)
    return True


PIXELS = wide_png(13_500, 13_500)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (send_pixels, "13500x13500 pixels are more than 50,000,000"),
        (send_gzip, "larger than 20,000,000 bytes"),
    ],
)
def test_a_decompression_bomb_is_a_failed_picture_and_needs_little_memory(
    tmp_path: Path, fault: Fault, reason: str
) -> None:
    assert len(PIXELS) < 30_000
    shop = healthy_shop(products=40)

    with FaultServer(shop, {JPEG: [fault]}, share=1).running() as server:
        crawl = subprocess.run(
            [
                *(sys.executable, "-c", MEASURED, ROOT / "crawl.py", "--allow-private"),
                *("--api-url", f"{server.address}{API}", "--requests-per-minute", "100000"),
            ],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "SHOPSTYLE_API_KEY": KEY, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert crawl.returncode == 3, crawl.stderr
    with sqlite3.connect(tmp_path / "crawl.db") as db:
        assert db.execute("select distinct error from image").fetchall() == [(reason,)]
    db.close()
    assert int(crawl.stderr.rpartition("bytes ")[2]) < MOST_BYTES
