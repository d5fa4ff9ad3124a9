"""crawl.py --from files, shops and legacy databases, and --export."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path

import bson
import pytest

from tests.conftest import jpeg
from tests.recipes.test_import_catalogue import shop
from tests.scripts.conftest import rows, run
from tests.store.test_database import EARLIER_SYSTEM


def lines(folder: Path) -> Path:
    """Write two good lines and two bad ones, compressed, with unusual column names."""
    items = [
        {"nr": 1, "label": "Belt", "shelf": "A > B", "file": "1.jpg"},
        {"nr": 1, "label": "Other", "shelf": "A > B"},
        {"nr": 2, "label": "Hat", "shelf": ["A", "C > D"]},
        {"nr": [], "label": "Nothing", "shelf": "A"},
    ]
    text = "".join(f"{json.dumps(item)}\n" for item in items)
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "1.jpg").write_bytes(jpeg())
    return folder / "a.jsonl.gz"


COLUMNS = ("--columns", "id=nr,name=label,category_path=shelf,image=file")


def test_json_lines_are_imported_and_a_table_is_exported(tmp_path: Path) -> None:
    lines(tmp_path)
    result = run(tmp_path, "crawl", "--from", "a.jsonl.gz", *COLUMNS, key=None)
    assert result.stdout == (
        "crawl.db: 3 categories, 2 products, 1 pictures; 2 skipped, 0 failed\n"
    )
    output = result.stderr.splitlines()
    assert output[0] == (
        "a.jsonl.gz: JSON Lines; id=nr,name=label,category_path=shelf,image=file; "
        "paths are joined by ' > '"
    )
    assert output[1] == "skipped: a.jsonl.gz line 4: it has no id"
    assert output[2].startswith(
        "skipped: a.jsonl.gz line 2: id 1 has another name or picture at an earlier place"
    )
    options = ("--images", ".", "--path-separator=->")
    result = run(tmp_path, "crawl", "--export", "b.csv", *options, key=None)
    assert result.stdout == "b.csv: 2 rows\n"
    assert (tmp_path / "b.csv").read_text() == (
        "id,name,description,category_path,image\n1,Belt,,A->B,1.jpg\n2,Hat,,A->C > D,\n"
    )


def test_a_strict_import_stores_nothing_and_log_json_prints_json(tmp_path: Path) -> None:
    lines(tmp_path)
    options = ("--from", "a.jsonl.gz", *COLUMNS)
    result = run(tmp_path, "crawl", *options, "--strict", code=1, key=None)
    assert "line 4: it has no id; without --strict the rest is stored" in result.stderr
    assert rows(tmp_path, "select count(*) from product") == [(0,)]
    result = run(tmp_path, "crawl", *options, "--log-json", key=None)
    skipped = [json.loads(line) for line in result.stderr.splitlines() if line.startswith('{"skip')]
    assert [entry["skipped"] for entry in skipped] == ["a.jsonl.gz line 4", "a.jsonl.gz line 2"]


def test_an_import_of_bson_continues_and_reports_each_problem_once(tmp_path: Path) -> None:
    picture = {"picture": jpeg()}
    documents = [{"_id": k, "category_id": 1, "imgs": [picture]} for k in range(3)]
    (tmp_path / "a.bson").write_bytes(b"".join(map(bson.encode, documents)))
    (tmp_path / "category_names.csv").write_text("category_id,category_level1\n1,Chaussures\n")
    for _ in range(2):
        result = run(tmp_path, "crawl", "--from", "a.bson", key=None)
        assert result.stdout.startswith("crawl.db: 1 categories, 3 products, 3 pictures; 0 skipped")
    assert rows(tmp_path, "select name, leaf, product_count from category") == [
        ("Chaussures", 1, 3)
    ]
    run(tmp_path, "crawl", "--from", "a.bson", "--sample", 2, "--db-path", "some.db", key=None)
    run(tmp_path, "crawl", "--from", "a.bson", "--dry-run", "--db-path", "none.db", key=None)


def test_a_sample_of_anything_but_bson_is_refused(tmp_path: Path) -> None:
    lines(tmp_path)
    result = run(tmp_path, "crawl", "--from", "a.jsonl.gz", "--sample", 2, code=1, key=None)
    assert result.stderr.startswith("crawl.py: --sample is for BSON; categorizers take a --sample")


def test_a_shop_is_crawled_without_a_key(tmp_path: Path) -> None:
    options = ("--allow-private", "--only", "products", "--requests-per-minute", 100_000)
    with shop() as address:
        preview = run(
            tmp_path, "crawl", "--from", address, "--allow-private", "--dry-run", key=None
        )
        result = run(tmp_path, "crawl", "--from", address, *options, key=None)
    assert "250 products in 3 categories, 0 to be skipped" in preview.stdout
    assert result.stdout.startswith("crawl.db: 3 categories, 600 products, 0 pictures; 0 skipped")


def test_a_legacy_database_is_adopted_with_its_pictures(tmp_path: Path) -> None:
    name = "7ab8" + "0" * 28
    db = sqlite3.connect(tmp_path / "old.db")
    db.executescript(EARLIER_SYSTEM)
    db.execute("update product set image = null")
    db.execute("update product set image = ? where id = 471", (f"http://0.0.0.0/xim/{name}.jpg",))
    db.commit()
    db.close()
    (tmp_path / "pictures" / "7a").mkdir(parents=True)
    (tmp_path / "pictures" / "7a" / f"{name}.jpg").write_bytes(jpeg())
    options = ("--from", "old.db", "--images", "pictures")
    preview = run(tmp_path, "crawl", *options, "--dry-run", key=None).stdout
    assert preview.startswith("old.db: of the earlier system\n471: ")
    assert "2 products in " in preview
    assert not (tmp_path / "crawl.db").exists()
    for _ in range(2):
        result = run(tmp_path, "crawl", *options, key=None)
        assert "2 products, 1 pictures; 1 skipped, 0 failed" in result.stdout
    assert rows(tmp_path, "select name from experiment") != []
    (tmp_path / "other.db").write_bytes((tmp_path / "old.db").read_bytes())
    result = run(tmp_path, "crawl", "--from", "other.db", code=1, key=None)
    assert "exists already; pass another --db-path for other.db" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "size=x", "--from", "a"], "'size=x' is not a field, '=' and a column; fiel"),
        (["--strict"], "--strict goes with --from"),
        (["--images", "."], "--images goes with --from and --export"),
        (["--from", "a.csv", "--images", "none"], "--images: there is no folder none"),
        (
            ["--export", "a.csv", "--from", "b"],
            "--export writes what is stored: it does not go with an",
        ),
        (["--experiment", "3"], "--experiment goes with --export"),
        (["--from", "a", "--format", "shopify"], "a Shopify shop is named by its address"),
        (["--from", "a", "--format", "word"], "invalid choice: 'word'"),
        (["--from", "a", "--path-separator", ""], "the separator is empty; pass what joins"),
    ],
)
def test_contradictory_options_are_usage_errors(
    options: list[str], message: str, tmp_path: Path
) -> None:
    assert message in run(tmp_path, "crawl", *options, code=2, key=None).stderr
    assert list(tmp_path.iterdir()) == []
