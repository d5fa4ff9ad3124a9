"""analyze.py --catalogue: text, JSON and page."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scripts.conftest import CATALOGUE, run

WORDS = CATALOGUE.products[0].name.split()


def test_a_catalogue_is_summarised_as_text_and_as_json(crawled: Path) -> None:
    text = run(crawled, "analyze", "--catalogue").stdout
    assert text.startswith("Advice\n  - ")
    for title in ("Categories", "Words of names", "Vocabulary", "Languages", "Duplicates"):
        assert f"\n{title}\n" in text
    summary = json.loads(run(crawled, "analyze", "--catalogue", "--json").stdout)
    with contextlib.closing(sqlite3.connect(crawled / "crawl.db")) as db:
        [(products,)] = db.execute("select count(*) from product")
        leaves = dict(db.execute("select path, product_count from category where leaf"))
    assert summary["state"]["products"] == products
    assert {
        category["path"]: category["products"]
        for category in summary["categories"]
        if category["leaf"]
    } == leaves
    assert summary["remarks"]


def test_a_page_shows_products_unless_an_option_leaves_them_out(crawled: Path) -> None:
    run(crawled, "analyze", "--catalogue", "--output", "page.html")
    page = (crawled / "page.html").read_text()
    assert "Random products" in page
    assert "data:image/jpeg;base64," in page
    run(crawled, "analyze", "--catalogue", "--output", "page.html", "--no-products")
    page = (crawled / "page.html").read_text()
    assert "Random products" not in page
    assert "data:image/jpeg;base64," not in page
    assert "<h2>Languages</h2>" in page


def test_an_empty_database_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "crawl.db")) as connection:
        connection.executescript((ROOT / "schema.sql").read_text())
    output = run(tmp_path, "analyze", "--catalogue", code=1).stderr
    assert output == "analyze.py: the database has no products; run crawl.py first\n"


@pytest.mark.parametrize(
    "options", [["--experiment", "1"], ["--require", "accuracy>0"], ["--crawl"]]
)
def test_the_catalogue_option_excludes_options_of_experiments(
    tmp_path: Path, options: list[str]
) -> None:
    assert "usage:" in run(tmp_path, "analyze", "--catalogue", *options, code=2).stderr
