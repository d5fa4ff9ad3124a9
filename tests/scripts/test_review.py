"""Review of labels, from the search for wrong labels to the next experiment."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.scripts.conftest import rows, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(categorized: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Search the labels of a catalogue by an experiment on its words."""
    place = tmp_path_factory.mktemp("labels")
    (place / "crawl.db").write_bytes((categorized / "crawl.db").read_bytes())
    searched = run(place, "analyze", "--label-errors", 1, short=True)
    (place / "output.txt").write_text(searched.stdout)
    return place


def fill(path: Path, decisions: dict[int, str]) -> list[dict[str, str]]:
    """Write decisions into a review file, by line number; return its lines."""
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    for number, decision in decisions.items():
        lines[number]["decision"] = decision
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return lines


def test_labels_are_searched_once_and_reported_again(folder: Path) -> None:
    output = (folder / "output.txt").read_text()
    assert output.startswith("#1: Text classification of: all (")
    assert "labels examined on" in output
    again = run(folder, "analyze", "--label-errors", 1, "--limit", 50)
    assert again.stdout == output
    assert "trainings" not in again.stderr
    values = json.loads(run(folder, "analyze", "--label-errors", 1, "--json").stdout)
    assert len(values["suspicious"]) == 50


def test_decisions_correct_the_next_experiment_but_not_crawled_rows(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "crawl.db").write_bytes((folder / "crawl.db").read_bytes())
    exported = run(tmp_path, "analyze", "--export-review", "review.csv", "--limit", 20)
    assert "review.csv: 20 labels to decide, chosen by experiment 1" in exported.stdout
    lines = fill(tmp_path / "review.csv", {0: "keep", 1: "hats", 2: "ambiguous", 3: "hast"})
    crawled = rows(tmp_path, "select * from product_category")
    imported = ["--import-review", "review.csv", "--reviewer", "Ada"]
    result = run(tmp_path, "analyze", *imported, code=3)
    assert result.stdout == (
        "review.csv: 3 decisions of Ada stored (1 keep, 1 move, 1 ambiguous; 0 replace earlier "
        "ones), 0 stored before, 16 lines still open\n"
    )
    assert "not stored: line 5: 'hast' is neither keep nor ambiguous nor a cat" in result.stderr
    assert rows(tmp_path, "select * from product_category") == crawled
    run(tmp_path, "analyze", "--export-review", "next.csv", "--limit", 20, short=True)
    ids = {line["product_id"] for line in fill(tmp_path / "next.csv", {})}
    assert not ids & {line["product_id"] for line in lines[:3]}
    run(tmp_path, "categorize_words", "--min-per-category", 3, "--model", "linear")
    assert "#2: " in run(tmp_path, "analyze").stdout


def test_an_audit_is_reported_when_all_its_products_are_decided(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "crawl.db").write_bytes((folder / "crawl.db").read_bytes())
    audit = ["--export-review", "audit.csv", "--audit", 10]
    output = run(tmp_path, "analyze", *audit).stdout
    assert output.startswith("audit.csv: 10 of 10 random test products to decide")
    fill(tmp_path / "audit.csv", dict.fromkeys(range(9), "keep"))
    run(tmp_path, "analyze", "--import-review", "audit.csv")
    assert (
        "Audited accuracy: open; 1 products of the sample are undecided"
        in run(tmp_path, "analyze").stdout
    )
    fill(tmp_path / "audit.csv", {9: "ambiguous"})
    run(tmp_path, "analyze", "--import-review", "audit.csv")
    report = run(tmp_path, "analyze").stdout
    assert "(10 of" in report
    assert "test products, chosen at random, 1 of them ambiguous)" in report
    [values] = json.loads(run(tmp_path, "analyze", "--json").stdout)
    assert values["audit"]["sampled"] == 10
    output = run(tmp_path, "analyze", "--export-review", "more.csv", "--audit", 12).stdout
    assert output.startswith("more.csv: 2 of 12 random test products to decide")


def test_a_report_by_category_has_a_row_for_each_category(folder: Path) -> None:
    table = run(folder, "analyze", "--per-category").stdout
    [experiment] = json.loads(run(folder, "analyze", "--per-category", "--json").stdout)
    for category in experiment["categories"]:
        assert f"  {category['category']} " in table
