"""A search for wrong labels, on a shop whose wrong labels are known."""

from __future__ import annotations

import dataclasses
import sqlite3

import numpy as np
import pytest

from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import vectorize
from product_classifier.models import label_errors
from product_classifier.models.label_errors import search_fingerprint, search_labels
from product_classifier.models.split import group_names
from product_classifier.recipes.select_products import select
from product_classifier.records import Dataset, Decided, Image
from product_classifier.selection import Selection
from product_classifier.store.dataset import read_identities
from product_classifier.store.decisions import import_decisions
from tests.conftest import TREE, product, save_import, shop

WRONG = ("bootcut-003", "belts-007")


def data(db: sqlite3.Connection) -> Dataset:
    return select(db, Selection(categories=("bootcut", "flare", "belts")))[0]


@pytest.fixture
def catalogue(db: sqlite3.Connection) -> sqlite3.Connection:
    """A shop with two products under flare, one of which is ambiguous."""
    products = {found.id: found for found in shop(db)}
    wrong = [product(id, "flare", name=products[id].name) for id in WRONG]
    save_import(db, TREE, wrong, [], "wrong.csv")
    import_decisions(db, [Decided(2, "belts-009", "ambiguous")], "Ada")
    return db


@pytest.mark.slow
def test_wrong_labels_are_the_most_suspicious(
    catalogue: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_errors, "COMPARED", 5)
    dataset = data(catalogue)
    train = np.array([item.part == "train" for item in dataset.items])
    words = vectorize([item.text for item in dataset.items], train).vectors
    groups = group_names(read_identities(catalogue))
    found = search_labels(dataset, Features(words=words), groups)
    most = np.argsort(-found.suspicion)
    assert {found.products[k] for k in most[:2]} == set(WRONG)
    suggested = {found.products[k]: found.suggested[k] for k in most[:2]}
    assert suggested == {"bootcut-003": "bootcut", "belts-007": "belts"}
    assert "belts-009" not in found.products
    assert 0 < found.noise < 0.1
    assert {alike.product_id for alike in found.alike} == {found.products[k] for k in most[:5]}
    for alike in found.alike:
        assert alike.neighbour_id.split("-")[0] == alike.product_id.split("-")[0]


def test_the_fingerprint_changes_with_anything_a_search_depends_on(
    catalogue: sqlite3.Connection,
) -> None:
    before = search_fingerprint(data(catalogue), 1)
    assert (
        search_fingerprint(data(catalogue), 1) == before != search_fingerprint(data(catalogue), 2)
    )
    item, *others = data(catalogue).items
    seen = dataclasses.replace(
        item, more_images=(Image(address="http://a", file="a.jpg", sha256="aa"),)
    )
    looked_at = dataclasses.replace(data(catalogue), items=(seen, *others))
    assert search_fingerprint(looked_at, 1) != before
    import_decisions(catalogue, [Decided(2, WRONG[0], "bootcut")], "Ada")
    corrected = search_fingerprint(data(catalogue), 1)
    assert corrected != before
    save_import(catalogue, TREE, [product("belts-001", "belts", name="other")], [], "more.csv")
    assert search_fingerprint(data(catalogue), 1) not in (before, corrected)
