"""Certificates of an experiment: stored, read back, and void once their rows have changed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from product_classifier.errors import ReadOnlyError, StoreError
from product_classifier.predictions import Certificate, Experiment, PathScores
from product_classifier.store.certificates import Certified, read_certificates, save_certificates
from product_classifier.store.experiments import save_experiment
from tests.conftest import TREE, product, save_import

CERTIFICATE = Certificate(
    target=0.95, confidence=0.9, threshold=0.7132, accepted=120, wrong=2, total=200
)


@pytest.fixture
def number(db: sqlite3.Connection) -> int:
    """Store an experiment with two calibration products, and return its number."""
    products = [product("b", "bootcut", "flare"), product("c", "flare")]
    save_import(db, TREE, products, [], "products.csv")
    path_scores = PathScores(
        part="calibration",
        products=["b", "c"],
        categories=["flare", "bootcut", "jeans"],
        answers=np.array([[0, 2], [1, 2]]),
        score=np.array([[0.875, 1.0], [0.5, 0.75]]),
        uncalibrated=np.array([[0.4, 0.5], [0.25, 0.4]]),
    )
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
            paths=[path_scores],
        ),
    )


def test_stored_certificates_are_read_back_unchanged(db: sqlite3.Connection, number: int) -> None:
    certificates = [
        Certified("deepest", 0, CERTIFICATE),
        Certified("level", 0, CERTIFICATE),
        Certified("level", 1, CERTIFICATE),
    ]
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
def test_a_certificate_is_void_once_a_row_it_depends_on_has_changed(
    db: sqlite3.Connection, number: int, change: str
) -> None:
    save_certificates(db, number, [Certified("level", 0, CERTIFICATE)])
    db.execute(change)
    with pytest.raises(StoreError, match=r"certificates of experiment 1 are void.*run analyze"):
        read_certificates(db, number)
    assert save_certificates(db, number, [Certified("level", 1, CERTIFICATE)])
    assert read_certificates(db, number) == [Certified("level", 1, CERTIFICATE)]


def test_storing_certificates_in_a_read_only_database_raises_an_error(
    db: sqlite3.Connection, number: int, tmp_path: Path
) -> None:
    address = f"{(tmp_path / 'crawl.db').as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, isolation_level=None)) as readable:
        with pytest.raises(ReadOnlyError, match="read-only: certificates are not stored"):
            save_certificates(readable, number, [Certified("level", 0, CERTIFICATE)])
        assert read_certificates(readable, number) == []


def test_products_outside_the_calibration_part_void_no_certificate(
    db: sqlite3.Connection, number: int
) -> None:
    save_certificates(db, number, [Certified("level", 0, CERTIFICATE)])
    save_import(db, TREE, [product("e", "belts")], [], "more.csv")
    assert read_certificates(db, number) == [Certified("level", 0, CERTIFICATE)]
