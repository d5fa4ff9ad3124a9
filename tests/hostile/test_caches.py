"""Caches that a disk, another program or an attacker has changed do not change any score."""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.backbones.backbone import Backbone
from product_classifier.errors import FeatureError, StoreError
from product_classifier.features import bottlenecks as pipeline
from product_classifier.features.bottlenecks import bottleneck_cache, bottlenecks, cache_name
from product_classifier.features.cleaning import TextSettings
from product_classifier.features.dataset_features import word_features
from product_classifier.records import Dataset, Image, Item
from product_classifier.store.cache import DIGEST_BYTES, BottleneckCache, cached_vectors
from product_classifier.store.npz import read_arrays
from tests.consoles import Recorder
from tests.faults.tier import tier
from tests.features.test_bottlenecks import Toy, backbone, picture
from tests.hostile.mutations import changed_bytes

PICTURES = 48
Change = Callable[[random.Random, bytes], bytes]
Arrays = dict[str, NDArray[Any]]
Reshape = Callable[[Arrays], Arrays]


class Catalogue:
    """Return products with one or two pictures, and the cache of a toy network."""

    def __init__(self, folder: Path) -> None:
        self.images = folder / "images"
        colours = [f"hsl({7 * k}, 90%, 50%)" for k in range(PICTURES)]
        pictures = [picture(self.images, f"{k}.jpg", colour) for k, colour in enumerate(colours)]
        self.main: Sequence[Image] = pictures[::2]
        self.more = [(one,) if k % 3 else () for k, one in enumerate(pictures[1::2])]
        self.path = folder / "cache"
        self.said: list[str] = []
        self.network = backbone(Toy())

    @property
    def cache(self) -> Path:
        return self.path / cache_name(self.network)

    def features(self, network: Backbone | None = None) -> NDArray[np.float32]:
        """Return the features that a categorizer would learn from, with a newly opened cache."""
        network = network or self.network
        cache = bottleneck_cache(self.path, network, Recorder(self.said))
        computed = bottlenecks(self.main, self.images, network, cache, more_images=self.more)
        assert not computed.lost
        return computed[np.arange(len(self.main))]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path)


