"""Pictures to bottlenecks with a toy network: what is computed, cached, and lost."""

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
    """Means of the three colours; remembers how often it was asked."""

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


def backbone(embed: Toy) -> Backbone:
    return Backbone("toy", "0" * 64, 4, 3, embed, graph=embed)


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
    found = compute(images, folder, Toy())
    assert found[np.array([0, 1, 2])] == pytest.approx(
        np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1]]), abs=0.01
    )
    assert found.present.tolist() == [True, False, True]


def test_what_is_cached_is_not_computed_again(folder: Path) -> None:
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
    one, other = backbone(Toy()), Backbone("toy", "1" * 64, 4, 3, Toy(), graph=Toy())
    larger = Backbone("toy", "0" * 64, 5, 3, Toy(), graph=Toy())
    assert len({cache_name(one), cache_name(other), cache_name(larger)}) == 3


def test_an_interrupted_run_goes_on_where_it_was(
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


def test_order_and_neighbours_do_not_change_a_bottleneck(folder: Path) -> None:
    images = [picture(folder, f"{k}.jpg", f"hsl({9 * k}, 100%, 50%)") for k in range(11)]
    together = compute(images, folder, Toy())[np.arange(11)]
    alone = compute(images[::-1][:1], folder, Toy())[np.array([0])]
    assert np.array_equal(together[10], alone[0])


def test_files_that_are_gone_broken_or_changed_are_told_and_count_as_none(folder: Path) -> None:
    images = [picture(folder, f"{k}.jpg", f"hsl({9 * k}, 100%, 50%)") for k in range(4)]
    (folder / "0.jpg").unlink()
    (folder / "1.jpg").write_bytes(jpeg("blue"))
    (folder / "2.jpg").write_bytes(b"<html>")
    found = compute(list(images), folder, Toy())
    assert found.present.tolist() == [False, False, False, True]
    assert found.lost == (
        "0.jpg: No such file or directory",
        "1.jpg: not the file that was crawled",
        "2.jpg: not the file that was crawled",
    )


def test_a_file_that_never_was_a_picture_is_told(folder: Path) -> None:
    folder.mkdir()
    (folder / "x.jpg").write_bytes(b"<html>")
    broken = Image(address="x", file="x.jpg", sha256=sha256(b"<html>"), width=1, height=1)
    found = compute([broken, picture(folder, "r.jpg", "red")], folder, Toy())
    assert found.lost == ("x.jpg: not a picture (HTML)",)


def test_without_any_picture_the_remedy_is_named(folder: Path) -> None:
    with pytest.raises(FeatureError, match=r"none of these products has a picture; run crawl\.py"):
        compute([None, None], folder, Toy())
    gone = Image(address="x", file="x.jpg", sha256="ab" * 32, width=1, height=1)
    with pytest.raises(FeatureError, match="pass the right --images-path"):
        compute([gone], folder, Toy())


def test_pictures_are_decoded_in_order_and_not_all_at_once(folder: Path) -> None:
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


def test_pixels_are_a_squashed_square_between_0_and_1() -> None:
    pixels = pipeline.to_pixels(decode(jpeg("white", (8, 2)))[0], 4)
    assert pixels.shape == (4, 4, 3)
    assert pixels.dtype == np.float32
    assert pixels.min() == pixels.max() == 1
