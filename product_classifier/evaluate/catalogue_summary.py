"""The summary of a catalogue: its categories, names, languages, words, duplicates and pictures.

Field names are the keys of analyze.py --catalogue --json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.category_tree import NONE, Integers, Members, Sizes
from product_classifier.records import CatalogueState

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the values at or below each quantile
SMALL = 100  # pixels: a picture with a shorter side is small
CELLS_PER_DOUBLING = 4  # cells of the picture plot until a side is twice as long
SIZES_SHOWN = 5  # most common picture sizes
SQUARE = 1.05  # longer side / shorter side of a square picture, at most
WORDS_SHOWN = 40  # most common words
ENOUGH = 5  # products in which a word should occur
CURVE_POINTS = 60  # of the vocabulary curve


class Quantiles(NamedTuple):
    """The 5 %, 25 %, 50 %, 75 % and 95 % quantiles of some values."""

    low: float  # 5 % are lower
    quarter: float
    median: float
    three_quarters: float
    high: float  # 5 % are higher


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCount:
    """The products and pictures in a category and below."""

    id: str
    path: str
    name: str
    level: int  # depth below the root
    leaf: bool
    looped: bool  # is its own ancestor
    products: int
    pictures: int  # complete ones of these products
    pictured: int  # products that have any complete picture

    @property
    def label(self) -> str:
        """The path, followed by the name unless the path already contains the name."""
        if not self.path:
            return self.name
        last = _letters(self.path.rpartition("/")[2].replace("%2F", "/"))
        name = _letters(self.name)
        return self.path if last in name or name in last else f"{self.path} ({self.name})"


@dataclass(frozen=True, slots=True)
class LevelSizes:
    """The sizes of the categories of one depth, or of all leaves."""

    products: int  # in any of the categories
    sizes: Sizes
    ordered: Sequence[int]  # products of each category, the largest first


@dataclass(frozen=True, slots=True)
class KeptLeaves:
    """The leaves with at least `fewest` products, which is what --min-per-category keeps."""

    fewest: int
    leaves: int
    products: int


@dataclass(frozen=True, slots=True)
class FilingCounts:
    """Products by the number and kind of their categories."""

    in_none: int
    in_several: int
    in_inner: int  # in a category that is not a leaf
    in_no_leaf: int  # in such categories only


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLengths:
    """The number of words in the names of a group of products."""

    group: str  # 'all', 'level 1' or 'leaves'
    category: str
    products: int
    before: Quantiles  # of the original names
    after: Quantiles  # of the names as categorizers read them


@dataclass(frozen=True, slots=True)
class Languages:
    """The detected languages of names and descriptions."""

    products: int  # whose texts were examined
    counts: Sequence[tuple[str, int]]  # ISO 639-1 code, '' if undetected; the most common first


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Products that share something, such as their picture, with another product."""

    groups: int
    products: int  # in those groups
    largest: int  # products of the largest group
    contradicting: int  # groups whose products all have categories, but none in common
    contradicted: int  # products of contradicting groups


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSizes:
    """The sizes and shapes of pictures."""

    pictures: int
    small: int  # with a side below SMALL
    upright: int
    square: int
    wide: int
    spread: dict[str, Quantiles]  # of the width, height, megapixels and width / height
    commonest: list[tuple[int, int, int]]  # width, height, pictures; the most frequent first
    cells: list[tuple[int, int, int]]  # the same by cells of the plot; sides as in `cell_side`


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The distinct words of some products, ranked by the number of products they occur in."""

    products: int  # whose words were counted
    words: int  # distinct ones
    occurrences: int
    in_one: int  # words that occur in one product only
    in_enough: int  # words that occur in ENOUGH products or more
    kept: int  # most common words that a bag of words keeps, at most
    kept_occurrences: int
    commonest: list[tuple[str, int, int]]  # word, products it occurs in, occurrences
    curve: list[tuple[int, float]]  # number of most common words, their share of all occurrences


@dataclass(frozen=True, kw_only=True)
class CatalogueSummary:
    """Everything that analyze.py --catalogue reports."""

    state: CatalogueState
    filed: FilingCounts
    categories: Sequence[CategoryCount]  # the largest first
    levels: Sequence[LevelSizes]
    leaves: LevelSizes
    kept: Sequence[KeptLeaves]
    names: Sequence[NameLengths]
    vocabulary: Vocabulary
    languages: Languages
    same_words: Duplicates
    same_picture: Duplicates
    same_either: Duplicates  # directly or through other products, as in the frozen split
    picture_sizes: PictureSizes
    seed: int  # of all random samples


def quantiles(values: NDArray[np.int64]) -> Quantiles:
    """Return the quantiles of values, [n], n > 0; each quantile is one of the values."""
    return Quantiles(*np.quantile(values, SHARES, method="inverted_cdf").tolist())


def weighted_quantiles(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Quantiles:
    """Return the quantiles of values, [n], where value k occurs counts[k] times."""
    return Quantiles(*np.quantile(values, SHARES, weights=counts, method="inverted_cdf").tolist())


def count_duplicates(group: Integers, members: Members) -> Duplicates:
    """Count the groups of two or more products.

    group: [products], the group of each product, numbered from 0, NONE for no group. members: the
    categories of the products.
    """
    sizes = np.bincount(group[group != NONE], minlength=1)
    contradicting = _contradicting(group, sizes, members)
    several = sizes > 1
    return Duplicates(
        groups=int(several.sum()),
        products=int(sizes[several].sum()),
        largest=int(sizes[several].max(initial=0)),
        contradicting=int(contradicting.sum()),
        contradicted=int(sizes[contradicting].sum()),
    )


def measure_pictures(sizes: NDArray[np.int64]) -> PictureSizes:
    """Summarise picture sizes: [sizes, 3], width, height (1 pixel or more), number of pictures."""
    width, height, count = sizes.T
    measures = {
        "width": width / 1,
        "height": height / 1,
        "megapixels": width * height / 1e6,
        "width / height": width / height,
    }
    most_common = np.lexsort((height, width, -count))[:SIZES_SHOWN]
    cell = np.floor(CELLS_PER_DOUBLING * np.log2(sizes[:, :2])).astype(np.int64)
    cells_across = int(cell.max(initial=0)) + 1
    keys, inverse = np.unique(cell @ [cells_across, 1], return_inverse=True)
    pictures = np.bincount(inverse, count, len(keys)).astype(np.int64)
    square = np.maximum(width, height) <= SQUARE * np.minimum(width, height)
    return PictureSizes(
        pictures=int(count.sum()),
        small=int(count[np.minimum(width, height) < SMALL].sum()),
        upright=int(count[height > SQUARE * width].sum()),
        square=int(count[square].sum()),
        wide=int(count[width > SQUARE * height].sum()),
        spread={
            name: weighted_quantiles(values, count)
            for name, values in measures.items()
            if len(count)
        },
        commonest=[(int(width[k]), int(height[k]), int(count[k])) for k in most_common],
        cells=[
            (*divmod(key, cells_across), n)
            for key, n in zip(keys.tolist(), pictures.tolist(), strict=True)
        ],
    )


def cell_side(cell: float) -> float:
    """Return the width or height, in pixels, at which a cell of the picture plot begins."""
    return float(2 ** (cell / CELLS_PER_DOUBLING))


def measure_words(
    occurrences: Mapping[str, int], products_with: Mapping[str, int], products: int, kept: int
) -> Vocabulary:
    """Summarise a vocabulary.

    occurrences: of each word. products_with: the number of products in which each word occurs.
    products: whose words were counted. kept: the size of a bag of words.
    """
    words = list(occurrences)
    times = np.fromiter(occurrences.values(), np.int64)
    spread = np.fromiter((products_with[word] for word in words), np.int64)
    order = np.lexsort((-times, -spread))
    total = np.cumsum(times[order])
    ranks = np.unique(np.geomspace(1, max(len(words), 1), CURVE_POINTS).round().astype(int))
    return Vocabulary(
        products=products,
        words=len(words),
        occurrences=int(times.sum()),
        in_one=int((spread == 1).sum()),
        in_enough=int((spread >= ENOUGH).sum()),
        kept=kept,
        kept_occurrences=int(times[order[:kept]].sum()),
        commonest=[(words[k], int(spread[k]), int(times[k])) for k in order[:WORDS_SHOWN]],
        curve=[(int(rank), float(total[rank - 1] / total[-1])) for rank in ranks] if words else [],
    )


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _contradicting(group: Integers, sizes: Integers, members: Members) -> NDArray[np.bool_]:
    """Return whether the products of each group have no category in common, [groups]."""
    product, category = members
    inside = np.flatnonzero((group[product] != NONE) & (sizes[group[product]] > 1))
    product, category = product[inside], category[inside]
    labelled = np.bincount(group[np.unique(product)], minlength=len(sizes))  # products
    count = int(category.max(initial=0)) + 1
    pairs, products = np.unique(group[product] * count + category, return_counts=True)
    most = np.zeros(len(sizes), np.int64)  # products that share the most common category
    np.maximum.at(most, pairs // count, products)
    return np.asarray((sizes > 1) & (labelled == sizes) & (most < sizes))
