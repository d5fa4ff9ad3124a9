"""The categorizers and analyze.py, on a crawled catalogue."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from product_classifier.backbones.student import MINI_FILE
from tests.conftest import ROOT, sha256
from tests.scripts.conftest import ENVIRONMENT, copy_database, rows, run

PREDICTIONS = """select product_id, category_id, score from predicted_category
  where experiment_id = {} order by 1"""


def test_a_categorizer_prints_its_accuracy_on_each_part(categorized: Path) -> None:
    output = (categorized / "output.txt").read_text()
    assert output.startswith("experiment 1: Text classification of: all (")
    for part in ("train", "tuning", "test"):
        assert f"  {part}" in output


def test_an_experiment_is_analyzed_as_text_and_json(categorized: Path) -> None:
    [(name,)] = rows(categorized, "select name from experiment")
    assert run(categorized, "analyze").stdout.startswith(f"#1: {name}\n  Accuracy: ")
    [values] = json.loads(run(categorized, "analyze", "--experiment", 1, "--json").stdout)
    tested = rows(categorized, "select count(*) from predicted_category")
    assert tested == [(values["leaf"]["total"],)]


def test_certified_figures_can_be_required_and_are_stored(categorized: Path) -> None:
    easy = ["--target", 0.05, "--confidence", 0.5]  # few products calibrate here
    run(categorized, "analyze", *easy, "--require", "certified5>0")
    [(threshold, total, parts)] = rows(
        categorized,
        """select threshold, total, (
             select count(*) from predicted_path
             where part = 'calibration' and height = 0)
           from certificate where rule = 'level' and height = 0 and target = 0.05""",
    )
    assert 0 <= float(str(threshold)) <= 1
    assert total == parts
    missed = run(categorized, "analyze", "--require", "accuracy>1", code=3)
    assert missed.stdout.startswith("#1: ")
    assert missed.stderr.startswith("experiment 1: accuracy is 0.")
    output = run(categorized, "analyze", "--require", "f1>0", code=1).stderr
    assert output.startswith("analyze.py: there is no metric f1; the metrics are accuracy, ")


@pytest.mark.slow
def test_a_changed_label_voids_certificates(categorized: Path, tmp_path: Path) -> None:
    (tmp_path / "crawl.db").write_bytes((categorized / "crawl.db").read_bytes())
    run(tmp_path, "analyze", "--target", 0.05, "--confidence", 0.5)
    with contextlib.closing(sqlite3.connect(tmp_path / "crawl.db")) as db, db:
        db.execute(
            """update or ignore product_category
               set category_id = (select min(id) from category where leaf)
               where product_id in (
                 select product_id from predicted_path where part = 'calibration')"""
        )
    output = run(tmp_path, "analyze").stderr
    assert output.startswith("experiment 1: certificates of 20")
    assert "are void, since labels or categories have changed; it is certified anew" in output


@pytest.mark.slow
def test_only_experiments_on_the_same_products_are_compared(
    categorized: Path, tmp_path: Path
) -> None:
    (tmp_path / "crawl.db").write_bytes((categorized / "crawl.db").read_bytes())
    run(tmp_path, "categorize_words", "--min-per-category", 3, "--seed", 2)
    run(tmp_path, "categorize_words", "--min-per-category", 12, "--model", "linear")
    text = run(tmp_path, "analyze", "--compare", 1, 2).stdout
    assert "\n#2 compared with #1:\n  accuracy " in text
    values = json.loads(run(tmp_path, "analyze", "--compare", 2, 1, "--json").stdout)
    assert [pair["first"] for pair in values["pairs"]] == [2]
    output = run(tmp_path, "analyze", "--compare", 1, 3, code=1).stderr
    assert "experiments 1 and 3 were tested on" in output


def test_the_page_of_errors_goes_to_stdout_or_a_file(categorized: Path) -> None:
    dump = ["--dump-errors-for-experiment", 1]
    page = run(categorized, "analyze", *dump).stdout
    assert page.startswith("<!doctype html>")
    run(categorized, "analyze", *dump, "--output", "errors.html")
    assert (categorized / "errors.html").read_text() == page
    output = run(categorized, "analyze", *dump, "--output", "none/errors.html", code=1).stderr
    assert output == "analyze.py: none/errors.html cannot be written: No such file or directory\n"


def test_a_symbolic_link_at_the_path_of_a_page_is_not_followed(
    categorized: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.write_text("mine")
    (tmp_path / "site").mkdir()
    for name in ("site/index.html", "site/.index.html.half-written", ".out.html.half-written"):
        (tmp_path / name).symlink_to(own)
    options = ["--db-path", categorized / "crawl.db"]
    run(tmp_path, "analyze", *options, "--catalogue", "--output", "out.html")
    run(tmp_path, "analyze", *options, "--html", "site", "--experiment", 1)
    assert own.read_text() == "mine"
    for page in ("out.html", "site/index.html"):
        assert not (tmp_path / page).is_symlink()
        assert (tmp_path / page).read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_the_categorizers_test_the_same_products_and_are_reproducible(
    categorized: Path, crawled: Path, network: Path, tmp_path: Path
) -> None:
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--images-path", crawled / "images", "--backbone", network]
    # the second time without what was cached, and with other hashes of strings in Python
    for script, cache, fresh in (
        ("categorize_images", "one", False),
        ("categorize_both", "one", False),
        ("categorize_images", "other", True),
        ("categorize_both", "third", True),
    ):
        run(tmp_path, script, *options, "--cache-path", cache, fresh=fresh)
    tested = "select product_id from predicted_category where experiment_id = {} order by 1"
    tested_products = [rows(tmp_path, tested.format(number)) for number in range(1, 5)]
    tested_products.append(rows(categorized, tested.format(1)))
    assert all(products == tested_products[0] for products in tested_products)
    for first, second in ((1, 3), (2, 4)):
        assert rows(tmp_path, PREDICTIONS.format(first)) == rows(
            tmp_path, PREDICTIONS.format(second)
        )
    [(split,)] = rows(tmp_path, "select distinct split from experiment")
    assert split
    names = [name for (name,) in rows(tmp_path, "select name from experiment order by id")]
    assert [str(name).split(" ")[0] for name in names][:2] == ["Image", "Image+Text"]
    [(weights,)] = rows(
        tmp_path, "select distinct settings ->> 'weights' from experiment where kind <> 'words'"
    )
    assert len(str(weights)) == 64


@pytest.mark.slow
def test_the_leaderboard_compares_models_on_the_same_products(
    crawled: Path, network: Path, tmp_path: Path
) -> None:
    copy_database(crawled, tmp_path)
    words = ["--min-per-category", 3]
    pictures = [*words, "--images-path", crawled / "images", "--backbone", network]
    run(tmp_path, "categorize_words", *words, "--model", "linear", "--balance", "logit-adjust:1")
    search = ["--model", "logistic", "--search", 3, "--penalty", "elastic", "--clean", "stemmed"]
    run(tmp_path, "categorize_words", *words, *search, "--max-per-category-train", 5)
    late = ["--fusion", "late", "--model", "logistic"]
    run(tmp_path, "categorize_both", *pictures, *late, short=True)
    run(tmp_path, "categorize_both", *pictures, "--modality-dropout", 0.2, "--head", "dense:8")
    [table] = json.loads(run(tmp_path, "analyze", "--leaderboard", "--json").stdout)
    models = {model["id"]: model for model in table["experiments"]}
    assert {number: model["model"] for number, model in models.items()} == {
        1: "words: linear, balance logit-adjust:1",
        2: "words: logistic, clean stemmed, searched 3, max per category train 5",
        3: f"both: late, logistic, {network.name}",
        4: f"both: concat, {network.name}, head 8, modality dropout 0.2",
    }
    accuracies = [model["accuracy"] for model in table["experiments"]]
    assert accuracies == sorted(accuracies, reverse=True)
    assert all(
        model["parameters"] > 100 and model["peak_bytes"] > 2**20 for model in models.values()
    )
    text = run(tmp_path, "analyze", "--leaderboard").stdout
    assert all(model["model"] in text for model in models.values())
    run(tmp_path, "analyze", "--leaderboard", "--output", "models.html")
    assert "both: late, logistic, " in (tmp_path / "models.html").read_text()


@pytest.mark.slow
def test_products_of_no_category_are_scored_and_marked(crawled: Path, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    run(tmp_path, "categorize_words", "--min-per-category", 3, "--model", "linear", "--outside")
    [(scored, marked, lowest, highest)] = rows(
        tmp_path, "select count(*), sum(marked), min(score), max(score) from outside"
    )
    [(tested,)] = rows(tmp_path, "select count(*) from predicted_category")
    assert scored == tested
    assert 0 <= lowest <= highest <= 1  # type: ignore[operator]
    text = run(tmp_path, "analyze").stdout
    assert f"  None of these categories: {marked} test products marked" in text
    run(tmp_path, "analyze", "--html", "site", "--images-path", crawled / "images")
    page = (tmp_path / "site" / "experiment-1.html").read_text()
    assert "<h2>None of these categories</h2>" in page


@pytest.mark.slow
def test_mini_needs_no_download_and_prints_only_progress(crawled: Path, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--images-path", crawled / "images", "--backbone", "mini"]
    result = run(tmp_path, "categorize_images", *options, fresh=True)
    allowed = ("bottlenecks: ", "training rounds: ", "left out: ")
    assert [line for line in result.stderr.splitlines() if not line.startswith(allowed)] == []
    settings = "select settings ->> 'backbone', settings ->> 'weights' from experiment"
    assert rows(tmp_path, settings) == [("mini", sha256(MINI_FILE.read_bytes()))]


@pytest.mark.slow
def test_missing_pictures_are_reported(crawled: Path, network: Path, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--backbone", network]
    result = run(tmp_path, "categorize_images", *options, code=1)
    assert "no picture can be read" in result.stderr
    assert "pass the right --images-path" in result.stderr


def test_a_reader_that_closes_the_pipe_early_is_not_an_error(categorized: Path) -> None:
    command = f"{sys.executable} {ROOT}/analyze.py --dump-errors-for-experiment 1 | head -1"
    result = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        cwd=categorized, env=ENVIRONMENT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.stdout == "<!doctype html>\n"
    assert result.stderr == ""
    assert result.returncode in (0, 141)  # 0: all of it fitted into the pipe
