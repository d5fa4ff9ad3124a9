"""Widths and heights of pictures: how they spread, their shapes, and how many are too small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.spread import Box, counted_box

SMALL = 100  # pixels: a side below is small
PER_DOUBLING = 4  # cells of the map: so many until a side is twice as long
SHOWN = 5  # of the commonest sizes
SQUARE = 1.05  # longer side / shorter side, at most


@dataclass(frozen=True, slots=True)
class PictureSizes:
    """What pictures measure."""

    pictures: int
    small: int  # with a side below SMALL
    upright: int
    square: int
    wide: int
    spread: dict[str, Box]  # of the width, height, megapixels and width / height
    commonest: list[tuple[int, int, int]]  # width, height, pictures; the most frequent first
    cells: list[tuple[int, int, int]]  # the same, summed up in cells: sides are those of `side`


def measure_pictures(sizes: NDArray[np.int64]) -> PictureSizes:
    """Sum up sizes: width, height and number of pictures, [sizes, 3], sides of a pixel or more."""
    width, height, count = sizes.T
    measured = {
        "width": width / 1,
        "height": height / 1,
        "megapixels": width * height / 1e6,
        "width / height": width / height,
    }
    first = np.lexsort((height, width, -count))[:SHOWN]
    place = np.floor(PER_DOUBLING * np.log2(sizes[:, :2])).astype(np.int64)
    most = int(place.max(initial=0)) + 1
    keys, inverse = np.unique(place @ [most, 1], return_inverse=True)
    inside = np.bincount(inverse, count, len(keys)).astype(np.int64)
    return PictureSizes(
        int(count.sum()),
        int(count[np.minimum(width, height) < SMALL].sum()),
        int(count[height > SQUARE * width].sum()),
        int(count[np.maximum(width, height) <= SQUARE * np.minimum(width, height)].sum()),
        int(count[width > SQUARE * height].sum()),
        {name: counted_box(values, count) for name, values in measured.items() if len(count)},
        [(int(width[k]), int(height[k]), int(count[k])) for k in first],
        [(*divmod(key, most), n) for key, n in zip(keys.tolist(), inside.tolist(), strict=True)],
    )


def side(cell: float) -> float:
    """Tell the pixels at which a cell begins."""
    return float(2 ** (cell / PER_DOUBLING))
