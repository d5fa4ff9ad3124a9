"""Marking the pictures of a catalogue with a toy network: the redder, the more zoomed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from product_classifier.backbones import labels_beside
from product_classifier.console import SilentConsole
from product_classifier.errors import FeatureError, StoreError
from product_classifier.recipes.mark_pictures import Marked, mark_pictures
from product_classifier.records import Image
from product_classifier.store.database import open_database, sole_crawler
from product_classifier.store.product_pictures import MarkCounts
from product_classifier.store.products import save_images
from tests.backbones.test_exported_classifier import WEIGHTS, save_reddish
from tests.conftest import TREE, jpeg, product, save_import, sha256

T = TypeVar("T")
MARKED = """select address, marked from image join image_mark using (sha256) order by address"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Write 100 products with one picture each, from blue to red, and the network."""
    (tmp_path / "images").mkdir()
    add(tmp_path, *range(100))
    save_reddish(tmp_path / "zoom.onnx")
    return tmp_path


def add(place: Path, *reds: int) -> None:
    """Add products; reds: the per cent of red in each picture."""
    images = []
    for red in reds:
        data = jpeg(f"rgb({red}%, 0%, {100 - red}%)")
        (place / "images" / f"{red}.jpg").write_bytes(data)
        images.append(
            Image(address=f"{red:03}", file=f"{red}.jpg", sha256=sha256(data), width=30, height=40)
        )
    with open_database(place / "crawl.db", create=True) as db:
        products = [product(image.address, "belts", image=image.address) for image in images]
        save_import(db, TREE, products, [], "products.csv")
        save_images(db, images)


class Counting(SilentConsole):
    """Count the pictures that the network sees, and interrupt after some of them."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen = 0
        self.stop_after = stop_after

    def progress(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        assert label == "pictures"
        for item in items:
            if self.seen == self.stop_after:
                raise KeyboardInterrupt
            self.seen += 1
            yield item


def marking(
    place: Path,
    threshold: float = 0.5,
    label: str | None = None,
    model: str = "zoom.onnx",
    track: Counting | None = None,
) -> Marked:
    where = place / "crawl.db", place / "images", place / model
    return mark_pictures(*where, label, threshold, track or Counting())


def marked(place: Path) -> list[str]:
    """Return the addresses of the marked pictures."""
    with sqlite3.connect(place / "crawl.db") as db:
        addresses = [address for address, is_marked in db.execute(MARKED) if is_marked]
    db.close()
    return addresses


def reds(first: int, end: int) -> list[str]:
    return [f"{red:03}" for red in range(first, end)]


def test_pictures_of_the_label_are_marked_and_counted(place: Path) -> None:
    result = marking(place)
    assert result == Marked("zoomed", 0.5, MarkCounts(100, 50, 50), ())
    assert marked(place) == reds(50, 100)
    assert marking(place, label="normal").counts == MarkCounts(100, 50, 50)
    assert marked(place) == reds(0, 50)


def test_another_threshold_needs_no_new_scores(place: Path) -> None:
    marking(place)
    track = Counting()
    assert marking(place, 0.9, track=track).counts.marked == 37  # of logits 9 x (2 x red - 1)
    assert marking(place, 1, track=track).counts == MarkCounts(100, 0, 0)
    assert marked(place) == []
    assert marking(place, track=track).counts.marked == 50
    assert track.seen == 0


def test_another_network_scores_all_pictures_and_later_only_new_ones(
    place: Path,
) -> None:
    marking(place)
    save_reddish(place / "other.onnx", weights=WEIGHTS[:, ::-1].copy())
    track = Counting()
    assert marking(place, model="other.onnx", track=track).counts.marked == 50
    assert track.seen == 100
    assert marked(place) == reds(0, 50)
    add(place, 100)
    assert marking(place, model="other.onnx", track=track).counts.looked_at == 101
    assert track.seen == 101


def test_pictures_scored_before_an_interruption_are_not_scored_again(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        marking(place, track=Counting(stop_after=99))
    with sqlite3.connect(place / "crawl.db") as db:
        [(scored,)] = db.execute("select count(*) from image_mark")
    db.close()
    assert 0 < scored < 100
    track = Counting()
    assert marking(place, track=track).counts == MarkCounts(100, 50, 50)
    assert track.seen == 100 - scored


def test_an_unreadable_picture_is_reported_and_tried_again(place: Path) -> None:
    data = (place / "images" / "99.jpg").read_bytes()
    (place / "images" / "99.jpg").write_bytes(data[:-9])
    (place / "images" / "98.jpg").rename(place / "98.jpg")
    result = marking(place)
    assert sorted(result.lost) == [
        "98.jpg: No such file or directory",
        "99.jpg: not the file that was crawled",
    ]
    assert result.counts == MarkCounts(98, 48, 48)
    assert len(marking(place).lost) == 2
    (place / "98.jpg").rename(place / "images" / "98.jpg")
    (place / "images" / "99.jpg").write_bytes(data)
    assert marking(place) == Marked("zoomed", 0.5, MarkCounts(100, 50, 50), ())


def test_a_wrong_folder_of_pictures_is_an_error_with_the_remedy(place: Path) -> None:
    (place / "images").rename(place / "pictures")
    with pytest.raises(FeatureError, match=r"no picture can be read .*; pass the right --images-p"):
        marking(place)


def test_a_missing_catalogue_and_one_without_pictures_are_errors(
    place: Path,
) -> None:
    (place / "crawl.db").unlink()
    with pytest.raises(StoreError, match=r"there is no .*crawl\.db; run crawl\.py first"):
        marking(place)
    assert not (place / "crawl.db.lock").exists()
    with open_database(place / "crawl.db", create=True):
        pass
    with pytest.raises(StoreError, match=r"has no complete picture; run crawl\.py to fetch them"):
        marking(place)


def test_pictures_are_not_marked_during_a_crawl(place: Path) -> None:
    with (
        sole_crawler(place / "crawl.db"),
        pytest.raises(StoreError, match="another crawl is filling"),
    ):
        marking(place)
    assert marked(place) == []


def test_without_the_default_label_a_label_has_to_be_passed(place: Path) -> None:
    labels_beside(place / "zoom.onnx").write_text("logo\nproduct\n")
    with pytest.raises(FeatureError, match=r"has no label 'zoomed'; .* one of: logo, product"):
        marking(place)
    assert marking(place, label="product").label == "product"
