"""A catalogue as columns of numbers, counted all at once: of a million products, in a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.catalogue_summary import (
    CategoryCount,
    FilingCounts,
    KeptLeaves,
    LevelSizes,
    NameLengths,
    quantiles,
)
from product_classifier.evaluate.category_tree import Integers, Members, Tree, compare_sizes
from product_classifier.records import Category

MEASURED = 20  # categories, top-level ones and leaves each, whose names are measured


@dataclass(frozen=True, kw_only=True)
class CatalogueColumns:
    """Products by their place in rows, categories by their place in categories."""

    rows: Integers  # rowids of the products
    categories: Sequence[Category]
    places: Mapping[str, int]  # of the categories, by id
    leaf: NDArray[np.bool_]  # [categories]
    tree: Tree
    members: Members  # what products belong to themselves
    within: Members  # and all that lies above
    true: Members  # what they belong to themselves as persons have corrected it
    before: Integers  # [products], words of a name as it stands
    after: Integers  # as categorizers read it
    text: Integers  # [products], the number of its words
    picture: Integers  # of its main picture; NONE without one
    pictures: Integers  # how many complete ones it has


def count_categories(columns: CatalogueColumns) -> list[CategoryCount]:
    """Count what is in each category or below, the largest first."""
    many, (product, category) = len(columns.categories), columns.within
    having = columns.pictures[product]
    products = np.bincount(category, minlength=many)
    pictures = np.bincount(category, having, many).astype(np.int64).tolist()
    pictured = np.bincount(category[having > 0], minlength=many).tolist()
    level, looped = columns.tree.level.tolist(), columns.tree.looped.tolist()
    return [
        CategoryCount(
            id=one.id,
            path=one.path,
            name=one.name,
            level=level[k],
            leaf=one.leaf,
            looped=looped[k],
            products=int(products[k]),
            pictures=pictures[k],
            pictured=pictured[k],
        )
        for k in np.argsort(-products, kind="stable").tolist()
        for one in [columns.categories[k]]
    ]


def compare_levels(columns: CatalogueColumns) -> Iterator[LevelSizes]:
    """Compare the categories of each depth below the root."""
    for depth in range(1, int(columns.tree.level.max(initial=0)) + 1):
        yield _compare(columns, columns.tree.level == depth)


def compare_leaves(columns: CatalogueColumns) -> LevelSizes:
    """Compare the leaves."""
    return _compare(columns, columns.leaf)


def _compare(columns: CatalogueColumns, chosen: NDArray[np.bool_]) -> LevelSizes:
    products = np.bincount(columns.within.category, minlength=len(chosen))[chosen]
    inside = _products_in(columns, columns.within, chosen)
    return LevelSizes(inside, compare_sizes(products), np.sort(products)[::-1].tolist())


def _products_in(columns: CatalogueColumns, members: Members, chosen: NDArray[np.bool_]) -> int:
    """Count the products in any of the chosen categories, each once."""
    inside = np.zeros(len(columns.rows), np.bool_)
    inside[members.product[chosen[members.category]]] = True
    return int(inside.sum())


def count_kept_leaves(columns: CatalogueColumns, fewest: int) -> KeptLeaves:
    """Tell what a categorizer keeps that asks for so many products of a leaf."""
    products = np.bincount(columns.members.category, minlength=len(columns.leaf))
    kept = columns.leaf & (products >= fewest)
    return KeptLeaves(fewest, int(kept.sum()), _products_in(columns, columns.members, kept))


def count_filed(columns: CatalogueColumns) -> FilingCounts:
    """Count products by the number and kind of their own categories."""
    product, category = columns.members
    many = len(columns.rows)
    categories = np.bincount(product, minlength=many)
    leaves = np.bincount(product[columns.leaf[category]], minlength=many)
    return FilingCounts(
        int((categories == 0).sum()),
        int((categories > 1).sum()),
        int((categories > leaves).sum()),
        int(((categories > 0) & (leaves == 0)).sum()),
    )


def measure_names(
    columns: CatalogueColumns, counts: Sequence[CategoryCount]
) -> Iterator[NameLengths]:
    """Measure the names of all products, of the largest top-level categories, of leaves."""
    yield NameLengths(
        group="all",
        category="all products",
        products=len(columns.rows),
        before=quantiles(columns.before),
        after=quantiles(columns.after),
    )
    product, category = columns.within
    order = np.argsort(category, kind="stable")
    ends = np.cumsum(np.bincount(category, minlength=len(columns.categories)))
    filled = [one for one in counts if one.products]
    tops = [one for one in filled if one.level == 1 and not one.leaf]
    leaves = [one for one in filled if one.leaf]
    for group, chosen in (("level 1", tops), ("leaves", leaves)):
        for one in chosen[:MEASURED]:
            end = ends[columns.places[one.id]]
            rows = product[order[end - one.products : end]]
            yield NameLengths(
                group=group,
                category=one.label,
                products=one.products,
                before=quantiles(columns.before[rows]),
                after=quantiles(columns.after[rows]),
            )
