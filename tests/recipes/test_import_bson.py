"""Imports of BSON files with their pictures: complete, sampled, interrupted, killed, failing."""

from __future__ import annotations

import collections
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bson
import pytest

from product_classifier.errors import StoreError
from product_classifier.recipes import import_catalogue
from product_classifier.recipes.import_catalogue import import_source
from product_classifier.records import Skipped
from product_classifier.sources.files import cdiscount
from product_classifier.sources.files.cdiscount import BsonSample
from product_classifier.sources.formats import SourceOptions, open_source
from product_classifier.store.database import open_database
from product_classifier.store.image_folder import ImageFolder
from tests.conftest import jpeg, sha256

SCRIPT = Path(__file__).parents[2] / "crawl.py"
COLOURS = ("red", "green", "blue", "white", "black", "grey", "gold")
forked = pytest.mark.skipif(
    multiprocessing.get_start_method() != "fork",
    reason="other processes do not see patches",
)


class StoppedError(Exception):
    """An interruption, as by Ctrl-C."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write forty products of one to three pictures; one is broken, and one id is repeated."""
    monkeypatch.setattr(cdiscount, "PAGE", 3)
    monkeypatch.setattr(import_catalogue, "PAGES", 2)
    documents = []
    for k in range(40):
        colours = [COLOURS[(k + place) % 7] for place in range(1 + k % 3)]
        pictures = [{"picture": jpeg(colour, (18, 18 + k))} for colour in colours]
        if k == 11:
            pictures[0] = {"picture": pictures[0]["picture"][:-20]}
        documents.append({"_id": 100 + k, "category_id": 7 + k % 4, "imgs": pictures})
    documents.insert(30, {"_id": 105, "category_id": 7, "imgs": [{"picture": jpeg("pink")}]})
    data = b"".join(map(bson.encode, documents)) + b"\x07"
    (tmp_path / "train.bson").write_bytes(data)
    return tmp_path / "train.bson"


def load(
    file: Path, database: Path, stop_after: int | None = None, sample: BsonSample | None = None
) -> list[Skipped]:
    skipped: list[Skipped] = []

    class Stopping:
        """Count products and raise StoppedError after some of them."""

        advanced = 0

        def advance(self, count: int = 1) -> None:
            self.advanced += count
            if stop_after is not None and self.advanced >= stop_after:
                raise StoppedError

        def close(self) -> None:
            raise AssertionError("the recipe that opened a counter closes it")

    source = open_source("bson", SourceOptions(path=file, images=file.parent, sample=sample))
    folder = ImageFolder(database.parent / "images")
    with open_database(database, create=True) as db:
        import_source(db, source, folder, skipped.append, Stopping())
    return skipped


