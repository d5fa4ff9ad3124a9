"""Answers at all heights, read back beside the truth, and the certificates found on them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from product_classifier.errors import ReadOnlyError, StoreError
from product_classifier.predictions import Certificate, Experiment, PathScores
from product_classifier.store.experiments import save_experiment
from product_classifier.store.integrity import insist_on_seal
from product_classifier.store.predicted_paths import (
    CALIBRATION,
    TEST,
    read_answers,
    read_certificates,
    save_certificates,
)
from tests.conftest import TREE, product, save_import

KEPT = Certificate(target=0.95, confidence=0.9, threshold=0.7132, accepted=120, wrong=2, total=200)
NODES = ("bootcut", "flare", "belts", "jeans")
NONE = np.nan


def paths(part: str, *rows: tuple[str, int, float, float | None]) -> PathScores:
    """Rows of product, leaf, its score and its parent's score, if it has a parent."""
    return PathScores(
        part=part,
        products=[name for name, _, _, _ in rows],
        categories=NODES,
        answers=np.array([[leaf, 3 if above else -1] for _, leaf, _, above in rows]),
        score=np.array([[score, above or NONE] for _, _, score, above in rows]),
        uncalibrated=np.array(
            [[score / 2, above / 2 if above else NONE] for _, _, score, above in rows]
        ),
    )


@pytest.fixture
def number(db: sqlite3.Connection) -> int:
    products = [
        product("a", "belts"),
        product("b", "bootcut", "flare"),
        product("c", "flare"),
        product("d", "belts", "women"),
    ]
    save_import(db, TREE, products, [], "products.csv")
    found = [
        paths(CALIBRATION, ("c", 0, 0.5, 0.75), ("b", 1, 0.875, 1.0)),
        paths(TEST, ("d", 0, 0.5, 0.75), ("a", 2, 0.25, None)),
    ]
    return save_experiment(
        db,
        Experiment(
            name="x",
            kind="words",
            split="0123",
            settings={},
            versions={},
            seconds=1.0,
            accuracy={},
            predictions=[],
            paths=found,
        ),
    )


def names(db: sqlite3.Connection, table: str) -> dict[int, str]:
    return {-1: "", **dict(db.execute(f"select rowid, id from {table}"))}


def test_answers_come_back_with_what_lies_above_them(db: sqlite3.Connection, number: int) -> None:
    found = read_answers(db, number, CALIBRATION)
    products, categories = names(db, "product"), names(db, "category")
    assert [
        (products[p], [categories[c] for c in answers], scores.tolist(), raw.tolist())
        for p, answers, scores, raw in zip(
            found.product, found.answers.tolist(), found.score, found.uncalibrated, strict=True
        )
    ] == [
        ("b", ["flare", "jeans"], [0.875, 1.0], [0.4375, 0.5]),
        ("c", ["bootcut", "jeans"], [0.5, 0.75], [0.25, 0.375]),
    ]
    pairs = zip(found.row.tolist(), found.truth.tolist(), strict=True)
    truths = {(products[found.product[row]], categories[truth]) for row, truth in pairs}
    assert truths == {("b", "bootcut"), ("b", "flare"), ("c", "flare")}


def test_a_path_ends_below_the_root(db: sqlite3.Connection, number: int) -> None:
    found = read_answers(db, number, TEST)
    assert np.isnan(found.score).tolist() == [[False, True], [False, False]]
    assert found.answers[0, 1] == -1
    categories = names(db, "category")
    above = {
        categories[k]: [categories[c] for c in found.above[k].tolist() if c >= 0]
        for k in categories
        if k > 0
    }
    assert above["flare"] == ["flare", "jeans"]
    assert above["belts"] == ["belts"]


def test_an_experiment_of_an_older_program_has_no_answers(db: sqlite3.Connection) -> None:
    number = save_experiment(
        db,
        Experiment(
            name="x",
            kind="words",
            split="",
            settings={},
            versions={},
            seconds=1.0,
            accuracy={},
            predictions=[],
        ),
    )
    found = read_answers(db, number, TEST)
    assert found.answers.shape == (0, 1)
    assert len(found.row) == len(found.product) == 0


def test_a_score_that_was_changed_by_hand_is_noticed(db: sqlite3.Connection, number: int) -> None:
    insist_on_seal(db, number)
    db.execute("update predicted_path set score = 0.99 where product_id = 'c' and height = 1")
    with pytest.raises(StoreError, match="experiment 1 is not what was stored"):
        insist_on_seal(db, number)


def test_certificates_come_back_as_they_were(db: sqlite3.Connection, number: int) -> None:
    certificates = [("deepest", 0, KEPT), ("level", 0, KEPT), ("level", 1, KEPT)]
    assert save_certificates(db, number, certificates) is None
    assert save_certificates(db, number, certificates) is None
    assert read_certificates(db, number) == certificates
    [row] = db.execute(
        "select target, threshold, split from certificate where rule = 'level' and height = 1"
    )
    assert row == (0.95, 0.7132, "0123")


@pytest.mark.parametrize(
    "change",
    [
        "delete from product_category where product_id = 'b' and category_id = 'flare'",
        "insert into product_category values ('c', 'belts')",
        "update category set parent = 'women', path = 'flare' where id = 'flare'",
        "update experiment set seal = 'another'",
    ],
)
def test_a_certificate_is_void_once_what_it_depends_on_has_changed(
    db: sqlite3.Connection, number: int, change: str
) -> None:
    save_certificates(db, number, [("level", 0, KEPT)])
    db.execute(change)
    with pytest.raises(StoreError, match=r"certificates of experiment 1 are void.*run analyze"):
        read_certificates(db, number)
    assert save_certificates(db, number, [("level", 1, KEPT)])
    assert read_certificates(db, number) == [("level", 1, KEPT)]


def test_a_database_that_cannot_be_written_is_said(
    db: sqlite3.Connection, number: int, tmp_path: Path
) -> None:
    address = f"{(tmp_path / 'crawl.db').as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, isolation_level=None)) as readable:
        with pytest.raises(ReadOnlyError, match="read-only: certificates are not stored"):
            save_certificates(readable, number, [("level", 0, KEPT)])
        assert read_certificates(readable, number) == []


def test_what_does_not_concern_calibration_products_voids_nothing(
    db: sqlite3.Connection, number: int
) -> None:
    save_certificates(db, number, [("level", 0, KEPT)])
    save_import(db, TREE, [product("e", "belts")], [], "more.csv")
    assert read_certificates(db, number) == [("level", 0, KEPT)]
