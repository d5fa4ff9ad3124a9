"""Hostile CSV files."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest

from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.imports import import_file
from tests.hostile.mutations import TEXTS, changed_bytes

pytestmark = pytest.mark.slow
HEADER = ("id", "name", "description", "category_path", "image", "more_images")


def plain_csv(folder: Path) -> None:
    path = folder / "products.csv"
    path.write_text("id,name,category_path\n1,Boot,Shoes/Boots\n")
    import_file(path)


def hostile_csv(chance: random.Random, folder: Path) -> Path:
    file = io.StringIO(newline="")
    least = chance.choice([1, 4, 4, 4, 4])  # with a path of categories it holds products
    header = [*HEADER[: chance.randint(least, 6)], *chance.sample(TEXTS, chance.choice([0, 0, 2]))]
    chance.shuffle(header)
    writer = csv.writer(file, delimiter=chance.choice(",,,;\t|"))
    writer.writerow(header)
    for number in range(chance.choice([1, 5, 5, 50])):
        row = [chance.choice(TEXTS) if chance.random() < 0.2 else f"x{number}" for _ in header]
        writer.writerow(row[: chance.choice([len(row), len(row), 1])])
    data = file.getvalue().encode(chance.choice(["utf-8", "utf-8-sig"]), "surrogatepass")
    path = folder / "products.csv"
    path.write_bytes(changed_bytes(chance, data) if chance.random() < 0.5 else data)
    return path


def test_csv_files_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_csv, read=import_file, warm_up=plain_csv), tmp_path
    )
    assert outcomes[READ] > outcomes[REFUSED] > 0
