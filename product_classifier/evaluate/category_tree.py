"""The tree of categories as arrays: how deep each one lies, and what is in it and below.

Categories are rows 0..n-1. A tree that a source has broken, so that a category lies above itself,
is counted too: each category of the ring is above all others of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
NONE = -1


class Members(NamedTuple):
    """Which product is in which category, [pairs] each."""

    product: Integers
    category: Integers


@dataclass(frozen=True)
class Tree:
    """Where categories lie, [categories] each."""

    parent: Integers  # NONE below the root, and for what is orphaned
    level: Integers  # depth below the root, which has 0
    looped: NDArray[np.bool_]  # lies above itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How unequal categories are; empty ones are only counted."""

    categories: int
    empty: int
    largest: int
    median: float
    smallest: int
    half: int  # so many of the largest hold half of what all of them hold


def build_tree(parents: Sequence[int], roots: Sequence[bool]) -> Tree:
    """Measure a tree; parents: the row above each category, NONE where there is none."""
    above = [NONE if up == NONE or roots[up] else up for up in parents]
    level, looped = np.zeros(len(above), np.int64), np.zeros(len(above), np.bool_)
    for row, parent in enumerate(above):
        passed, here = {row}, parent
        while here != NONE and here not in passed:
            passed.add(here)
            here = above[here]
        level[row] = 0 if roots[row] else len(passed)
        looped[row] = here == row
    return Tree(np.array(above, np.int64), level, looped)


def with_ancestors(members: Members, tree: Tree) -> Members:
    """Add to the categories of each product all that lie above them, each pair once."""
    product, category = members
    products, categories = [product], [category]
    for _ in range(int(tree.level.max(initial=0)) - 1):
        category = tree.parent[category]
        product, category = product[category != NONE], category[category != NONE]
        products.append(product)
        categories.append(category)
    count = max(len(tree.parent), 1)
    pairs = np.sort(np.concatenate(products) * count + np.concatenate(categories))
    pairs = pairs[np.diff(pairs, prepend=NONE) > 0]
    return Members(*np.divmod(pairs, count))


def compare_sizes(products: Integers) -> Sizes:
    """Compare categories by their products, [categories]."""
    filled = np.sort(products[products > 0])[::-1]
    if not len(filled):
        return Sizes(
            categories=len(products), empty=len(products), largest=0, median=0.0, smallest=0, half=0
        )
    half = int(np.searchsorted(np.cumsum(filled), filled.sum() / 2)) + 1
    return Sizes(
        categories=len(products),
        empty=len(products) - len(filled),
        largest=int(filled[0]),
        median=float(np.median(filled)),
        smallest=int(filled[-1]),
        half=half,
    )
