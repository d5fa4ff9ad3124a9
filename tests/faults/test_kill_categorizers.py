"""Categorizers, reviews and exports that are killed repeatedly end with the same results."""

from __future__ import annotations

import csv
import os
import random
import re
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from product_classifier.store.database import open_database
from product_classifier.store.integrity import insist_on_checksum
from tests.conftest import jpeg
from tests.faults.tier import tier
from tests.warm_python import Script, warm_python

pytestmark = pytest.mark.slow
COLOURS = {"Boots": 0, "Belts": 120, "Hats": 240}
PRODUCTS = 40  # of each category
EXPERIMENT = "kind, name, split, settings, accuracy, seal"  # the rest is dates, times and versions
SUMMED = {".f32", ".sha256", ".npz"}  # files of caches with checksums
CATEGORIZERS = {
    "words": ["--model", "linear"],
    "images": ["--backbone", "mini"],
    "both": ["--backbone", "mini"],
}


def script(folder: Path, name: str, *options: object) -> Script:
    return warm_python().start(folder, name, *options, env=os.environ)


def run(folder: Path, name: str, *options: object) -> str:
    ended = script(folder, name, *options).wait()
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def killed(folder: Path, chance: random.Random, seconds: float, *command: object) -> None:
    """Start a script and kill it at a random moment, or right after the change of a file."""
    before = state(folder)
    name, *options = command
    process = script(folder, str(name), *options)
    deadline = time.monotonic() + chance.uniform(0, seconds)
    waits = chance.random() < 0.5
    while process.poll() is None:
        if waits and state(folder) != before:
            time.sleep(chance.choice([0, 0.001, 0.01, 0.1]))
            break
        if not waits and time.monotonic() > deadline:
            break
        time.sleep(0.002)
    process.kill()
    process.wait()


def state(folder: Path) -> dict[str, tuple[int, int]]:
    files_state = {}
    for path in folder.rglob("*"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        files_state[str(path.relative_to(folder))] = status.st_size, status.st_mtime_ns
    return files_state


def files(folder: Path) -> set[str]:
    return {name for name in state(folder) if not name.endswith("lock")}


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "crawl.db")) as db:
        return db.execute(query).fetchall()


def table(folder: Path, name: str, number: int) -> list[tuple[Any, ...]]:
    columns = [row[1] for row in ask(folder, f"pragma table_info({name})")[1:]]
    order = ", ".join(columns)
    query = f"select {order} from {name} where experiment_id = {number} order by {order}"
    return ask(folder, query)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Import a small catalogue of three colours."""
    folder = tmp_path_factory.mktemp("shop")
    rows = [["id", "name", "category_path", "image"]]
    for category, hue in COLOURS.items():
        for number in range(PRODUCTS):
            name = f"{category}-{number}.jpg"
            shade = f"hsl({hue + number}, {90 - number}%, 50%)"
            (folder / name).write_bytes(jpeg(shade, (40 + number, 50)))
            title = f"{category.lower()} {'wide' if number % 3 else 'slim'} model {number}"
            rows.append([f"{category}-{number}", title, f"Shop/{category}", name])
    with (folder / "shop.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    run(folder, "crawl", "--from", "shop.csv")
    return folder


def copy(shop: Path, folder: Path) -> Path:
    shutil.copytree(shop, folder)
    return folder


@pytest.mark.parametrize("kind", CATEGORIZERS)
def test_a_killed_categorizer_gives_the_same_results_when_run_again(
    kind: str, shop: Path, tmp_path: Path
) -> None:
    kills, seed = tier(short=3 if kind == "words" else 1, long=50)
    chance = random.Random(seed)
    command = [f"categorize_{kind}", "--min-per-category", 3, *CATEGORIZERS[kind], "--save", "kept"]
    whole, again = copy(shop, tmp_path / "whole"), copy(shop, tmp_path / "again")
    started = time.monotonic()
    run(whole, *map(str, command))
    seconds = time.monotonic() - started
    filing = [f"categorize_{kind}", "--saved", "kept", "--all"]
    if kind != "words":
        filing += ["--backbone", "mini"]
    filed = run(whole, *filing)
    for _ in range(kills):
        killed(again, chance, seconds, *command)
        assert ask(again, "pragma integrity_check") == [("ok",)]
    run(again, *map(str, command))
    numbers = [number for (number,) in ask(again, "select id from experiment order by id")]
    expected = ask(whole, f"select {EXPERIMENT} from experiment")
    assert len(numbers) <= kills + 1
    with open_database(again / "crawl.db") as db:
        for number in numbers:
            insist_on_checksum(db, number)
    for number in numbers:
        repeated = ask(again, f"select {EXPERIMENT} from experiment where id = {number}")
        assert without_memory(repeated) == without_memory(expected)
        for name in ("predicted_category", "predicted_path", "neighbour", "outside"):
            assert table(again, name, number) == table(whole, name, 1)
    assert run(again, *filing) == filed
    assert files(again) == files(whole)


def test_flipped_bits_in_caches_change_no_experiment(shop: Path, tmp_path: Path) -> None:
    folder, chance = copy(shop, tmp_path / "flipped"), random.Random(0)
    command = ["categorize_both", "--min-per-category", "3", *CATEGORIZERS["both"]]
    run(folder, *command)
    cached = [path for path in (folder / "cache").rglob("*") if path.suffix in SUMMED]
    assert {path.suffix for path in cached} == SUMMED
    for path in cached:
        data = bytearray(path.read_bytes())
        for _ in range(20):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
    ended = script(folder, *command).wait()
    assert ended.returncode == 0
    assert "damaged" in ended.stderr
    assert "is computed again" in ended.stderr
    first, second = ask(folder, f"select {EXPERIMENT} from experiment order by id")
    assert without_memory([first]) == without_memory([second])
    for name in ("predicted_category", "predicted_path"):
        assert table(folder, name, 1) == table(folder, name, 2)


def without_memory(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return rows as text, without times and memory use."""
    return [re.sub(r'"(peak_bytes|seconds)": [\d.]+', "", str(row)) for row in rows]


