"""Several pictures of each product: fetched as far as they are asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import jpeg
from tests.scripts.conftest import rows, run

FETCHED = (
    "select replace(address, rtrim(address, replace(address, '/', '')), '') from image order by 1"
)
CSV = """id,name,category_path,image,more_images
1,Red belt,Belts,red.jpg,logo.jpg|red-back.jpg
2,Blue belt,Belts,blue.jpg,logo.jpg
3,Green belt,Belts,green.jpg,
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A catalogue of three belts in a folder with their pictures."""
    (tmp_path / "products.csv").write_text(CSV)
    for name in ("red", "red-back", "blue", "green", "logo"):
        (tmp_path / f"{name}.jpg").write_bytes(jpeg(name.partition("-")[0].replace("logo", "gray")))
    return tmp_path


def crawl(shop: Path, *options: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    return run(shop, "crawl", "--from", "products.csv", *options, code=code, key=None)


def test_one_picture_of_each_product_is_fetched_unless_more_are_asked_for(shop: Path) -> None:
    said = crawl(shop).stdout
    assert said == "crawl.db: 1 categories, 3 products, 3 pictures; 0 skipped, 0 failed\n"
    assert rows(shop, FETCHED) == [("blue.jpg",), ("green.jpg",), ("red.jpg",)]
    report = run(shop, "analyze", "--crawl").stdout
    assert "2 further pictures not tried: crawl.py --images-per-product N" in report


def test_a_later_crawl_fetches_the_others_and_nothing_twice(shop: Path) -> None:
    crawl(shop)
    more = ["--images-per-product", 3]
    assert "pictures: 2" in crawl(shop, *more, "--dry-run").stdout
    result = crawl(shop, *more)
    assert "pictures: 2 in" in result.stderr
    assert "3 products, 5 pictures; 0 skipped, 0 failed" in result.stdout
    assert "pictures: " not in crawl(shop, *more).stderr
    assert "further" not in run(shop, "analyze", "--crawl").stdout


def test_a_further_picture_that_cannot_be_had_is_said_and_tried_again(shop: Path) -> None:
    (shop / "red-back.jpg").unlink()
    more = ["--images-per-product", 9]
    said = crawl(shop, *more, code=3).stdout
    assert "4 pictures; 0 skipped, 1 failed; run it again to retry what failed" in said
    assert "0 failed" in crawl(shop).stdout  # which does not ask for it
    (shop / "red-back.jpg").write_bytes(jpeg("red"))
    assert "5 pictures; 0 skipped, 0 failed" in crawl(shop, *more).stdout
