"""crawl.py fetches everything once and loses nothing when it is stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.server import KEY
from tests.conftest import ROOT, jpeg
from tests.scripts.conftest import BROKEN, CATALOGUE, ENVIRONMENT, crawl_options, rows, run

FACTS = {
    "products": "select id, category_id, name, description from product order by id",
    "categories": "select * from product_category order by 1, 2",
    "tree": "select id, parent, leaf, product_count, path, name from category order by id",
    "images": "select sha256, width, height, error from image order by 1, 4",
    "bookmarks": "select query, next_offset, finished, error from bookmark order by 1",
}


def facts(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    return {name: rows(folder, query) for name, query in FACTS.items()}


def test_a_crawl_fetches_the_whole_catalogue(crawled: Path) -> None:
    expected = sorted((str(p.id), p.name, p.description) for p in CATALOGUE.products)
    assert rows(crawled, "select id, name, description from product order by id") == expected
    pairs = sorted((str(p.id), c) for p in CATALOGUE.products for c in p.categories)
    assert facts(crawled)["categories"] == pairs
    errors = rows(crawled, "select error from image where error is not null")
    assert len(errors) == BROKEN
    files = {file.name for file in (crawled / "images").rglob("*") if file.is_file()}
    stored = rows(crawled, "select distinct file from image where file is not null")
    assert files == {Path(str(file)).name for (file,) in stored}


def test_a_second_crawl_fetches_only_what_failed(crawled: Path, address: str) -> None:
    before = facts(crawled)
    result = run(crawled, "crawl", *crawl_options(address), code=3)
    assert facts(crawled) == before
    assert f"pictures: {BROKEN} in" in result.stderr
    assert f"0 skipped, {BROKEN} failed; run it again to retry what failed" in result.stdout


@pytest.mark.parametrize(
    "sign", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_a_repeatedly_stopped_crawl_ends_with_the_same_database(
    sign: signal.Signals, crawled: Path, address: str, tmp_path: Path
) -> None:
    script = str(ROOT / "crawl.py")
    command = [sys.executable, script, *crawl_options(address), "--connections", "2"]
    stops = 0
    for delay in (0.5, 0.7, 0.9, 1.1, 1.3):
        environment = ENVIRONMENT | {"SHOPSTYLE_API_KEY": KEY}
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # what a shell runs in the background is deaf to SIGINT, and so are its children
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            try:
                process.wait(delay)
            except subprocess.TimeoutExpired:
                process.send_signal(sign)
                process.wait(60)  # a busy disk holds up what it has begun to write
                # on a busy machine the signal may come before Python is up, or after the last page
                stopped = {-sign, 130} if sign == signal.SIGINT else {-sign}
                assert process.returncode in {*stopped, 3}
                stops += process.returncode in stopped
    assert stops >= 3
    run(tmp_path, "crawl", *crawl_options(address), code=3)
    assert facts(tmp_path)["products"] == facts(crawled)["products"]
    assert facts(tmp_path) == facts(crawled)


def test_a_larger_maximum_continues_where_the_smaller_one_ended(
    crawled: Path, address: str, tmp_path: Path
) -> None:
    run(tmp_path, "crawl", *crawl_options(address), "--max-per-category", 3, code=None)
    counts = rows(tmp_path, "select count(*) from product")[0][0]
    assert isinstance(counts, int)
    assert 60 < counts < 100
    run(tmp_path, "crawl", *crawl_options(address), code=3)
    assert facts(tmp_path)["categories"] == facts(crawled)["categories"]


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ([], None, "there is no API key; set SHOPSTYLE_API_KEY or pass --api-key-file"),
        (["--api-key-file", "none.txt"], None, "none.txt cannot be read: No such file"),
        (["--api-key-file", sys.executable], None, "is not plain text; save it as UTF-8"),
        ([], "wrong", "the API rejected the key (401: Invalid partner id: …); set SHOPSTYLE_API"),
        (["--root", "wimmin"], KEY, "error 404: Invalid category id: wimmin"),
        (["--from", "none.csv"], None, "none.csv cannot be read: No such file or directory"),
        (["--db-path", "no/crawl.db"], KEY, "there is no folder no for crawl.db; create it"),
    ],
)
def test_a_crawl_that_cannot_start_names_the_remedy(
    address: str, tmp_path: Path, options: list[str], key: str | None, message: str
) -> None:
    result = run(tmp_path, "crawl", *crawl_options(address), *options, code=1, key=key)
    assert result.stderr.startswith("crawl.py: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_private_addresses_are_refused_unless_allowed(address: str, tmp_path: Path) -> None:
    result = run(tmp_path, "crawl", "--api-url", address, code=1)
    assert "127.0.0.1 is in a private network; pass --allow-private" in result.stderr


def test_a_key_may_come_from_a_file(address: str, tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"{KEY}\n")
    options = [*crawl_options(address), "--api-key-file", "key.txt", "--max-per-category", "1"]
    result = run(tmp_path, "crawl", *options, key=None, code=None)
    assert "42 categories" in result.stdout


CSV = """id,name,description,category_path,image
a1,Red belt,Leather,Women > Belts,a.jpg
a2,Blue hat,Wool,Women > Hats,none.jpg
a2,Blue hat,Wool,Women > Gifts,none.jpg
a3,Green hat,Wool,Women > Hats,
a3,Other thing,Wool,Women > Hats,
"""


def test_a_csv_file_and_a_folder_of_pictures_fill_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(CSV)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(jpeg())
    options = ["--from", "products.csv", "--images", "pictures", "--path-separator", " > "]
    result = run(tmp_path, "crawl", *options, code=3, key=None)
    summary = "crawl.db: 4 categories, 3 products, 1 pictures; 1 skipped, 1 failed; run it again"
    assert summary in result.stdout
    assert (
        "skipped: products.csv line 6: id a3 has another name or picture at an earlier place"
        in result.stderr
    )
    assert rows(tmp_path, "select id, category_id from product order by id") == [
        ("a1", "Women/Belts"),
        ("a2", "Women/Hats"),
        ("a3", "Women/Hats"),
    ]
    assert rows(tmp_path, "select count(*) from product_category") == [(4,)]
    run(tmp_path, "crawl", *options, code=3, key=None)
    assert rows(tmp_path, "select count(*) from product_category") == [(4,)]
    (tmp_path / "pictures" / "none.jpg").write_bytes(jpeg("blue"))
    assert "0 failed" in run(tmp_path, "crawl", *options, key=None).stdout