def dump(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("category", "product", "product_category", "product_image", "image", "skipped")
    with open_database(database) as db:
        rows = {table: db.execute(f"select * from {table}").fetchall() for table in tables}
    dated = ("product", "image", "skipped")
    for table in dated:
        rows[table] = [row[:-1] for row in rows[table]]
    return rows


def test_bson_is_read_with_its_pictures(file: Path, tmp_path: Path) -> None:
    skipped = load(file, tmp_path / "crawl.db")
    rows = dump(tmp_path / "crawl.db")
    assert [row[0] for row in rows["product"]] == [str(100 + k) for k in range(40)]
    assert rows["product"][4][:3] == ("104", "7", "bson:train.bson/104/0")
    assert rows["product_image"][:3] == [
        ("101", 1, "bson:train.bson/101/1"),
        ("102", 1, "bson:train.bson/102/1"),
        ("102", 2, "bson:train.bson/102/2"),
    ]
    counts = sorted(rows["category"])
    assert [(row[0], row[3]) for row in counts] == [("10", 10), ("7", 10), ("8", 10), ("9", 10)]
    images = {row[0]: row[1:] for row in rows["image"]}
    stored = jpeg(COLOURS[5], (18, 23))
    file_of = f"{sha256(stored)[:2]}/{sha256(stored)}.jpg"
    assert images["bson:train.bson/105/0"] == (file_of, sha256(stored), 18, 23, None)
    assert (tmp_path / "images" / file_of).read_bytes() == stored
    addresses = {row[2] for row in rows["product"] + rows["product_image"]}
    assert images.keys() == addresses - {"bson:train.bson/111/0"}
    assert [(entry.kind, entry.reason[:24]) for entry in skipped] == [
        ("image", "broken picture (image fi"),
        ("product", "id 105 has another name "),
        ("product", "the file ends in the mid"),
    ]


@pytest.mark.parametrize("stops", [(1,), (7, 7), (14, 3, 11)])
def test_an_interrupted_import_continues_to_the_same_result(
    stops: tuple[int, ...], file: Path, tmp_path: Path
) -> None:
    load(file, tmp_path / "whole.db")
    for stop in stops:
        with pytest.raises(StoppedError):
            load(file, tmp_path / "crawl.db", stop)
    load(file, tmp_path / "crawl.db")
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")
    assert load(file, tmp_path / "crawl.db") == []
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")


def test_a_sample_has_its_size_and_is_the_same_after_an_interruption(
    file: Path, tmp_path: Path
) -> None:
    load(file, tmp_path / "whole.db", sample=BsonSample(20))
    assert len(dump(tmp_path / "whole.db")["product"]) == 20
    with pytest.raises(StoppedError):
        load(file, tmp_path / "crawl.db", 7, BsonSample(20))
    load(file, tmp_path / "crawl.db", sample=BsonSample(20))
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")
    load(file, tmp_path / "all.db", sample=BsonSample(99))
    assert len(dump(tmp_path / "all.db")["product"]) == 40


def test_a_truncated_product_is_not_sampled(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
    spans = list(cdiscount.document_spans(file))
    assert (len(spans), spans[-1].stop) == (41, file.stat().st_size)
    offsets = cdiscount.sample_offsets(file, BsonSample(99))
    assert offsets == [span.start for span in spans[:-1]]


def test_every_product_is_equally_likely_in_a_sample(file: Path) -> None:
    times = collections.Counter(
        offset
        for seed in range(400)
        for offset in cdiscount.sample_offsets(file, BsonSample(10, seed))
    )
    assert len(times) == 41
    assert all(abs(count - 400 * 10 / 41) < 45 for count in times.values())  # 5 standard deviations


def test_pictures_that_cannot_be_written_stop_an_import(file: Path, tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(b"")
    with pytest.raises(StoreError, match="images cannot be written"):
        load(file, tmp_path / "crawl.db")
    assert dump(tmp_path / "crawl.db")["product"] == []
    (tmp_path / "images").unlink()
    load(file, tmp_path / "crawl.db")
    load(file, tmp_path / "whole.db")
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")


@forked
def test_rows_are_not_stored_before_their_pictures_are_on_disk(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: ImageFolder) -> None:
        raise StoreError("the disk fails")

    monkeypatch.setattr(ImageFolder, "keep", fail)
    with pytest.raises(StoreError, match="the disk fails"):
        load(file, tmp_path / "crawl.db")
    assert dump(tmp_path / "crawl.db")["product"] == []


@forked
def test_an_import_whose_process_is_killed_is_an_error_and_can_continue(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ended:
        ended.setattr(
            import_catalogue, "put_embedded", lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        )
        with pytest.raises(StoreError, match=r"was killed; run crawl\.py again to continue"):
            load(file, tmp_path / "crawl.db")
    load(file, tmp_path / "crawl.db")
    load(file, tmp_path / "whole.db")
    assert dump(tmp_path / "crawl.db") == dump(tmp_path / "whole.db")


def test_an_import_that_is_killed_can_be_run_again_to_completion(tmp_path: Path) -> None:
    picture = jpeg()
    documents = (
        {"_id": k, "category_id": 7, "imgs": [{"picture": picture + b"%d\xff\xd9" % k}]}
        for k in range(12_000)
    )
    (tmp_path / "a.bson").write_bytes(b"".join(map(bson.encode, documents)))
    command = [sys.executable, str(SCRIPT), "--from", "a.bson", "--only", "products"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as crawl:
        while crawl.poll() is None and not any(tmp_path.glob("images/??")):
            time.sleep(0.01)
        crawl.kill()
        crawl.communicate(timeout=30)  # waits for the crawl's processes too
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with open_database(tmp_path / "crawl.db") as db:
        stored = db.execute("select file, sha256 from image").fetchall()
    assert len(stored) == 12_000
    assert all(sha256((tmp_path / "images" / name).read_bytes()) == own for name, own in stored)
