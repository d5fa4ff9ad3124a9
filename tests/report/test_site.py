"""The site as a whole: every page linked, and nothing on it but text, whatever a shop writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from product_classifier.console import SILENT
from product_classifier.predictions import Experiment, Prediction
from product_classifier.recipes.judge_experiments import Terms, judge_experiments
from product_classifier.recipes.write_site import Contents, site_pages
from product_classifier.store.experiments import save_experiment
from product_classifier.store.image_folder import ImageFolder
from tests.conftest import TREE, product, save_import
from tests.report.attacks import ATTACKS, hostile_shop
from tests.report.test_errors_page import Page


def pages(db: sqlite3.Connection, folder: Path, products: bool = True) -> dict[str, str]:
    judged = list(judge_experiments(db, [None], Terms(), SILENT))
    return dict(site_pages(db, Contents(judged, ImageFolder(folder), products)))


def test_every_page_links_to_every_other(db: sqlite3.Connection, tmp_path: Path) -> None:
    hostile_shop(db)
    found = pages(db, tmp_path)
    assert list(found) == [
        *("index.html", "catalogue.html"),
        *("experiment-1.html", "errors-1.html", "labels-1.html"),
    ]
    for text in found.values():
        assert set(found) <= set(Page(text).addresses)


def test_text_of_a_shop_is_escaped_on_every_page(db: sqlite3.Connection, tmp_path: Path) -> None:
    assert len(ATTACKS) == 30
    hostile_shop(db)
    for name, text in pages(db, tmp_path).items():
        found = Page(text)
        assert not {"script", "iframe", "img", "form", "base", "link", "object"} & set(found.tags)
        assert found.tags.count("style") == 1
        assert found.handlers == [], name
        schemes = {address.partition(":")[0] for address in found.addresses if ":" in address}
        assert schemes <= {"http"}


def test_pages_that_show_products_can_be_left_out(db: sqlite3.Connection, tmp_path: Path) -> None:
    hostile_shop(db)
    found = pages(db, tmp_path, products=False)
    assert list(found) == ["index.html", "catalogue.html", "experiment-1.html"]
    for text in found.values():
        assert 'href="errors' not in text
        assert "most alike" not in text


def test_an_experiment_of_an_older_program_has_a_page_without_curves(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    save_import(db, TREE, [product("a", "belts")], [], "products.csv")
    predictions = [Prediction("a", "flare", 0.5)]
    save_experiment(
        db,
        Experiment(
            name="old",
            kind="words",
            split="",
            settings={},
            versions={},
            seconds=1,
            accuracy={},
            predictions=predictions,
        ),
    )
    text = pages(db, tmp_path)["experiment-1.html"]
    assert "Risk over coverage" not in text
    assert "Certified coverage" not in text
    assert "<h2>Accuracy</h2>" in text


@pytest.mark.parametrize("predicted", ["belts", "flare"])
def test_an_experiment_without_errors_or_with_nothing_else_is_shown(
    db: sqlite3.Connection, tmp_path: Path, predicted: str
) -> None:
    save_import(db, TREE, [product("a", "belts")], [], "products.csv")
    predictions = [Prediction("a", predicted, 1.0)]
    save_experiment(
        db,
        Experiment(
            name="x",
            kind="words",
            split="",
            settings={},
            versions={},
            seconds=1,
            accuracy={},
            predictions=predictions,
        ),
    )
    assert "Accuracy" in pages(db, tmp_path)["experiment-1.html"]


def test_where_nothing_is_certified_the_page_says_why(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    hostile_shop(db)
    text = pages(db, tmp_path)["experiment-1.html"]
    _, _, section = text.partition("<h2>Certified coverage</h2>")
    section, _, _ = section.partition("<h2>")
    first, _, reasons = section.partition("not certified")
    assert first.count(">none</td>") == reasons.count("calibration product") > 0
