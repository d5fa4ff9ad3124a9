"""Pictures → bottlenecks: what is cached is read, the rest is computed in batches and cached."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from product_classifier.errors import FeatureError, PictureError
from product_classifier.features.backbone import BATCH_SIZE, Backbone
from product_classifier.pictures import decode
from product_classifier.records import Image, Track, untracked
from product_classifier.store.cache import BottleneckCache

PREPROCESSING = "bilinear1"  # part of a cache's name: other ways of scaling give other values
COMMIT_BATCHES = 16  # a killed run loses no more than these
DECODERS = 2  # threads; a network leaves them little to do
AHEAD = 4 * BATCH_SIZE  # pictures decoded before the network asks for them
EMBEDDERS = 2  # batches in the network at once: one works where the other waits

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Bottlenecks:
    """One bottleneck for each product, zeros where it has no picture; memory-mapped."""

    vectors: NDArray[np.float32]  # [pictures, width]
    rows: NDArray[np.int64]  # [products], into vectors; -1 without picture
    lost: tuple[str, ...]  # pictures the database has and the images folder has not, with reasons

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which products have a picture, [products]."""
        return self.rows >= 0

    @property
    def width(self) -> int:
        """Values of one bottleneck."""
        return int(self.vectors.shape[1])

    def __getitem__(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the bottlenecks of some products, float32 [chosen, width]."""
        rows = self.rows[chosen]
        values = self.vectors[np.maximum(rows, 0)]
        values[rows < 0] = 0
        return values


def cache_name(backbone: Backbone) -> str:
    """Name the cache of a network, so that no two networks or preprocessings share one."""
    return f"{backbone.sha256[:16]}-{backbone.size}-{PREPROCESSING}"


def bottlenecks(
    images: Sequence[Image | None],
    folder: Path,
    backbone: Backbone,
    cache: BottleneckCache,
    track: Track = untracked,
) -> Bottlenecks:
    """Look up or compute the bottleneck of each product's picture.

    images: [products], files below folder. Safe to kill: what was committed is not computed again.
    Raises FeatureError where there is not a single picture.
    """
    if not any(images):
        raise FeatureError(
            "none of these products has a picture; run crawl.py again to fetch them, "
            "or use categorize_words.py"
        )
    there = [image for image in images if image]
    wanted = {image.sha256: image for image in there if str(image.sha256) not in cache}
    lost = tuple(_compute(list(wanted.values()), folder, backbone, cache, track))
    rows = cache.rows(image.sha256 if image else None for image in images)
    if not (rows >= 0).any():
        raise FeatureError(f"no picture can be read ({lost[0]}); pass the right --images-path")
    return Bottlenecks(cache.read(), rows, lost)


def _compute(
    images: Sequence[Image], folder: Path, backbone: Backbone, cache: BottleneckCache, track: Track
) -> list[str]:
    """Fill the cache; returns what could not be read, and why."""
    lost = []

    def readable(pool: ThreadPoolExecutor) -> Iterator[tuple[str, NDArray[np.float32]]]:
        decoded = _ahead(pool, AHEAD, lambda image: _pixels(image, folder, backbone.size), images)
        for image, result in zip(track(images, "bottlenecks", len(images)), decoded, strict=True):
            if isinstance(result, str):
                lost.append(f"{image.file}: {result}")
            else:
                yield str(image.sha256), result

    with ThreadPoolExecutor(DECODERS) as decoders, ThreadPoolExecutor(EMBEDDERS) as embedders:
        batches = _chunks(readable(decoders), BATCH_SIZE)
        embedded = _ahead(embedders, EMBEDDERS, lambda batch: _embedded(batch, backbone), batches)
        for commit in _chunks(embedded, COMMIT_BATCHES):
            keys = [key for batch_keys, _ in commit for key in batch_keys]
            cache.append(keys, np.concatenate([vectors for _, vectors in commit]))
    return lost


def _embedded(
    batch: Sequence[tuple[str, NDArray[np.float32]]], backbone: Backbone
) -> tuple[list[str], NDArray[np.float32]]:
    keys = [key for key, _ in batch]
    pixels = np.zeros((BATCH_SIZE, backbone.size, backbone.size, 3), np.float32)
    for row, (_, picture) in enumerate(batch):
        pixels[row] = picture
    return keys, backbone.embed(pixels)[: len(batch)]


def to_pixels(picture: PillowImage.Image, size: int) -> NDArray[np.float32]:
    """Squash a picture to a square, as Inception's own training did; float32 in [0, 1]."""
    square = picture.resize((size, size), PillowImage.Resampling.BILINEAR)
    return np.asarray(square, np.float32) / np.float32(255)


def _pixels(image: Image, folder: Path, size: int) -> NDArray[np.float32] | str:
    try:
        data = (folder / str(image.file)).read_bytes()
        if hashlib.sha256(data).hexdigest() != image.sha256:
            return "not the file that was crawled"
        return to_pixels(decode(data)[0], size)
    except (OSError, PictureError) as error:
        return getattr(error, "strerror", None) or str(error)


def _ahead(
    pool: ThreadPoolExecutor, bound: int, work: Callable[[T], R], items: Iterable[T]
) -> Iterator[R]:
    """Map in order, working on a bounded number of items beforehand."""
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > bound:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
