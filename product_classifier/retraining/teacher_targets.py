"""Training data of a distillation: views of pictures, and the teacher's bottleneck of each view."""

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


@dataclass(frozen=True, kw_only=True)
class TeacherTargets:
    """Pictures, their teacher, and the cache of the teacher's bottlenecks."""

    images: Sequence[Image]  # files below folder
    folder: Path
    teacher: Backbone
    cache: BottleneckCache
    console: Console = SILENT
    mixup_partners: Sequence[Image] = ()  # sorted by hash; one is mixed into every second view

    def bottlenecks_of_view(self, number: int, rows: NDArray[np.int64]) -> Bottlenecks:
        """Return the teacher's bottlenecks of one view of the pictures in rows, from the cache.

        The result has a row for each picture; those that are not in rows are missing.
        """
        images: list[Image | None] = [None] * len(self.images)
        for row in rows.tolist():
            images[row] = self.images[row]
        return bottlenecks(
            images,
            self.folder,
            self.teacher,
            self.cache,
            console=self.console,
            view_of=lambda image: view(image, number, self.mixup_partners),
        )

    def batches(
        self,
        rows: NDArray[np.int64],
        views: NDArray[np.int64],
        size: int,
        batch_size: int,
        label: str,
    ) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """Yield batches of pictures, uint8 [at most batch_size, size, size, 3], with their places.

        rows, views: [n], the picture and the number of its view; a place is a slice of these.
        label: of the progress that is shown.
        """

        def square(row_and_view: tuple[int, int]) -> NDArray[np.uint8]:
            row, number = row_and_view
            picture = read_view(view(self.images[row], number, self.mixup_partners), self.folder)
            return to_square(picture, size)

        pairs = zip(rows.tolist(), views.tolist(), strict=True)
        with ThreadPoolExecutor(DECODERS) as decoders:
            squares = self.console.progress(
                ahead(decoders, READ_AHEAD * batch_size, square, pairs), label, len(rows)
            )
            for number, batch in enumerate(chunks(squares, batch_size)):
                yield slice(number * batch_size, (number + 1) * batch_size), np.stack(batch)
