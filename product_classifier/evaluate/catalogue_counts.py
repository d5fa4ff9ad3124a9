"""Counts over a catalogue held as arrays: a million products take about a second."""

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

CATEGORIES_MEASURED = 20  # top-level categories, and as many leaves, whose names are measured


@dataclass(frozen=True, kw_only=True)
class CatalogueColumns:
    """A catalogue as arrays; products and categories are numbered from 0."""

    rows: Integers  # [products], their rowids
    categories: Sequence[Category]
    places: Mapping[str, int]  # number of each category, by id
    leaf: NDArray[np.bool_]  # [categories]
    tree: Tree
    members: Members  # the products' own categories
    within: Members  # the same with all ancestors of the categories
    true: Members  # the products' own categories as corrected by people
    before: Integers  # [products], words of the original name
    after: Integers  # [products], words of the name as categorizers read it
    text: Integers  # [products], a number for each distinct text
    picture: Integers  # [products], a number for each distinct main picture; NONE without one
    pictures: Integers  # [products], complete pictures


def count_categories(columns: CatalogueColumns) -> list[CategoryCount]:
    """Return the counts of each category and all that is below it, the largest first."""
    count, (product, category) = len(columns.categories), columns.within
    pictures_of = columns.pictures[product]
    products = np.bincount(category, minlength=count)
    pictures = np.bincount(category, pictures_of, count).astype(np.int64).tolist()
    pictured = np.bincount(category[pictures_of > 0], minlength=count).tolist()
    level, looped = columns.tree.level.tolist(), columns.tree.looped.tolist()
    return [
        CategoryCount(
            id=columns.categories[k].id,
            path=columns.categories[k].path,
            name=columns.categories[k].name,
            level=level[k],
            leaf=columns.categories[k].leaf,
            looped=looped[k],
            products=int(products[k]),
            pictures=pictures[k],
            pictured=pictured[k],
        )
        for k in np.argsort(-products, kind="stable").tolist()
    ]


def compare_levels(columns: CatalogueColumns) -> Iterator[LevelSizes]:
    """Yield the sizes of the categories of each depth, from the top level down."""
    for depth in range(1, int(columns.tree.level.max(initial=0)) + 1):
        yield _level_sizes(columns, columns.tree.level == depth)


def compare_leaves(columns: CatalogueColumns) -> LevelSizes:
    """Return the sizes of the leaves."""
    return _level_sizes(columns, columns.leaf)


def count_kept_leaves(columns: CatalogueColumns, fewest: int) -> KeptLeaves:
    """Count the leaves with at least `fewest` products, and the products in these leaves."""
    products = np.bincount(columns.members.category, minlength=len(columns.leaf))
    large = columns.leaf & (products >= fewest)
    return KeptLeaves(fewest, int(large.sum()), _products_in(columns, columns.members, large))


def count_filed(columns: CatalogueColumns) -> FilingCounts:
    """Count products by the number and kind of their own categories."""
    product, category = columns.members
    count = len(columns.rows)
    categories = np.bincount(product, minlength=count)
    leaves = np.bincount(product[columns.leaf[category]], minlength=count)
    return FilingCounts(
        in_none=int((categories == 0).sum()),
        in_several=int((categories > 1).sum()),
        in_inner=int((categories > leaves).sum()),
        in_no_leaf=int(((categories > 0) & (leaves == 0)).sum()),
    )


def measure_names(
    columns: CatalogueColumns, counts: Sequence[CategoryCount]
) -> Iterator[NameLengths]:
    """Yield the name lengths of all products, of the largest top-level categories, of leaves."""
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
    filled = [count for count in counts if count.products]
    tops = [count for count in filled if count.level == 1 and not count.leaf]
    leaves = [count for count in filled if count.leaf]
    for group, categories in (("level 1", tops), ("leaves", leaves)):
        for count in categories[:CATEGORIES_MEASURED]:
            end = ends[columns.places[count.id]]
            rows = product[order[end - count.products : end]]
            yield NameLengths(
                group=group,
                category=count.label,
                products=count.products,
                before=quantiles(columns.before[rows]),
                after=quantiles(columns.after[rows]),
            )


def _level_sizes(columns: CatalogueColumns, chosen: NDArray[np.bool_]) -> LevelSizes:
    products = np.bincount(columns.within.category, minlength=len(chosen))[chosen]
    inside = _products_in(columns, columns.within, chosen)
    return LevelSizes(inside, compare_sizes(products), np.sort(products)[::-1].tolist())


def _products_in(columns: CatalogueColumns, members: Members, chosen: NDArray[np.bool_]) -> int:
    """Count the products in any of the chosen categories, each once."""
    inside = np.zeros(len(columns.rows), np.bool_)
    inside[members.product[chosen[members.category]]] = True
    return int(inside.sum())
