"""Pictures → bottlenecks: what is cached is read, the rest is computed in batches and cached."""

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

from product_classifier.backbones.backbone import Backbone
from product_classifier.backbones.keras_networks import FULL_PRECISION
from product_classifier.console import SILENT, Console
from product_classifier.errors import FeatureError, PictureError
from product_classifier.features.augmented_views import View, seen
from product_classifier.features.pooling import pooled
from product_classifier.pictures import decode
from product_classifier.records import Image
from product_classifier.regular import read_bounded
from product_classifier.store.cache import BottleneckCache

PREPROCESSING = "bilinear1"  # part of a cache's name: other ways of scaling give other values
COMMIT_BATCHES = 16  # a killed run loses no more than these
LARGEST_PICTURE = 500_000_000  # bytes of a file
DECODERS = 2  # threads; a network leaves them little to do
AHEAD = 4  # batches decoded before the network asks for them
ATTEMPTS = 3  # to have all bottlenecks in a cache that others remove
EMBEDDERS = 2  # batches in the network at once: one works where the other waits

T = TypeVar("T")
R = TypeVar("R")


class Network(Protocol):
    """What turns batches of pictures into vectors: a backbone, or a whole classifier."""

    @property
    def size(self) -> int:
        """Pixels of a picture's side."""

    @property
    def batch_size(self) -> int:
        """Pictures in a batch."""

    @property
    def embed(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """Turn float32 [batch_size, size, size, 3] in [0, 1] into [batch_size, width]."""


@dataclass(frozen=True)
class Bottlenecks:
    """One bottleneck for each product, zeros where it has no picture; memory-mapped.

    Of several pictures it is the pooled one.
    """

    vectors: NDArray[np.float32]  # [pictures, width]
    rows: NDArray[np.int64]  # [products], into vectors; -1 without picture
    lost: tuple[str, ...]  # pictures the database has and the images folder has not, with reasons
    mains: NDArray[np.int64] | None = None  # rows of main pictures; None: of the only ones

    @property
    def main(self) -> NDArray[np.int64]:
        """Which products show the same main picture: its row, -1 without, [products]."""
        return self.rows if self.mains is None else self.mains

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
    precision = "" if backbone.precision == FULL_PRECISION else f"-{backbone.precision}"
    return f"{backbone.sha256[:16]}-{backbone.size}-{PREPROCESSING}{precision}"


def bottleneck_cache(path: Path, backbone: Backbone, console: Console = SILENT) -> BottleneckCache:
    """Open the cache of a network among those below path; tell: told of what was damaged in it."""
    network = f"{backbone.sha256} {backbone.size} pixels {backbone.width} values"
    return BottleneckCache(path / cache_name(backbone), backbone.width, network, console)


def bottlenecks(
    images: Sequence[Image | None],
    folder: Path,
    backbone: Backbone,
    cache: BottleneckCache,
    console: Console = SILENT,
    view: Callable[[Image], View] = View,
    more: Sequence[Sequence[Image]] = (),
) -> Bottlenecks:
    """Look up or compute the bottleneck of each product's picture, or of a view of it.

    images: [products], files below folder; view: which one of a picture; more: [products], further
    pictures that are pooled with it. Safe to kill: what was committed is not computed again. Raises
    FeatureError where there is not a single picture.
    """
    if not any(images) and not any(more):
        raise FeatureError(
            "none of these products has a picture; run crawl.py again to fetch them, "
            "or use categorize_words.py"
        )
    views = [view(image) if image else None for image in images]
    further = [[View(image) for image in some] for some in more]
    every = [*views, *chain.from_iterable(further)]
    lost: list[str] = []
    gone: set[str] = set()  # keys of what could not be read
    for _ in range(ATTEMPTS):  # one is enough, unless others remove the cache meanwhile
        missing = {one.key: one for one in every if one and one.key not in gone}
        wanted = {key: one for key, one in missing.items() if key not in cache}
        gone |= wanted.keys() - _compute(wanted, folder, backbone, cache, lost, console)
        keys = [one.key if one and one.key not in gone else None for one in views]
        names, mains = keys, None
        if any(further):
            shown = zip(keys, further, strict=True)
            some = [
                [*([key] if key else []), *(one.key for one in rest if one.key not in gone)]
                for key, rest in shown
            ]
            names, mains = pooled(some, cache), cache.rows(keys)
        rows = cache.rows(names)
        if all(row >= 0 or not name for name, row in zip(names, rows.tolist(), strict=True)):
            break
    else:
        raise FeatureError(
            "bottlenecks disappear from the cache while they are read; let no other program clean "
            "it, and run it again"
        )
    cache.report_damage()
    if not (rows >= 0).any():
        raise FeatureError(f"no picture can be read ({lost[0]}); pass the right --images-path")
    return Bottlenecks(cache.read(), rows, tuple(lost), mains)


def _compute(
    wanted: Mapping[str, View],
    folder: Path,
    backbone: Backbone,
    cache: BottleneckCache,
    lost: list[str],
    console: Console,
) -> set[str]:
    """Fill the cache with keys and their views; returns the keys of those that could be read.

    lost: told what could not, and why.
    """
    computed: set[str] = set()
    batches = embedded(wanted, folder, backbone, lost, "bottlenecks", console)
    for commit in chunks(batches, COMMIT_BATCHES):
        keys = [key for batch_keys, _ in commit for key in batch_keys]
        cache.append(keys, np.concatenate([vectors for _, vectors in commit]))
        computed.update(keys)
    return computed


def embedded(
    wanted: Mapping[str, View],
    folder: Path,
    network: Network,
    lost: list[str],
    label: str,
    console: Console = SILENT,
) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """Yield batch by batch the keys of views and what a network makes of them, [keys, width].

    lost: told what could not be read, and why; label: as the progress calls it.
    """

    def pixels(view: View) -> NDArray[np.float32] | str:
        try:
            return to_pixels(read_view(view, folder), network.size)
        except PictureError as error:
            return str(error)

    def readable(pool: ThreadPoolExecutor) -> Iterator[tuple[str, NDArray[np.float32]]]:
        decoded = ahead(pool, AHEAD * network.batch_size, pixels, wanted.values())
        tracked = console.progress(wanted.items(), label, len(wanted))
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
            "the network gives what is no number for a picture: it is damaged; pass another one"
        )
    return keys, vectors


def to_pixels(picture: PillowImage.Image, size: int) -> NDArray[np.float32]:
    """Squash a picture to a square, float32 [size, size, 3] in [0, 1]."""
    return to_square(picture, size).astype(np.float32) / np.float32(255)


def to_square(picture: PillowImage.Image, size: int) -> NDArray[np.uint8]:
    """Squash a picture to a square, as Inception's own training did; uint8 [size, size, 3]."""
    return np.asarray(picture.resize((size, size), PillowImage.Resampling.BILINEAR))


def read_view(view: View, folder: Path) -> PillowImage.Image:
    """Read a view of a picture. Raises PictureError where a file is gone, changed or broken."""
    mate = _read(view.mate, folder) if view.mate else None
    return seen(view, _read(view.image, folder), mate)


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
    """Map in order, working on a bounded number of items beforehand."""
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > bound:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut into lists of a size, the last one perhaps shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