@pytest.fixture
def reviewed(shop: Path, tmp_path: Path) -> Path:
    folder = copy(shop, tmp_path / "reviewed")
    rows = [["product_id", "decision"]]
    for category in COLOURS:
        rows += [[f"{category}-{k}", ("keep", "ambiguous", "Shop/Hats")[k % 3]] for k in range(40)]
    with (folder / "review.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def test_a_killed_import_of_a_review_stores_all_decisions_or_none(
    reviewed: Path, tmp_path: Path
) -> None:
    kills, seed = tier(short=6, long=50)
    chance = random.Random(seed)
    command = ["analyze", "--import-review", "review.csv", "--reviewer", "Ada"]
    decided = "select product_id, verdict, category_id, person from decision order by product_id"
    whole = copy(reviewed, tmp_path / "whole")
    started = time.monotonic()
    run(whole, *command)
    seconds, expected = time.monotonic() - started, ask(whole, decided)
    assert len(expected) == 3 * PRODUCTS
    for number in range(kills):
        if number % 5 == 0:
            with closing(sqlite3.connect(reviewed / "crawl.db")) as db, db:
                db.execute("delete from decision")
        killed(reviewed, chance, seconds, *command)
        assert ask(reviewed, decided) in ([], expected)
    run(reviewed, *command)
    assert ask(reviewed, decided) == expected
    assert files(reviewed) == files(whole)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_killed_export_leaves_the_old_file_or_the_new_one(
    suffix: str, shop: Path, tmp_path: Path
) -> None:
    kills, seed = tier(short=3, long=50)
    chance = random.Random(seed)
    folder, name = copy(shop, tmp_path / "export"), f"out.{suffix}"
    started = time.monotonic()
    run(folder, "crawl", "--export", name)
    seconds, expected = time.monotonic() - started, (folder / name).read_bytes()
    everything = files(folder)
    for number in range(kills):
        if number % 2:
            (folder / name).write_bytes(b"old")
        killed(folder, chance, seconds, "crawl", "--export", name)
        assert (folder / name).read_bytes() in (b"old", expected)
    run(folder, "crawl", "--export", name)
    assert (folder / name).read_bytes() == expected
    assert files(folder) == everything
