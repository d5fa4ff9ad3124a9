"""A saved model categorizes new products of another database."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.scripts.conftest import copy_database, rows, run

NEW = """id,name,category_path,image
1,Leather Ankle Boot,,
2,"=HYPERLINK(""http://evil"") Silk Dress",,
3,,,
"""


@pytest.mark.slow
def test_new_products_are_categorized_by_a_saved_model(crawled: Path, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    run(tmp_path, "categorize_words", "--min-per-category", 3, "--save", "kept")
    (tmp_path / "kept").rename(tmp_path / "moved")
    (tmp_path / "new.csv").write_text(NEW)
    new = ["--db-path", "new.db"]
    run(tmp_path, "crawl", "--from", "new.csv", *new)
    text = run(tmp_path, "categorize_words", "--saved", "moved", *new).stdout
    filed = list(csv.DictReader(text.splitlines()))
    assert {row["product_id"] for row in filed} == {"1", "2", "3"}
    scores = [float(row["score"]) for row in filed]
    assert scores == sorted(scores, reverse=True)
    leaves = rows(tmp_path, "select path from category where leaf")
    assert {(row["path"],) for row in filed} <= set(leaves)
    # test products get the same predictions as in the experiment
    everything = run(tmp_path, "categorize_words", "--saved", "moved", "--all").stdout
    by_product = {row["product_id"]: row for row in csv.DictReader(everything.splitlines())}
    tested = rows(tmp_path, "select product_id, category_id, score from predicted_category")
    assert tested
    for product, category, score in tested:
        row = by_product[str(product)]
        assert row["category_id"] == category
        assert float(row["score"]) == pytest.approx(float(str(score)), abs=1e-6)


@pytest.mark.slow
def test_pictures_are_read_only_by_the_network_of_the_saved_model(
    crawled: Path, network: Path, tmp_path: Path
) -> None:
    copy_database(crawled, tmp_path)
    images = ["--images-path", crawled / "images"]
    options = ["--min-per-category", 3, *images, "--backbone", network, "--save", "kept"]
    run(tmp_path, "categorize_both", *options)
    saved = ["--saved", "kept", *images, "--all"]
    output = run(tmp_path, "categorize_both", *saved, code=1).stderr
    assert "that has to be passed as --backbone: it was passed as" in output
    text = run(tmp_path, "categorize_both", *saved, "--backbone", network).stdout
    assert len(text.splitlines()) == 1 + int(
        str(rows(tmp_path, "select count(*) from product")[0][0])
    )
    output = run(tmp_path, "categorize_both", *saved, "--backbone", "mini", code=1).stderr
    assert "and mini is not that network; pass that network as --backbone" in output
    output = run(tmp_path, "categorize_images", *saved, code=1).stderr
    assert output == "categorize_images.py: kept reads both; use categorize_both.py\n"


def test_impossible_uses_of_saved_models_are_errors(categorized: Path) -> None:
    output = run(categorized, "categorize_words", "--saved", "none", code=1).stderr
    assert output.startswith(
        "categorize_words.py: none holds no complete model (none/settings.json: "
    )
    output = run(categorized, "categorize_words", "--all", code=2).stderr
    assert output.endswith("--all goes with --saved\n")
    line = ["--saved", "a", "--db-path", "b", "--model", "linear"]
    output = run(categorized, "categorize_words", *line, code=2).stderr
    assert output.endswith("--saved trains nothing; leave out --model\n")
    (categorized / "file").touch()
    output = run(categorized, "categorize_words", "--save", "file", code=1).stderr
    assert output == "categorize_words.py: file cannot be made: File exists\n"
    output = run(categorized, "categorize_words", "--saved", "a", "--save", "b", code=2).stderr
    assert output.endswith("--saved trains nothing; leave out --save\n")
