"""A million products from CSV and from BSON into crawl.db, beside the minimum of an import."""

from __future__ import annotations

import csv
import io
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import bson
import numpy as np
from PIL import Image

from benchmarks.common import ROOT, Row

PRODUCTS = int(os.environ.get("BENCH_PRODUCTS", 1_000_000))
TURNS = 3  # of CSV; BSON has one turn, since a million pictures fill a disk
SIDE, BYTES = 180, 15_000  # of a picture
MEMORY = 300  # MB


class Cost(NamedTuple):
    """The cost of a process."""

    seconds: float
    megabytes: float


def run(shared: Path) -> Iterator[Row]:
    """Measure both imports, and the peers in between."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        yield from _csv(folder)
        yield from _bson(folder)


def _csv(folder: Path) -> Iterator[Row]:
    source = folder / "products.csv"
    write_csv(source, PRODUCTS)
    taken: dict[str, list[Cost]] = {"ours": [], "bare": []}
    for _ in range(TURNS):
        for name in ("bare.db", "crawl.db"):
            (folder / name).unlink(missing_ok=True)
        command = ("-m", "benchmarks.bare_imports", "rows", source, folder)
        taken["bare"].append(_cost(folder, *command))
        taken["ours"].append(_cost(folder, *_crawl(source, folder)))
    source.unlink()
    bare, ours = (sorted(costs)[TURNS // 2] for costs in (taken["bare"], taken["ours"]))
    yield from _rows("CSV", ours, "executemany", bare, 0.5)


def _bson(folder: Path) -> Iterator[Row]:
    source = folder / "train.bson"
    write_bson(source, PRODUCTS)
    (folder / "bare").mkdir()
    command = ("-m", "benchmarks.bare_imports", "pictures", source, folder / "bare")
    bare = _cost(folder, *command)
    os.sync()
    # the peer's files stay: on a virtual machine, reusing freed memory would slow the next process
    ours = _cost(folder, *_crawl(source, folder))
    yield from _rows("BSON", ours, "decode_file_iter, files", bare, 0.7)


def _rows(kind: str, ours: Cost, name: str, peer: Cost, least: float) -> Iterator[Row]:
    ratio = peer.seconds / ours.seconds
    yield Row(
        f"{kind} of {PRODUCTS:,} products",
        f"{ours.seconds:.1f} s = {ratio:.2f} x",
        f"{name} {peer.seconds:.1f} s",
        f">= {least} x",
        ratio >= least,
    )
    memory = f"{ours.megabytes:.0f} MB"
    theirs = f"{name} {peer.megabytes:.0f} MB"
    yield Row("  … memory", memory, theirs, f"< {MEMORY} MB", ours.megabytes < MEMORY)


def _crawl(source: Path, folder: Path) -> tuple[object, ...]:
    options = ("--only", "products", "--images-path", folder / "images")
    return ROOT / "crawl.py", "--from", source, "--db-path", folder / "crawl.db", *options


def _cost(folder: Path, *command: object) -> Cost:
    words = [sys.executable, ROOT / "benchmarks" / "launch.py", sys.executable, *command]
    started = time.monotonic()
    process = subprocess.run(
        [*map(str, words)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    _, kilobytes = map(float, process.stdout.split())
    return Cost(time.monotonic() - started, kilobytes / 1000)


def write_csv(path: Path, products: int) -> None:
    """Write products with names of six words, descriptions of twenty, a thousand leaves."""
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(5_000)]
    leaves = [
        "/".join(words[1000 * k + int(d)] for k, d in enumerate(f"{n:03}")) for n in range(1000)
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "description", "category_path", "image"])
        for number in range(products):
            name, description = (" ".join(chance.choices(words, k=k)) for k in (6, 20))
            picture = f"http://pictures.shop.example/{number:07}.jpg"
            writer.writerow([f"p{number:07}", name, description, chance.choice(leaves), picture])


def write_bson(path: Path, products: int) -> None:
    """Write products with a JPEG each, all different, of five thousand categories."""
    chance = random.Random(1)
    noise = np.random.default_rng(1)
    drawn = [_jpeg(noise) for _ in range(50)]
    with path.open("wb") as file:
        for number in range(products):
            start, *rest = divmod(number, len(drawn))
            data = drawn[rest[0]]
            comment = b"\xff\xfe\x00\x0a" + struct.pack(">Q", start)
            picture = data[:2] + comment + data[2:]
            category = 1_000_000_000 + chance.randrange(5_000)
            document = {"_id": number, "category_id": category, "imgs": [{"picture": picture}]}
            file.write(bson.encode(document))


def _jpeg(noise: np.random.Generator) -> bytes:
    """Return a random JPEG of at most BYTES bytes, of the highest quality possible."""
    small = noise.integers(0, 255, (SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    for quality in range(95, 5, -2):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() <= BYTES:
            break
    return file.getvalue()
