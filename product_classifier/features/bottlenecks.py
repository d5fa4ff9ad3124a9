"""Bottlenecks of pictures: cached ones are read, the others computed in batches and cached."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from product_classifier.backbones import FULL_PRECISION
from product_classifier.backbones.backbone import Backbone
from product_classifier.console import SILENT, Console
from product_classifier.errors import FeatureError, PictureError
from product_classifier.features.augmented_views import View, apply_view
from product_classifier.features.pooling import pooled_keys
from product_classifier.pictures import decode
from product_classifier.records import Image
from product_classifier.regular import read_bounded
from product_classifier.store.cache import BottleneckCache

PREPROCESSING = "bilinear1"  # part of a cache's name: bottlenecks depend on the scaling
COMMIT_BATCHES = 16  # batches; a killed run loses at most this many
LARGEST_PICTURE = 500_000_000  # bytes of a file
DECODERS = 2  # threads; decoding takes little time beside the network
AHEAD = 4  # batches decoded before the network needs them
ATTEMPTS = 3  # if other programs remove bottlenecks from the cache meanwhile
EMBEDDERS = 2  # batches in the network at once: one computes while the other waits

T = TypeVar("T")
R = TypeVar("R")


class Network(Protocol):
    """A function from batches of pictures to vectors: a backbone or an exported classifier."""

    @property
    def size(self) -> int:
        """Return the side of the input pictures in pixels."""

    @property
    def batch_size(self) -> int:
        """Return the number of pictures in a batch."""

    @property
    def embed(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """Return the function float32 [batch, size, size, 3] in [0, 1] → float32 [batch, width]."""


@dataclass(frozen=True)
class Bottlenecks:
    """The bottleneck of each product, or the pooled one of its pictures; memory-mapped.

    A product without a picture has zeros.
    """

    vectors: NDArray[np.float32]  # [pictures, width]
    rows: NDArray[np.int64]  # [products], into vectors; -1 without picture
    lost: tuple[str, ...]  # unreadable or missing picture files, with the reason
    mains: NDArray[np.int64] | None = None  # rows of the main pictures; None: the same as rows

    @property
    def main(self) -> NDArray[np.int64]:
        """Return the row of each product's main picture, -1 without one, [products]."""
        return self.rows if self.mains is None else self.mains

    @property
    def present(self) -> NDArray[np.bool_]:
        """Return whether each product has a picture, [products]."""
        return self.rows >= 0

    @property
    def width(self) -> int:
        """Return the number of values of a bottleneck."""
        return int(self.vectors.shape[1])

    def __getitem__(self, products: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the bottlenecks of the given products, float32 [len(products), width]."""
        rows = self.rows[products]
        values = self.vectors[np.maximum(rows, 0)]
        values[rows < 0] = 0
        return values


def cache_name(backbone: Backbone) -> str:
    """Return a folder name that differs for any two networks, precisions or preprocessings."""
    precision = "" if backbone.precision == FULL_PRECISION else f"-{backbone.precision}"
    return f"{backbone.sha256[:16]}-{backbone.size}-{PREPROCESSING}{precision}"


def bottleneck_cache(path: Path, backbone: Backbone, console: Console = SILENT) -> BottleneckCache:
    """Open a network's cache below path; damaged parts are reported on the console."""
    network = f"{backbone.sha256} {backbone.size} pixels {backbone.width} values"
    return BottleneckCache(path / cache_name(backbone), backbone.width, network, console)


def bottlenecks(
    images: Sequence[Image | None],
    folder: Path,
    backbone: Backbone,
    cache: BottleneckCache,
    console: Console = SILENT,
    view_of: Callable[[Image], View] = View,
    more_images: Sequence[Sequence[Image]] = (),
) -> Bottlenecks:
    """Return the bottleneck of each product's picture, from the cache or computed.

    images: [products], main pictures, files below folder. view_of: chooses the augmented view of
    a main picture (by default the picture itself). more_images: [products], further pictures whose
    bottlenecks are pooled with that of the main one. Safe to kill: committed bottlenecks are not
    computed again. Raises FeatureError if no product has a readable picture.
    """
    if not any(images) and not any(more_images):
        raise FeatureError(
            "none of these products has a picture; run crawl.py again to fetch them, "
            "or use categorize_words.py"
        )
    views = [view_of(image) if image else None for image in images]
    further_views = [[View(image) for image in further] for further in more_images]
    all_views = [*views, *chain.from_iterable(further_views)]
    lost: list[str] = []
    unreadable: set[str] = set()  # keys
    for _ in range(ATTEMPTS):  # the first suffices, unless other programs clean the cache
        needed = {view.key: view for view in all_views if view and view.key not in unreadable}
        uncached = {key: view for key, view in needed.items() if key not in cache}
        computed = _compute(
            uncached, folder, backbone=backbone, cache=cache, lost=lost, console=console
        )
        unreadable |= uncached.keys() - computed
        keys = [view.key if view and view.key not in unreadable else None for view in views]
        names, mains = keys, None
        if any(further_views):
            pictures_of = [
                [
                    *([key] if key else []),
                    *(view.key for view in further if view.key not in unreadable),
                ]
                for key, further in zip(keys, further_views, strict=True)
            ]
            names, mains = pooled_keys(pictures_of, cache), cache.rows(keys)
        rows = cache.rows(names)
        if all(row >= 0 or not name for name, row in zip(names, rows.tolist(), strict=True)):
            break
    else:
        raise FeatureError(
            "bottlenecks disappear from the cache while they are read; stop other programs that "
            "clean the cache, then run the command again"
        )
    cache.report_damage()
    if not (rows >= 0).any():
        raise FeatureError(f"no picture can be read ({lost[0]}); pass the right --images-path")
    return Bottlenecks(cache.read(), rows, tuple(lost), mains)


def _compute(
    views: Mapping[str, View],
    folder: Path,
    backbone: Backbone,
    cache: BottleneckCache,
    lost: list[str],
    console: Console,
) -> set[str]:
    """Cache the bottlenecks of views by key, and return the keys of the readable ones.

    lost: receives a line with the reason for each unreadable picture.
    """
    computed: set[str] = set()
    batches = embed_views(views, folder, backbone, lost=lost, label="bottlenecks", console=console)
    for commit in chunks(batches, COMMIT_BATCHES):
        keys = [key for batch_keys, _ in commit for key in batch_keys]
        cache.append(keys, np.concatenate([vectors for _, vectors in commit]))
        computed.update(keys)
    return computed


def embed_views(
    views: Mapping[str, View],
    folder: Path,
    network: Network,
    lost: list[str],
    label: str,
    console: Console = SILENT,
) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """Yield batches of keys and the network's output for their views, [len(keys), width].

    lost: receives a line with the reason for each unreadable picture. label: names the items in the
    progress display.
    """

    def pixels(view: View) -> NDArray[np.float32] | str:
        try:
            return to_pixels(read_view(view, folder), network.size)
        except PictureError as error:
            return str(error)

    def readable(pool: ThreadPoolExecutor) -> Iterator[tuple[str, NDArray[np.float32]]]:
        decoded = ahead(pool, AHEAD * network.batch_size, pixels, views.values())
        tracked = console.progress(views.items(), label, len(views))
        for (key, view), result in zip(tracked, decoded, strict=True):
            if isinstance(result, str):
                lost.append(f"{view.image.file}: {result}")
            else:
                yield key, result

    with ThreadPoolExecutor(DECODERS) as decoders, ThreadPoolExecutor(EMBEDDERS) as embedders:
        batches = chunks(readable(decoders), network.batch_size)
        yield from ahead(embedders, EMBEDDERS, lambda batch: _embedded(batch, network), batches)


def _embedded(
    batch: Sequence[tuple[str, NDArray[np.float32]]], network: Network
) -> tuple[list[str], NDArray[np.float32]]:
    keys = [key for key, _ in batch]
    pixels = np.zeros((network.batch_size, network.size, network.size, 3), np.float32)
    for row, (_, picture) in enumerate(batch):
        pixels[row] = picture
    vectors = network.embed(pixels)[: len(batch)]
    if not np.isfinite(vectors).all():
        raise FeatureError(
            "the network gives a value that is not finite for a picture: its weights are damaged; "
            "pass another network"
        )
    return keys, vectors


def to_pixels(picture: PillowImage.Image, size: int) -> NDArray[np.float32]:
    """Resize a picture to a square, float32 [size, size, 3] in [0, 1]."""
    return to_square(picture, size).astype(np.float32) / np.float32(255)


def to_square(picture: PillowImage.Image, size: int) -> NDArray[np.uint8]:
    """Resize a picture to a square without cropping, as in Inception's training.

    Returns uint8 [size, size, 3].
    """
    return np.asarray(picture.resize((size, size), PillowImage.Resampling.BILINEAR))


def read_view(view: View, folder: Path) -> PillowImage.Image:
    """Read a view of a picture. Raises PictureError if a file is missing, changed or damaged."""
    partner = _read(view.mixup_partner, folder) if view.mixup_partner else None
    return apply_view(view, _read(view.image, folder), partner)


def _read(image: Image, folder: Path) -> PillowImage.Image:
    try:
        data = read_bounded(folder / str(image.file), LARGEST_PICTURE)
    except OSError as error:
        raise PictureError(str(error.strerror)) from None
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise PictureError("not the file that was crawled")
    return decode(data)[0]


def ahead(
    pool: ThreadPoolExecutor, bound: int, work: Callable[[T], R], items: Iterable[T]
) -> Iterator[R]:
    """Yield work(item) in order, with at most `bound` results computed ahead of the consumer."""
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > bound:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` items; the last list may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
