"""The category tree as arrays: the depth of each category, its members, the members below it.

Categories are rows 0..n-1. Cycles, in which a category is its own ancestor, are allowed: each
category of a cycle is an ancestor of all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
NONE = -1  # stands for no category, no group, no picture


class Members(NamedTuple):
    """Pairs of a product and one of its categories, [pairs] each."""

    product: Integers
    category: Integers


@dataclass(frozen=True)
class Tree:
    """The parent and the depth of each category, [categories] each."""

    parent: Integers  # NONE directly below the root, and for orphans
    level: Integers  # depth below the root, which has 0
    looped: NDArray[np.bool_]  # is its own ancestor


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The distribution of products over categories; all but `categories` leave out empty ones."""

    categories: int
    empty: int
    largest: int
    median: float
    smallest: int
    half: int  # the number of largest categories that hold half of the sum over all categories


def build_tree(parents: Sequence[int], roots: Sequence[bool]) -> Tree:
    """Return the tree; parents: the row of each category's parent, NONE without a parent."""
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
    """Return the pairs and, for each, the pairs with all ancestors of its category, each once."""
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
    """Summarise the number of products of each category, [categories]."""
    filled = np.sort(products[products > 0])[::-1]
    if not len(filled):
        count = len(products)
        return Sizes(categories=count, empty=count, largest=0, median=0.0, smallest=0, half=0)
    return Sizes(
        categories=len(products),
        empty=len(products) - len(filled),
        largest=int(filled[0]),
        median=float(np.median(filled)),
        smallest=int(filled[-1]),
        half=int(np.searchsorted(np.cumsum(filled), filled.sum() / 2)) + 1,
    )
