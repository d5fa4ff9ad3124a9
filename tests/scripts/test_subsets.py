"""Selections of products, from the command line to every report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.scripts.conftest import copy_database, rows, run

ALL = ["--min-per-category", 3]


@pytest.mark.slow
def test_every_report_supports_an_experiment_with_a_depth(
    crawled: Path, network: Path, tmp_path: Path
) -> None:
    copy_database(crawled, tmp_path)
    images = ["--images-path", crawled / "images"]
    colours = [*ALL, *images, "--backbone", network]  # which tell little
    run(tmp_path, "categorize_images", *colours)
    run(tmp_path, "categorize_images", *colours, "--depth", 1, "--save", "kept")
    top = rows(tmp_path, "select path from category where path <> '' and path not like '%/%'")
    predicted = rows(
        tmp_path,
        """select distinct path from predicted_category join category on category.id = category_id
           where experiment_id = 2""",
    )
    assert set(predicted) <= set(top)
    assert rows(tmp_path, "select distinct height from predicted_path where experiment_id = 2") == [
        (0,)
    ]

    # what is right, by hand: the first step of a true path
    answers = rows(
        tmp_path,
        """select pc.product_id, predicted.path, true.path from predicted_category pc
           join category predicted on predicted.id = pc.category_id
           join product_category pp on pp.product_id = pc.product_id
           join category true on true.id = pp.category_id where experiment_id = 2""",
    )
    tested = {product for product, _, _ in answers}
    right = {product for product, path, true in answers if str(true).split("/")[0] == path}
    [values] = json.loads(run(tmp_path, "analyze", "--experiment", 2, "--json").stdout)
    assert (values["leaf"]["right"], values["leaf"]["total"]) == (len(right), len(tested))
    assert values["parent"]["right"] == values["leaf"]["right"]
    text = run(tmp_path, "analyze", "--experiment", 2).stdout
    assert text.startswith("#2: Image classification of: all (")
    assert "; depth 1\n  Leaves here: categories of depth 1, each with all" in text

    [judged] = json.loads(
        run(tmp_path, "analyze", "--per-category", "--experiment", 2, "--json").stdout
    )
    assert {(row["category"],) for row in judged["categories"]} <= set(top)
    page = run(tmp_path, "analyze", *images, "--dump-errors-for-experiment", 2).stdout
    assert right < tested
    assert f"Predictions that contradict the catalogue: {len(tested - right)}" in page
    output = run(tmp_path, "analyze", "--compare", 1, 2, code=1).stderr
    assert "experiments 1 and 2 learned leaves and categories of depth 1" in output
    board = json.loads(run(tmp_path, "analyze", "--leaderboard", "--json").stdout)
    assert [(table["depth"], len(table["experiments"])) for table in board] == [(1, 1), (None, 1)]
    run(tmp_path, "analyze", *images, "--html", "site")
    assert "Leaves here: categories of depth 1" in (tmp_path / "site/experiment-2.html").read_text()
    passed = [*images, "--backbone", network]
    searched = run(tmp_path, "analyze", "--label-errors", 2, *passed, "--json", short=True)
    errors = json.loads(searched.stdout)
    paths = {path for product in errors["suspicious"] for path in product["categories"]}
    assert {(path,) for path in paths} <= set(top)

    filed = run(tmp_path, "categorize_images", "--saved", "kept", "--all", *passed).stdout
    assert {(row["path"],) for row in csv.DictReader(filed.splitlines())} <= set(top)


@pytest.mark.slow
def test_a_sample_in_a_language_is_reported_recorded_and_tested(
    categorized: Path, tmp_path: Path
) -> None:
    (tmp_path / "crawl.db").write_bytes((categorized / "crawl.db").read_bytes())
    wish = ["--language", "en", "--sample", 0.6, "--sample-seed", 4]
    for seed in (0, 1):
        model = ["--model", "linear", "--seed", seed]
        result = run(tmp_path, "categorize_words", *ALL, *wish, *model)
        assert "; language en; sample 0.6; sample seed 4\n" in result.stdout
        assert "language: en " in result.stderr
    run(tmp_path, "analyze", "--compare", 2, 3)  # another training, the same products
    output = run(tmp_path, "analyze", "--compare", 1, 3, code=1).stderr
    assert "experiments 1 and 3 were tested on" in output
    [settings] = rows(
        tmp_path,
        """select distinct settings ->> 'language', settings ->> 'sample',
             settings ->> 'sample_seed' from experiment where id > 1""",
    )
    assert settings == ('["en"]', 0.6, 4)
    [(whole,), (part,)] = rows(
        tmp_path,
        """select count(*) from predicted_category where experiment_id in (1, 3)
           group by experiment_id order by 1 desc""",
    )
    assert 0.3 < float(str(part)) / float(str(whole)) < 0.8


@pytest.mark.slow
def test_a_given_split_needs_a_catalogue_that_came_with_one(crawled: Path, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    output = run(tmp_path, "categorize_words", *ALL, "--given-split", code=1).stderr
    assert output.startswith("categorize_words.py: the catalogue came without a split of its own")
