"""What a student learns from: views of pictures, and what its teacher gives for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.backbone import Backbone
from product_classifier.console import SILENT, Console
from product_classifier.features.augmented_views import view
from product_classifier.features.bottlenecks import (
    DECODERS,
    Bottlenecks,
    ahead,
    bottlenecks,
    chunks,
    read_view,
    to_square,
)
from product_classifier.records import Image
from product_classifier.store.cache import BottleneckCache

READ_AHEAD = 4  # batches


@dataclass(frozen=True)
class Lessons:
    """Pictures, the teacher of them, and where its bottlenecks are cached."""

    images: Sequence[Image]  # files below folder
    folder: Path
    teacher: Backbone
    cache: BottleneckCache
    console: Console = SILENT
    mates: Sequence[Image] = ()  # sorted by hash, to be mixed into every second view

    def answers(self, number: int, rows: NDArray[np.int64]) -> Bottlenecks:
        """Compute or read what the teacher gives for a view of the pictures in some rows."""
        asked: list[Image | None] = [None] * len(self.images)
        for row in rows.tolist():
            asked[row] = self.images[row]
        return bottlenecks(
            asked,
            self.folder,
            self.teacher,
            self.cache,
            self.console,
            lambda image: view(image, number, self.mates),
        )

    def batches(
        self,
        rows: NDArray[np.int64],
        views: NDArray[np.int64],
        size: int,
        batch_size: int,
        label: str,
    ) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """Read a view of each row's picture: uint8 [at most batch_size, size, size, 3], and where.

        rows, views: [n]; the slice is into them.
        """

        def square(lesson: tuple[int, int]) -> NDArray[np.uint8]:
            row, number = lesson
            return to_square(
                read_view(view(self.images[row], number, self.mates), self.folder), size
            )

        pairs = zip(rows.tolist(), views.tolist(), strict=True)
        with ThreadPoolExecutor(DECODERS) as decoders:
            squares = self.console.progress(
                ahead(decoders, READ_AHEAD * batch_size, square, pairs), label, len(rows)
            )
            for number, batch in enumerate(chunks(squares, batch_size)):
                yield slice(number * batch_size, (number + 1) * batch_size), np.stack(batch)
