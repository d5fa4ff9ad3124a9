"""Hostile review files."""

from __future__ import annotations

import csv
import io
import os
import random
from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.sources.files.review_file import LARGEST, read_review
from product_classifier.store.database import open_database
from product_classifier.store.decisions import import_decisions
from tests.hostile.databases import template
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, changed_bytes
from tests.report.attacks import ATTACKS

pytestmark = pytest.mark.slow
COLUMNS = ("product_id", "decision", "name", "categories")
DECISIONS = ("keep", "KEEP", "ambiguous", "move", "", *ATTACKS[:5])


def import_review(path: Path) -> None:
    (path.parent / "crawl.db").write_bytes(template())
    review = read_review(path)
    with open_database(path.parent / "crawl.db") as db:
        import_decisions(db, review.decided, "Ada")


def plain_review(folder: Path) -> None:
    path = folder / "review.csv"
    path.write_text("product_id,decision\n1,keep\n")
    import_review(path)


def hostile_review(chance: random.Random, folder: Path) -> Path:
    file = io.StringIO(newline="")
    header = [*COLUMNS[: chance.choice([2, 4])], *chance.sample(TEXTS, chance.choice([0, 0, 2]))]
    chance.shuffle(header)
    writer = csv.writer(file, delimiter=chance.choice(",,;\t"))
    writer.writerow(header)
    ids = [f"{number} {text}" for number, text in enumerate(ATTACKS * 2)]
    for _ in range(chance.choice([0, 1, 5, 50])):
        cells = {"product_id": chance.choice(ids), "decision": chance.choice(DECISIONS)}
        row = [cells.get(name, "x") for name in header]
        if chance.random() < 0.3:
            row[chance.randrange(len(row))] = chance.choice(TEXTS)
        writer.writerow(row[: chance.choice([len(row)] * 9 + [1])])
    encoding = chance.choice(["utf-8", "utf-8-sig", "utf-8", "utf-16"])
    data = file.getvalue().encode(encoding, "surrogatepass")
    path = folder / "review.csv"
    path.write_bytes(changed_bytes(chance, data) if chance.random() < 0.4 else data)
    return path


def test_review_files_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_review, read=import_review, warm_up=plain_review), tmp_path
    )
    assert outcomes[READ] > outcomes[REFUSED] / 3
    assert outcomes[REFUSED]


def test_a_review_file_that_is_not_a_file_or_too_large_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(SourceError, match=r"not a file; save its contents|No such device"):
            read_review(path)
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(SourceError, match="it is larger than 100,000,000 bytes"):
        read_review(tmp_path / "large.csv")