def flipped(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def features_unless_refused(catalogue: Catalogue) -> NDArray[np.float32] | None:
    """Return the features, or None if the cache is refused as that of another network."""
    try:
        return catalogue.features()
    except StoreError as error:
        if "of another network" not in str(error):
            raise
        return None


CHANGES = [(flipped, 100), (cut, 20), (changed_bytes, 20)]


@pytest.mark.parametrize(("change", "short"), CHANGES)
def test_no_change_of_a_cached_bottleneck_changes_a_feature(
    change: Change, short: int, catalogue: Catalogue, tmp_path: Path
) -> None:
    count, seed = tier(short, long=1_000)
    right = catalogue.features()
    whole = tmp_path / "whole"
    shutil.copytree(catalogue.cache, whole)
    chance, refused = random.Random(seed), 0
    for _ in range(count):
        name = chance.choice(["vectors.f32"] * 4 + ["keys.sha256"] * 3 + ["network.txt"])
        (catalogue.cache / name).write_bytes(change(chance, (whole / name).read_bytes()))
        for _ in range(2):  # what was mended stays so
            computed = features_unless_refused(catalogue)
            assert name == "network.txt" if computed is None else np.array_equal(computed, right)
            refused += computed is None
        shutil.rmtree(catalogue.cache)
        shutil.copytree(whole, catalogue.cache)
    assert refused < count


def test_each_bit_of_a_vector_and_of_its_key_is_covered(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    right = catalogue.features()
    for name in ("vectors.f32", "keys.sha256"):
        data = (catalogue.cache / name).read_bytes()
        for bit in range(8 * (len(data) - 44), 8 * len(data), 5):  # of the last vectors
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            (catalogue.cache / name).write_bytes(changed)
            assert np.array_equal(catalogue.features(), right)
            (catalogue.cache / name).write_bytes(data)


def test_a_damaged_vector_is_reported_once_and_computed_once(catalogue: Catalogue) -> None:
    right = catalogue.features()
    vectors = catalogue.cache / "vectors.f32"
    data = bytearray(vectors.read_bytes())
    data[2] ^= 64
    vectors.write_bytes(data)
    network = Toy()
    assert np.array_equal(catalogue.features(backbone(network)), right)
    assert network.batches == 1
    [line] = catalogue.said
    assert "vectors.f32: 1 damaged vectors, found by their checksums, were computed again" in line
    assert np.array_equal(catalogue.features(backbone(network)), right)
    assert network.batches == 1
    assert len(catalogue.said) == 1


def test_a_vector_is_only_used_for_its_own_picture(tmp_path: Path) -> None:
    one, other = "11" * 32, "22" * 32
    cache = BottleneckCache(tmp_path, 2)
    cache.append([one, other], np.array([[1, 1], [2, 2]], np.float32))
    keys = tmp_path / "keys.sha256"
    data = keys.read_bytes()
    swapped = data.replace(bytes.fromhex(one), b"?" * 32).replace(
        bytes.fromhex(other), bytes.fromhex(one)
    )
    keys.write_bytes(swapped.replace(b"?" * 32, bytes.fromhex(other)))
    swapped_cache = BottleneckCache(tmp_path, 2)
    assert one not in swapped_cache
    assert other not in swapped_cache


def test_a_cache_of_an_older_version_is_not_used(catalogue: Catalogue) -> None:
    right = catalogue.features()
    (catalogue.cache / "keys.sha256").write_bytes(b"k" * 32 * PICTURES)
    assert np.array_equal(catalogue.features(), right)
    [line] = catalogue.said
    assert "of an older version without checksums: its vectors are computed again" in line


@pytest.mark.parametrize("removed", ["vectors.f32", "keys.sha256", "network.txt", "lock", "."])
def test_a_cache_that_is_removed_during_use_only_costs_time(
    removed: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = catalogue.features()
    shutil.rmtree(catalogue.path)
    monkeypatch.setattr(pipeline, "COMMIT_BATCHES", 1)

    class Removing(Toy):
        def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
            path = catalogue.cache / removed
            if self.batches == 2:
                shutil.rmtree(path, True) if path.is_dir() else path.unlink(missing_ok=True)
            return super().__call__(pixels)

    assert np.array_equal(catalogue.features(backbone(Removing())), right)
    assert np.array_equal(catalogue.features(), right)


def test_a_cache_that_is_removed_repeatedly_is_no_longer_used(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = BottleneckCache.append

    def append_and_remove(cache: BottleneckCache, *what: object) -> None:
        append(cache, *what)  # type: ignore[arg-type]
        shutil.rmtree(catalogue.cache)

    monkeypatch.setattr(BottleneckCache, "append", append_and_remove)
    with pytest.raises(FeatureError, match="stop other programs that clean the cache"):
        catalogue.features()


def test_two_programs_with_one_damaged_cache_agree(catalogue: Catalogue) -> None:
    right = catalogue.features()
    first = bottleneck_cache(catalogue.path, catalogue.network)
    mapped = first.read()
    before = mapped.copy()
    keys = catalogue.cache / "keys.sha256"
    keys.write_bytes(keys.read_bytes()[:-200])
    assert np.array_equal(catalogue.features(), right)  # another program adds what is missing
    assert np.array_equal(mapped, before)  # and overwrites nothing that the first one reads
    computed = bottlenecks(
        catalogue.main, catalogue.images, catalogue.network, first, more_images=catalogue.more
    )
    assert np.array_equal(computed[np.arange(len(right))], right)


def test_a_pipe_in_a_cache_does_not_block(catalogue: Catalogue) -> None:
    catalogue.features()
    (catalogue.cache / "keys.sha256").unlink()
    os.mkfifo(catalogue.cache / "keys.sha256")
    with pytest.raises(StoreError, match=r"keys\.sha256 is not a file; remove it"):
        catalogue.features()


@pytest.mark.parametrize("name", ["vectors.f32", "keys.sha256", "network.txt", "lock"])
def test_no_link_in_a_cache_is_followed(name: str, catalogue: Catalogue, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_bytes(b"")
    catalogue.cache.mkdir(parents=True)
    (catalogue.cache / name).symlink_to(own)
    with pytest.raises(StoreError, match=f"{name} is not a file; remove it|cannot grow"):
        catalogue.features()
    assert own.read_bytes() == b""


def words() -> tuple[csr_matrix, list[str]]:
    chance = np.random.default_rng(0)
    dense = (chance.random((20, 30)) < 0.2).astype(np.float32)
    return csr_matrix(dense), [f"word{k}" for k in range(30)]


@pytest.mark.parametrize(("change", "short"), CHANGES)
def test_no_change_of_cached_words_changes_a_vector(
    change: Change, short: int, tmp_path: Path
) -> None:
    count, seed = tier(short, long=1_000)
    path, said = tmp_path / "words.npz", list[str]()
    right, vocabulary = cached_vectors(path, "key", words)
    whole, chance = path.read_bytes(), random.Random(seed)
    damaged = 0
    for _ in range(count):
        path.write_bytes(changed := change(chance, whole))
        damaged += changed != whole
        computed, names = cached_vectors(path, "key", words, Recorder(said))
        assert names == vocabulary
        assert (computed != right).nnz == 0
        assert path.read_bytes() == whole
        assert len(said) == damaged


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values * np.float32(np.nan),
        lambda values: values.astype("U8"),
        lambda values: values.astype(np.float16),
        lambda values: values.astype(bool),
    ],
)
def test_cached_words_that_are_not_numbers_are_computed_again_despite_a_valid_checksum(
    damage: Callable[[NDArray[np.float32]], NDArray[Any]], tmp_path: Path
) -> None:
    path, said = tmp_path / "words.npz", list[str]()
    right, vocabulary = cached_vectors(path, "key", words)
    arrays = read_arrays(path.read_bytes()[:-DIGEST_BYTES], 10_000_000)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{**arrays, "data": damage(arrays["data"])})
    path.write_bytes(file.getvalue() + hashlib.sha256(file.getvalue()).digest())
    computed, names = cached_vectors(path, "key", words, Recorder(said))
    assert names == vocabulary
    assert (computed != right).nnz == 0
    assert said == [f"{path} is damaged, or of an older version: it is computed again"]


SHAPES: dict[str, Reshape] = {
    "vocabulary": lambda arrays: {"vocabulary": arrays["vocabulary"][:5]},
    "rows": lambda arrays: {"shape": arrays["shape"] - (1, 0), "indptr": arrays["indptr"][:-1]},
    "columns": lambda arrays: {"shape": arrays["shape"] + (0, 1)},
    "twins": lambda arrays: {"vocabulary": np.frombuffer(b"red\nred\nshoe", np.uint8)},
}


@pytest.mark.parametrize("vectorizer", ["bag", "ngrams", "sequence"])
@pytest.mark.parametrize("changed", SHAPES)
def test_cached_words_of_another_shape_are_computed_again_despite_a_valid_checksum(
    changed: str, vectorizer: str, tmp_path: Path
) -> None:
    texts = ["red shoe", "blue shoe", ""]
    items = tuple(Item(id=text, text=text, image=None, labels=(0,), part="train") for text in texts)
    said: list[str] = []
    dataset = Dataset(
        categories=(),
        above=(),
        items=items,
        name="all",
        split="split",
        left_out=(),
        settings={},
    )
    right = word_features(dataset, tmp_path, TextSettings(vectorizer), Recorder(said))
    [path] = tmp_path.iterdir()
    arrays = read_arrays(path.read_bytes()[:-DIGEST_BYTES], 10_000_000)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{**arrays, **SHAPES[changed](arrays)})
    path.write_bytes(file.getvalue() + hashlib.sha256(file.getvalue()).digest())
    computed = word_features(dataset, tmp_path, TextSettings(vectorizer), Recorder(said))
    assert computed.vocabulary == right.vocabulary
    assert computed.words is not None
    assert right.words is not None
    assert computed.words.shape == right.words.shape
    assert (computed.words != right.words).nnz == 0
    assert said == [f"{path} is damaged, or of an older version: it is computed again"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_cached_bottleneck_that_is_not_a_number_is_computed_again_despite_a_valid_checksum(
    value: float, catalogue: Catalogue
) -> None:
    right = catalogue.features()
    cache = BottleneckCache(catalogue.cache, right.shape[1], note(catalogue))
    [key] = [image.sha256 for image in catalogue.main[:1]]
    assert key
    (catalogue.cache / "keys.sha256").unlink()
    (catalogue.cache / "vectors.f32").unlink()
    cache.append([key], np.full((1, right.shape[1]), value, np.float32))
    assert np.array_equal(catalogue.features(), right)
    assert "vectors.f32: 1 damaged vectors" in catalogue.said[0]
    assert np.array_equal(catalogue.features(), right)
    assert len(catalogue.said) == 1


def note(catalogue: Catalogue) -> str:
    return (catalogue.cache / "network.txt").read_text().strip()
