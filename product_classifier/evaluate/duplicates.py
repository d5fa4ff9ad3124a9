"""Groups of products that are duplicates of each other, and whether their categories agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.tree import NONE, Members, Numbers


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Products that share something with another one."""

    groups: int
    products: int  # in those groups
    largest: int  # products of the largest group
    contradicting: int  # groups whose products all have categories, and none in common
    contradicted: int  # products of those


def judge_duplicates(group: Numbers, members: Members) -> Duplicates:
    """Count groups of two or more; group: [products], numbers from 0 on, NONE for no group."""
    sizes = np.bincount(group[group != NONE], minlength=1)
    against = _contradicting(group, sizes, members)
    several = sizes > 1
    return Duplicates(
        int(several.sum()),
        int(sizes[several].sum()),
        int(sizes[several].max(initial=0)),
        int(against.sum()),
        int(sizes[against].sum()),
    )


def _contradicting(group: Numbers, sizes: Numbers, members: Members) -> NDArray[np.bool_]:
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
