"""Reports of a database with changed bytes are an error, but never wrong."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analyze
from product_classifier.errors import ProductClassifierError, StoreError
from product_classifier.predictions import Experiment, PathScores, Prediction
from product_classifier.records import Image, Page
from product_classifier.selection import CALIBRATION, TEST
from product_classifier.store.database import open_database
from product_classifier.store.experiments import save_experiment
from product_classifier.store.integrity import insist_on_checksum
from product_classifier.store.products import save_images, save_page
from tests.conftest import shop
from tests.faults.tier import tier

NAMES = ("name", "date", "seconds", "path", "total", "expected", "broken", "skipped", "finished")


@pytest.fixture
def crawled(tmp_path: Path) -> Path:
    """Write a database with rows in every table."""
    path = tmp_path / "whole.db"
    with open_database(path, create=True) as db:
        products = shop(db, per_leaf=100)
        save_page(
            db,
            Page(
                query="products?cat=belts",
                products=products[:5],
                skipped=[],
                next_offset=5,
                finished=False,
                total=100,
            ),
        )
        save_images(
            db,
            [
                Image(address="a", file="aa/a.jpg", sha256="a", width=30, height=40),
                Image(address="b", error="HTTP 404"),
            ],
        )
        predictions = [
            Prediction(each.id, ("belts", "flare")[k % 7 == 0], k / len(products))
            for k, each in enumerate(products)
        ]
        score = np.linspace(0.999, 0.5, 100)[:, None]
        paths = [
            PathScores(
                part=part,
                products=[f"{leaf}-{k:03}" for k in range(100)],
                categories=["belts", "flare", "jeans"],
                answers=np.tile(answers, (100, 1)),
                score=np.hstack([score, np.sqrt(score)]),
                uncalibrated=np.hstack([score, score]),
            )
            for part, leaf, answers in ((CALIBRATION, "belts", [0, -1]), (TEST, "flare", [1, 2]))
        ]
        save_experiment(
            db,
            Experiment(
                name="x",
                kind="words",
                split="",
                settings={},
                versions={},
                seconds=1.0,
                accuracy={},
                predictions=predictions,
                paths=paths,
            ),
        )
    return path


def figures(path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the figures of a report of analyze.py; None if it ends with an error."""
    output = path.with_suffix(".json")
    command = ["analyze.py", "--db-path", str(path), "--json", *options, "--output", str(output)]
    monkeypatch.setattr(sys, "argv", command)
    try:
        analyze.main()
    except ProductClassifierError:
        return None
    return _without_names(json.loads(output.read_text()))


def _without_names(value: Any) -> Any:
    """Leave out values whose change cannot be detected, because no checksum covers them."""
    if isinstance(value, dict):
        return {key: _without_names(each) for key, each in value.items() if key not in NAMES}
    return [_without_names(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("options", [[], ["--crawl"], ["--per-category"]])
def test_a_flipped_byte_is_an_error_or_changes_no_figure(
    crawled: Path, tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files, seed = tier(short=20, long=200)
    chance = random.Random(seed)
    right = figures(crawled, options, monkeypatch)
    data = crawled.read_bytes()
    reports = []
    for number in range(files):
        flipped = bytearray(data)
        for _ in range(3):
            flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path = tmp_path / f"flipped{number}.db"
        path.write_bytes(flipped)
        reports.append(figures(path, options, monkeypatch))
        assert reports[-1] in (None, right)
    assert None in reports


def test_a_changed_score_is_an_error(crawled: Path) -> None:
    with sqlite3.connect(crawled) as db:
        db.execute("update predicted_category set score = 0.999 where product_id = 'belts-000'")
    db.close()
    with (
        open_database(crawled) as sound,
        pytest.raises(StoreError, match=r"experiment 1 is not what was stored\); restore it"),
    ):
        insist_on_checksum(sound, 1)


def test_a_database_of_another_program_is_not_changed_when_opened(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as db:
        db.executescript("pragma journal_mode = wal; create table photo (name text);")
    db.close()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(StoreError, match="of another program"), open_database(path, create=True):
        pass
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
