"""All that is counted of a catalogue before anything is trained on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.category_tree import NONE, Integers, Members, Sizes
from product_classifier.records import CatalogueState


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCount:
    """What is in a category, or below it."""

    id: str
    path: str
    name: str
    level: int  # depth below the root
    leaf: bool
    looped: bool  # lies above itself
    products: int
    pictures: int  # complete ones of these products
    pictured: int  # products that have any of them

    @property
    def label(self) -> str:
        """The path, with the name where that tells something else."""
        if not self.path:
            return self.name
        said, name = _letters(self.path.rpartition("/")[2].replace("%2F", "/")), _letters(self.name)
        return self.path if said in name or name in said else f"{self.path} ({self.name})"


@dataclass(frozen=True, slots=True)
class LevelSizes:
    """The categories of one depth, or all leaves."""

    products: int  # in any of them
    sizes: Sizes
    ordered: Sequence[int]  # products of each, the largest first


@dataclass(frozen=True, slots=True)
class KeptLeaves:
    """What a categorizer keeps that asks for so many products of a leaf."""

    fewest: int
    leaves: int
    products: int


@dataclass(frozen=True, slots=True)
class FilingCounts:
    """Products by the number and kind of their categories."""

    in_none: int
    in_several: int
    in_inner: int  # in a category that is no leaf
    in_no_leaf: int  # in such categories only


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLengths:
    """How many words names have."""

    group: str  # 'all', 'level 1' or 'leaves'
    category: str
    products: int
    before: Quantiles  # as names stand
    after: Quantiles  # as categorizers read them


@dataclass(frozen=True, slots=True)
class Languages:
    """What languages texts are in."""

    products: int  # that were looked at
    counts: Sequence[tuple[str, int]]  # ISO 639-1, '' where it cannot be told; the most first


@dataclass(frozen=True, kw_only=True)
class CatalogueSummary:
    """All that is told of a catalogue."""

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
    same_either: Duplicates  # directly or through others, as the frozen split has it
    picture_sizes: PictureSizes
    seed: int  # of what was drawn at random


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Quantiles(NamedTuple):
    """The whiskers, the quartiles and the median of some values."""

    low: float  # 5 % are lower
    quarter: float
    median: float
    three_quarters: float
    high: float  # 5 % are higher


def quantiles(values: NDArray[np.int64]) -> Quantiles:
    """Measure values, [n], one or more: each quantile is one of them."""
    return Quantiles(*np.quantile(values, SHARES, method="inverted_cdf").tolist())


def weighted_quantiles(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Quantiles:
    """Measure values that occur so many times each, [n], in the same way."""
    return Quantiles(*np.quantile(values, SHARES, weights=counts, method="inverted_cdf").tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Products that share something with another one."""

    groups: int
    products: int  # in those groups
    largest: int  # products of the largest group
    contradicting: int  # groups whose products all have categories, and none in common
    contradicted: int  # products of those


def count_duplicates(group: Integers, members: Members) -> Duplicates:
    """Count groups of two or more; group: [products], numbers from 0 on, NONE for no group."""
    sizes = np.bincount(group[group != NONE], minlength=1)
    against = _contradicting(group, sizes, members)
    several = sizes > 1
    return Duplicates(
        groups=int(several.sum()),
        products=int(sizes[several].sum()),
        largest=int(sizes[several].max(initial=0)),
        contradicting=int(against.sum()),
        contradicted=int(sizes[against].sum()),
    )


def _contradicting(group: Integers, sizes: Integers, members: Members) -> NDArray[np.bool_]:
    """Tell of each group whether it contradicts itself, [groups]."""
    product, category = members
    inside = np.flatnonzero((group[product] != NONE) & (sizes[group[product]] > 1))
    product, category = product[inside], category[inside]
    known = np.bincount(group[np.unique(product)], minlength=len(sizes))  # products with categories
    count = int(category.max(initial=0)) + 1
    pairs, products = np.unique(group[product] * count + category, return_counts=True)
    most = np.zeros(len(sizes), np.int64)  # products that share the commonest category
    np.maximum.at(most, pairs // count, products)
    return np.asarray((sizes > 1) & (known == sizes) & (most < sizes))


SMALL = 100  # pixels: a side below is small
PER_DOUBLING = 4  # cells of the map: so many until a side is twice as long
SHOWN = 5  # of the commonest sizes
SQUARE = 1.05  # longer side / shorter side, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSizes:
    """What pictures measure."""

    pictures: int
    small: int  # with a side below SMALL
    upright: int
    square: int
    wide: int
    spread: dict[str, Quantiles]  # of the width, height, megapixels and width / height
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
        pictures=int(count.sum()),
        small=int(count[np.minimum(width, height) < SMALL].sum()),
        upright=int(count[height > SQUARE * width].sum()),
        square=int(count[np.maximum(width, height) <= SQUARE * np.minimum(width, height)].sum()),
        wide=int(count[width > SQUARE * height].sum()),
        spread={
            name: weighted_quantiles(values, count)
            for name, values in measured.items()
            if len(count)
        },
        commonest=[(int(width[k]), int(height[k]), int(count[k])) for k in first],
        cells=[
            (*divmod(key, most), n) for key, n in zip(keys.tolist(), inside.tolist(), strict=True)
        ],
    )


def cell_side(cell: float) -> float:
    """Tell the pixels at which a cell begins."""
    return float(2 ** (cell / PER_DOUBLING))


TERMS_SHOWN = 40  # of the commonest
ENOUGH = 5  # products that a word should stand in
POINTS = 60  # of the curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What the words of some products come to; the commonest stand in the most products."""

    products: int  # that were looked at
    words: int  # distinct ones
    occurrences: int
    in_one: int  # words that stand in one product only
    in_enough: int  # words that stand in ENOUGH or more
    kept: int  # so many of the commonest a bag of words keeps
    kept_occurrences: int
    commonest: list[tuple[str, int, int]]  # words, the products they stand in, their occurrences
    curve: list[tuple[int, float]]  # so many of the commonest are such a share of all occurrences


def measure_words(
    occurrences: Mapping[str, int], standing: Mapping[str, int], products: int, kept: int
) -> Vocabulary:
    """Sum up how often each word occurs, and in how many products it stands."""
    words = list(occurrences)
    often = np.fromiter(occurrences.values(), np.int64)
    spread = np.fromiter((standing[word] for word in words), np.int64)
    order = np.lexsort((-often, -spread))
    total = np.cumsum(often[order])
    ranks = np.unique(np.geomspace(1, max(len(words), 1), POINTS).round().astype(int))
    return Vocabulary(
        products=products,
        words=len(words),
        occurrences=int(often.sum()),
        in_one=int((spread == 1).sum()),
        in_enough=int((spread >= ENOUGH).sum()),
        kept=kept,
        kept_occurrences=int(often[order[:kept]].sum()),
        commonest=[(words[k], int(spread[k]), int(often[k])) for k in order[:TERMS_SHOWN]],
        curve=[(int(rank), float(total[rank - 1] / total[-1])) for rank in ranks] if words else [],
    )
