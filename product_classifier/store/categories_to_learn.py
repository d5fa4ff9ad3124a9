"""The categories that an experiment asks for, and the products in them."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from product_classifier.errors import StoreError
from product_classifier.selection import Categories, Selection
from product_classifier.store.category_depth import category_chains, roll_up
from product_classifier.store.products import leaves_below

TRUE = """
select product.id, truth.category_id
from true_category truth join product on product.id = truth.product_id
order by product.id, truth.category_id <> product.category_id, truth.category_id
"""
CRAWLED = "select product_id, category_id from product_category order by product_id, category_id"


@dataclass(frozen=True)
class Candidates:
    """The categories that a selection asks for, rolled up, and the products in them."""

    categories: Sequence[str]  # in the order of the selection, else by path
    true: Categories  # of each product after corrections, the main one first
    crawled: Categories  # of each product, without corrections
    ambiguous: Set[str]  # products whose category a person has marked ambiguous

    @property
    def products(self) -> Set[str]:
        """All products that may take part."""
        return self.true.keys() | (self.crawled.keys() & self.ambiguous)


def read_candidates(db: sqlite3.Connection, selection: Selection) -> Candidates:
    """Return the categories of a selection and their products.

    Raises StoreError for an unknown category, one that the depth excludes, and a depth below which
    there is no category.
    """
    deepest = max(map(len, category_chains(db).values()), default=0)
    if selection.depth is not None and selection.depth > deepest > 0:
        raise StoreError(
            f"no category has depth {selection.depth}; pass --depth {deepest} or less, or none"
        )
    rolled_up = roll_up(db, selection.depth)
    paths = dict(db.execute("select id, path from category"))
    categories = (
        _chosen(db, selection, rolled_up)
        if selection.categories
        else sorted(set(rolled_up.values()), key=paths.__getitem__)
    )
    wanted = set(categories)

    def read(query: str) -> dict[str, list[str]]:
        by_product: dict[str, list[str]] = {}
        for product, category in db.execute(query):
            if (ancestor := rolled_up.get(category)) in wanted:
                of_product = by_product.setdefault(product, [])
                if ancestor not in of_product:
                    of_product.append(ancestor)
        return by_product

    ambiguous = {product for (product,) in db.execute("select product_id from ambiguous")}
    return Candidates(categories, read(TRUE), read(CRAWLED), ambiguous)


def _chosen(
    db: sqlite3.Connection, selection: Selection, rolled_up: Mapping[str, str]
) -> Sequence[str]:
    """Return the ids of the categories that a selection names; of equal ids and paths, ids win."""
    rows = db.execute("select id, path from category order by path").fetchall()
    ids = {name: identity for identity, path in rows for name in (path, identity)}
    paths = dict(rows)
    chosen: dict[str, None] = {}
    for name in selection.categories:
        if name not in ids:
            near = difflib.get_close_matches(name, ids, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else "see table category"
            raise StoreError(f"there is no category {name!r}; {hint}")
        identity = ids[name]
        ancestor = rolled_up.get(identity)
        if ancestor is None:
            below = list(dict.fromkeys(rolled_up[leaf] for leaf in leaves_below(db, identity)))
            what = "a leaf" if selection.depth is None else f"of depth {selection.depth}"
            raise StoreError(
                f"{name!r} is not {what}; name categories below it, such as {','.join(below[:3])}"
            )
        if ancestor != identity:
            raise StoreError(
                f"{name!r} is below depth {selection.depth}; name {paths[ancestor]!r}, which "
                "replaces it, or leave out --depth"
            )
        chosen[identity] = None
    return list(chosen)
