"""Bottlenecks of pictures by a toy network: computed, cached, or reported as unreadable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.backbones.backbone import BATCH_SIZE, Backbone
from product_classifier.errors import FeatureError
from product_classifier.features import bottlenecks as pipeline
from product_classifier.features.bottlenecks import Bottlenecks, bottlenecks, cache_name
from product_classifier.pictures import decode
from product_classifier.records import Image
from product_classifier.store.cache import BottleneckCache
from tests.conftest import jpeg, sha256


class Toy:
    """A network that returns the means of the three colours, and counts its batches."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.batches = 0
        self.stop_after = stop_after

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        assert pixels.shape == (BATCH_SIZE, 4, 4, 3)
        if self.batches == self.stop_after:
            raise KeyboardInterrupt
        self.batches += 1
        means: NDArray[np.float32] = pixels.mean(axis=(1, 2))
        return means


def backbone(embed: Toy, sha256: str = "0" * 64, size: int = 4) -> Backbone:
    return Backbone(name="toy", sha256=sha256, size=size, width=3, embed=embed, graph=embed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images"


def picture(folder: Path, name: str, colour: str) -> Image:
    data = jpeg(colour)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return Image(address=f"http://shop/{name}", file=name, sha256=sha256(data), width=30, height=40)


def compute(images: Sequence[Image | None], folder: Path, embed: Toy) -> Bottlenecks:
    network = backbone(embed)
    cache = BottleneckCache(folder.parent / "cache" / cache_name(network), network.width)
    return bottlenecks(images, folder, network, cache)


def test_each_product_gets_its_pictures_bottleneck_and_zeros_without_one(folder: Path) -> None:
    images = [picture(folder, "r.jpg", "red"), None, picture(folder, "b.jpg", "blue")]
    computed = compute(images, folder, Toy())
    assert computed[np.array([0, 1, 2])] == pytest.approx(
        np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1]]), abs=0.01
    )
    assert computed.present.tolist() == [True, False, True]


def test_cached_bottlenecks_are_not_computed_again(folder: Path) -> None:
    images = [picture(folder, f"{k}.jpg", f"hsl({9 * k}, 100%, 50%)") for k in range(20)]
    first = compute(images, folder, Toy())
    embed = Toy()
    second = compute(images, folder, embed)
    assert embed.batches == 0
    rows = np.arange(20)
    assert np.array_equal(first[rows], second[rows])


def test_equal_pictures_are_computed_once(folder: Path) -> None:
    embed = Toy()
    images = [picture(folder, f"{k}.jpg", "red") for k in range(3 * BATCH_SIZE)]
    compute(images, folder, embed)
    assert embed.batches == 1


def test_two_networks_never_share_a_cache() -> None:
    first, second = backbone(Toy()), backbone(Toy(), "1" * 64)
    larger = backbone(Toy(), size=5)
    assert len({cache_name(first), cache_name(second), cache_name(larger)}) == 3


def test_a_run_resumes_where_it_was_interrupted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "COMMIT_BATCHES", 1)
    images = [
        picture(folder, f"{k}.jpg", f"hsl({9 * k}, 100%, 50%)") for k in range(5 * BATCH_SIZE)
    ]
    with pytest.raises(KeyboardInterrupt):
        compute(images, folder, Toy(stop_after=3))
    embed = Toy()
    compute(images, folder, embed)
    assert embed.batches == 2


def test_a_bottleneck_does_not_depend_on_order_or_batch(folder: Path) -> None:
    images = [picture(folder, f"{k}.jpg", f"hsl({9 * k}, 100%, 50%)") for k in range(11)]
    together = compute(images, folder, Toy())[np.arange(11)]
    alone = compute(images[::-1][:1], folder, Toy())[np.array([0])]
    assert np.array_equal(together[10], alone[0])


def test_missing_damaged_or_changed_files_are_reported_and_count_as_none(
    folder: Path,
) -> None:
    images = [picture(folder, f"{k}.jpg", f"hsl({9 * k}, 100%, 50%)") for k in range(4)]
    (folder / "0.jpg").unlink()
    (folder / "1.jpg").write_bytes(jpeg("blue"))
    (folder / "2.jpg").write_bytes(b"<html>")
    computed = compute(list(images), folder, Toy())
    assert computed.present.tolist() == [False, False, False, True]
    assert computed.lost == (
        "0.jpg: No such file or directory",
        "1.jpg: not the file that was crawled",
        "2.jpg: not the file that was crawled",
    )


def test_a_file_that_never_was_a_picture_is_reported(folder: Path) -> None:
    folder.mkdir()
    (folder / "x.jpg").write_bytes(b"<html>")
    broken = Image(address="x", file="x.jpg", sha256=sha256(b"<html>"), width=1, height=1)
    computed = compute([broken, picture(folder, "r.jpg", "red")], folder, Toy())
    assert computed.lost == ("x.jpg: not a picture (HTML)",)


def test_without_any_picture_the_error_names_the_remedy(folder: Path) -> None:
    with pytest.raises(FeatureError, match=r"none of these products has a picture; run crawl\.py"):
        compute([None, None], folder, Toy())
    gone = Image(address="x", file="x.jpg", sha256="ab" * 32, width=1, height=1)
    with pytest.raises(FeatureError, match="pass the right --images-path"):
        compute([gone], folder, Toy())


def test_work_ahead_is_done_in_order_and_not_all_at_once(folder: Path) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 200:
            taken += 1
            yield taken

    with ThreadPoolExecutor(2) as pool:
        results = pipeline.ahead(pool, 20, lambda item: item * 2, items())
        assert [next(results) for _ in range(3)] == [2, 4, 6]
        assert taken < 50
        assert list(results)[-1] == 400


def test_pixels_are_a_resized_square_between_0_and_1() -> None:
    pixels = pipeline.to_pixels(decode(jpeg("white", (8, 2)))[0], 4)
    assert pixels.shape == (4, 4, 3)
    assert pixels.dtype == np.float32
    assert pixels.min() == pixels.max() == 1
