"""Options of crawl.py: parts of a crawl, refreshes and dry runs."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import ROOT, jpeg
from tests.scripts.conftest import BROKEN, CATALOGUE, copy_database, crawl_options, rows, run
from tests.scripts.test_crawl import CSV, facts


@pytest.mark.slow
def test_a_crawl_in_three_parts_equals_one_crawl(
    crawled: Path, address: str, tmp_path: Path
) -> None:
    counts = "select (select count(*) from category), (select count(*) from product)"
    for part, code, expected in (
        ("categories", 0, (42, 0)),
        ("products", 0, (42, len(CATALOGUE.products))),
        ("images", 3, (42, len(CATALOGUE.products))),
    ):
        run(tmp_path, "crawl", *crawl_options(address), "--only", part, code=code)
        assert rows(tmp_path, counts) == [expected]
    assert facts(tmp_path) == facts(crawled)


def test_products_cannot_be_crawled_before_the_categories(address: str, tmp_path: Path) -> None:
    result = run(tmp_path, "crawl", *crawl_options(address), "--only", "products", code=1)
    assert "no category below women is known yet; leave out --only" in result.stderr


def test_a_refresh_fetches_only_old_rows_again(crawled: Path, address: str, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    with sqlite3.connect(tmp_path / "crawl.db") as db:
        db.execute("update product set name = 'old'")
        db.execute(
            "update bookmark set date = '2020-01-01T00:00:00Z' where query like '%tote-bags'"
        )
        [(old,)] = db.execute(
            "select count(*) from product_category where category_id = 'tote-bags'"
        )
    db.close()
    options = [*crawl_options(address), "--only", "products", "--refresh", "30d"]
    run(tmp_path, "crawl", *options, code=3)  # pictures that failed before
    [(still,)] = rows(tmp_path, "select count(*) from product where name = 'old'")
    assert 0 < old == len(CATALOGUE.products) - int(str(still))
    assert facts(tmp_path)["bookmarks"] == facts(crawled)["bookmarks"]


def test_a_dry_run_reports_what_is_left_and_changes_nothing(
    crawled: Path, address: str, tmp_path: Path
) -> None:
    result = run(tmp_path, "crawl", "--dry-run", key=None)
    assert result.stdout == "there is no crawl.db yet: everything would be fetched\n"
    assert list(tmp_path.iterdir()) == []
    options = [*crawl_options(address), "--max-per-category", "3"]
    run(tmp_path, "crawl", *options, code=None)
    before = facts(tmp_path)
    output = run(tmp_path, "crawl", "--dry-run", key=None).stdout
    leaves, more = rows(
        tmp_path, "select count(*), sum(total > 3) from bookmark where query like 'products%'"
    )[0]
    failed = len(rows(tmp_path, "select * from image where error is not null"))
    assert output == (
        f"categories below women: none\nproducts: of {more} leaves of {leaves}\n"
        f"pictures: {failed}, and those of new products\n"
    )
    assert facts(tmp_path) == before


def test_a_dry_run_of_a_file_counts_its_products(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(CSV)
    options = ["--from", "products.csv", "--path-separator", " > ", "--dry-run"]
    output = run(tmp_path, "crawl", *options, key=None).stdout.splitlines()
    assert output[0].startswith("products.csv: commas, utf-8; id=id,name=name,description=descr")
    assert output[1:4] == ["a1: Red belt", "    Leather", "    Women > Belts"]
    assert output[4] == f"    {tmp_path}/a.jpg"
    assert output[-7].startswith(
        "skipped: products.csv line 6: id a3 has another name or picture at an earlier place"
    )
    assert output[-6:-1] == [
        "3 products in 4 categories, 1 to be skipped",
        *("  Women", "    Belts  1", "    Gifts  1", "    Hats  2"),
    ]
    assert not (tmp_path / "crawl.db").exists()


def test_a_file_is_always_read_completely(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(CSV)
    options = ["--from", "products.csv", "--only"]
    result = run(tmp_path, "crawl", *options, "categories", code=2)
    assert "whose categories come with its products" in result.stderr
    (tmp_path / "a.jpg").write_bytes(jpeg())
    run(tmp_path, "crawl", *options, "products", key=None)
    assert rows(tmp_path, "select count(*) from image") == [(0,)]
    run(tmp_path, "crawl", "--from", "products.csv", "--path-separator", " > ", code=3, key=None)
    (tmp_path / "none.jpg").write_bytes(jpeg("blue"))
    run(tmp_path, "crawl", *options, "images", key=None)
    assert rows(tmp_path, "select count(*) from image where file is not null") == [(2,)]


def test_log_json_prints_lines_of_json(crawled: Path, address: str, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    result = run(tmp_path, "crawl", *crawl_options(address), "--log-json", code=3)
    summary = json.loads(result.stdout)
    assert (summary["products"], summary["failed"]) == (len(CATALOGUE.products), BROKEN)
    stages = [json.loads(line) for line in result.stderr.splitlines()]
    [pictures] = [stage for stage in stages if stage["stage"] == "pictures"]
    assert (pictures["done"], pictures["total"], pictures["failed"]) == (BROKEN, BROKEN, BROKEN)
    assert pictures["ended"]


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1.5h", "99999999999d"])
def test_an_invalid_age_is_a_usage_error(age: str, tmp_path: Path) -> None:
    result = run(tmp_path, "crawl", f"--refresh={age}", code=2)
    assert "not an age such as 30d, 12h or 5m" in result.stderr
    assert not list(tmp_path.iterdir())


def test_the_crawl_is_reported_as_text_json_and_a_page(crawled: Path, tmp_path: Path) -> None:
    database = ["--db-path", crawled / "crawl.db", "--crawl"]
    text = run(tmp_path, "analyze", *database).stdout
    [(bags,)] = rows(crawled, "select product_count from category where id = 'tote-bags'")
    assert f"{len(CATALOGUE.products)} products in 27 leaves" in text
    [line] = [line for line in text.splitlines() if "tote-bags" in line]
    assert f"{bags} of {bags}" in line
    values = json.loads(run(tmp_path, "analyze", *database, "--json").stdout)
    [state] = [each for each in values["categories"] if each["path"].endswith("tote-bags")]
    assert (state["found"], state["expected"], state["finished"]) == (bags, bags, True)
    assert sum(values["broken"].values()) == BROKEN
    run(tmp_path, "analyze", *database, "--output", "crawl.html")
    page = (tmp_path / "crawl.html").read_text()
    assert "default-src 'none'" in page
    assert all(reason.replace("'", "&#39;") in page for reason in values["broken"])


def test_a_second_crawl_of_a_database_is_refused(tmp_path: Path) -> None:
    from filelock import FileLock

    with FileLock(tmp_path / "crawl.db.lock"):
        result = run(tmp_path, "crawl", code=1)
    assert "another crawl is filling crawl.db; wait for it, or stop it" in result.stderr
    assert str(ROOT) not in result.stderr
