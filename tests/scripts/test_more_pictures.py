"""Several pictures of each product: fetching and learning the requested number."""

from __future__ import annotations

import csv
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
    """Write a catalogue of three belts in a folder with their pictures."""
    (tmp_path / "products.csv").write_text(CSV)
    for name in ("red", "red-back", "blue", "green", "logo"):
        (tmp_path / f"{name}.jpg").write_bytes(jpeg(name.partition("-")[0].replace("logo", "gray")))
    return tmp_path


def crawl(shop: Path, *options: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    return run(shop, "crawl", "--from", "products.csv", *options, code=code, key=None)


def test_one_picture_of_each_product_is_fetched_by_default(shop: Path) -> None:
    output = crawl(shop).stdout
    assert output == "crawl.db: 1 categories, 3 products, 3 pictures; 0 skipped, 0 failed\n"
    assert rows(shop, FETCHED) == [("blue.jpg",), ("green.jpg",), ("red.jpg",)]
    report = run(shop, "analyze", "--crawl").stdout
    assert "2 more pictures not tried: crawl.py --images-per-product N" in report


def test_a_later_crawl_fetches_further_pictures_and_none_twice(shop: Path) -> None:
    crawl(shop)
    more = ["--images-per-product", 3]
    assert "pictures: 2" in crawl(shop, *more, "--dry-run").stdout
    result = crawl(shop, *more)
    assert "pictures: 2 in" in result.stderr
    assert "3 products, 5 pictures; 0 skipped, 0 failed" in result.stdout
    assert "pictures: " not in crawl(shop, *more).stderr
    assert "further" not in run(shop, "analyze", "--crawl").stdout


def test_a_failed_further_picture_is_reported_and_tried_again(shop: Path) -> None:
    (shop / "red-back.jpg").unlink()
    more = ["--images-per-product", 9]
    output = crawl(shop, *more, code=3).stdout
    assert "4 pictures; 0 skipped, 1 failed; run it again to retry what failed" in output
    assert "0 failed" in crawl(shop).stdout  # the default is the main picture
    (shop / "red-back.jpg").write_bytes(jpeg("red"))
    assert "5 pictures; 0 skipped, 0 failed" in crawl(shop, *more).stdout


COLOURS = {"red": 0, "green": 15, "blue": 30}  # they overlap: training ends early
PREDICTED = """select product_id, category_id, score from predicted_category
  where experiment_id = {} order by product_id"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write ninety belts of three colours with three pictures each and the logo of the shop."""
    folder = tmp_path_factory.mktemp("many")
    lines = ["id,name,category_path,image,more_images"]
    (folder / "logo.jpg").write_bytes(jpeg("white"))
    for colour, hue in COLOURS.items():
        for k in range(30):
            name = f"{colour}{k}"
            (folder / f"{name}.jpg").write_bytes(jpeg(f"hsl({hue + k}, 80%, 40%)"))
            (folder / f"{name}-back.jpg").write_bytes(jpeg(f"hsl({hue + k}, 70%, 30%)"))
            (folder / f"{name}-worn.jpg").write_bytes(jpeg(f"hsl({hue + k}, 60%, 50%)"))
            others = f"logo.jpg|{name}-back.jpg|{name}-worn.jpg"
            lines.append(f"{name},Belt {name},{colour},{name}.jpg,{others}")
    (folder / "products.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.slow
def test_categorizers_use_the_requested_number_of_pictures(
    many: Path, network: Path, tmp_path: Path
) -> None:
    source = ["--from", many / "products.csv", "--images", many]
    options = ["--min-per-category", 3, "--backbone", network]
    run(tmp_path, "crawl", *source, key=None)
    run(tmp_path, "categorize_images", *options)
    assert rows(tmp_path, "select count(*) from image") == [(90,)]
    run(tmp_path, "crawl", *source, "--images-per-product", 9, key=None)
    assert rows(tmp_path, "select count(*) from image") == [(271,)]
    run(tmp_path, "categorize_images", *options)
    for count in (3, 4):
        run(tmp_path, "categorize_images", *options, "--images-per-product", count)
    run(tmp_path, "categorize_both", *options, "--images-per-product", 4, "--save", "kept")
    one, same, two, three = (rows(tmp_path, PREDICTED.format(number)) for number in (1, 2, 3, 4))
    assert one == same
    assert one == two  # a logo of all products is ignored, and so the main picture remains
    assert one != three
    numbers = "select settings ->> 'images_per_product' from experiment order by id"
    assert rows(tmp_path, numbers) == [(None,), (None,), (3,), (4,), (4,)]
    leaderboard = run(tmp_path, "analyze", "--leaderboard").stdout
    assert leaderboard.count("images per product 4") == 2
    saved = ["--saved", "kept", "--all", "--backbone", network]
    filed = csv.DictReader(run(tmp_path, "categorize_both", *saved).stdout.splitlines())
    scores = {row["product_id"]: float(row["score"]) for row in filed}
    for product, _, score in rows(tmp_path, PREDICTED.format(5)):
        assert scores[str(product)] == pytest.approx(score, abs=1e-6)


@pytest.mark.slow
def test_labels_are_searched_with_the_pictures_of_the_experiment(
    many: Path, network: Path, tmp_path: Path
) -> None:
    header, *lines = (many / "products.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join([header, *lines[::4]]))
    several = ["--images-per-product", 4]
    run(tmp_path, "crawl", "--from", "few.csv", "--images", many, *several, key=None)
    options = ["--min-per-category", 3, "--backbone", network, *several]
    run(tmp_path, "categorize_images", *options)
    searched = run(tmp_path, "analyze", "--label-errors", 1, "--backbone", network, short=True)
    assert "searching 23 labels" in searched.stderr


@pytest.mark.slow
def test_a_missing_further_picture_is_reported_and_stops_nothing(
    many: Path, network: Path, tmp_path: Path
) -> None:
    more = ["--images-per-product", 3]
    run(tmp_path, "crawl", "--from", many / "products.csv", "--images", many, *more, key=None)
    [(file,)] = rows(tmp_path, "select file from image where address like '%/red1-back.jpg'")
    (tmp_path / "images" / str(file)).unlink()
    options = ["--min-per-category", 3, "--backbone", network]
    result = run(tmp_path, "categorize_images", *options, *more, code=3)
    assert f"picture not read: {file}: No such file or directory" in result.stderr
    assert rows(tmp_path, "select settings ->> 'lost_pictures' from experiment") == [(1,)]
