"""Which categories are learned, and which of them products are in; no texts, no pictures."""

from __future__ import annotations

import difflib
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from product_classifier.errors import StoreError
from product_classifier.selection import Selection
from product_classifier.store.category_depth import category_chains, roll_up
from product_classifier.store.products import leaves_below

FEWEST_PRODUCTS = 3  # of a category: one to learn from, one to choose by, one to test

TRUE = """
select product.id, truth.category_id
from true_category truth join product on product.id = truth.product_id
order by product.id, truth.category_id <> product.category_id, truth.category_id
"""
MET = "select product_id, category_id from product_category order by product_id, category_id"
Categories = Mapping[str, Sequence[str]]  # of each product, each once


@dataclass(frozen=True)
class Candidates:
    """The categories that were asked for, folded, and the products in them."""

    candidates: Sequence[str]  # in the order asked for, else by path
    true: Categories  # as persons have corrected them, the main one first
    met: Categories  # as they were crawled
    ambiguous: Set[str]  # products of which a person says that nobody can tell

    @property
    def products(self) -> Set[str]:
        """All products that may take part."""
        return self.true.keys() | (self.met.keys() & self.ambiguous)


@dataclass(frozen=True)
class Labels:
    """What is learned."""

    categories: Sequence[str]
    products: Categories  # those with a label: their categories, the main one first
    unclear: Set[str]  # products without, whose category nobody can tell: predicted, never judged
    left_out: Sequence[str]  # categories that cannot be learned, with the reason

    def only(self, kept: Set[str], parts: Mapping[str, str]) -> Labels:
        """Keep some products, and the categories that still have one to learn from.

        Raises StoreError for fewer than two.
        """
        products = {product: self.products[product] for product in self.products.keys() & kept}
        trained = _counted(products, [p for p in products if parts[p] == "train"])
        left = [category for category in self.categories if trained[category]]
        lost = [category for category in self.categories if not trained[category]]
        if len(left) < 2:
            raise StoreError("the sample leaves fewer than two categories; take a larger one")
        reasons = [f"{category}: no training product is in the sample" for category in lost]
        return Labels(left, _among(products, left), self.unclear & kept, [*self.left_out, *reasons])


def read_candidates(db: sqlite3.Connection, selection: Selection) -> Candidates:
    """Read what is in the categories asked for. Raises StoreError for an unknown one."""
    deepest = max(map(len, category_chains(db).values()), default=0)
    if selection.depth is not None and selection.depth > deepest > 0:
        raise StoreError(
            f"no category has depth {selection.depth}; pass --depth {deepest} or less, or none"
        )
    folded = roll_up(db, selection.depth)
    paths = dict(db.execute("select id, path from category"))
    candidates = (
        _chosen(db, selection, folded)
        if selection.categories
        else sorted(set(folded.values()), key=paths.__getitem__)
    )
    wanted = set(candidates)

    def read(query: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for product, category in db.execute(query):
            if (other := folded.get(category)) in wanted:
                known = found.setdefault(product, [])
                if other not in known:
                    known.append(other)
        return found

    ambiguous = {product for (product,) in db.execute("select product_id from ambiguous")}
    return Candidates(candidates, read(TRUE), read(MET), ambiguous)


def learnable_labels(filed: Candidates, parts: Mapping[str, str], selection: Selection) -> Labels:
    """Choose the categories that are large enough and can be learned.

    parts: of the split; products without one are not there. Raises StoreError for fewer than two.
    """
    here = filed.products & parts.keys()
    asked = list(filed.candidates)
    met = _counted(filed.met, filed.met.keys() & parts.keys())
    if not selection.categories:
        asked = [category for category in asked if met[category] >= selection.min_per_category]
    labels = {product: filed.true[product] for product in filed.true.keys() & here}
    sizes = _counted(labels, labels)
    training = _counted(labels, [product for product in labels if parts[product] == "train"])
    reasons = {c: "none of its products is in the training part" for c in asked if not training[c]}
    for category in asked:
        if sizes[category] < FEWEST_PRODUCTS:
            reasons[category] = f"{sizes[category]} products are too few"
    kept = [category for category in asked if category not in reasons]
    left_out = [f"{category}: {reasons[category]}" for category in asked if category in reasons]
    if len(kept) < 2:
        raise StoreError(_too_few(kept, left_out, selection, met))
    unclear = {
        product
        for product in filed.ambiguous & here
        if not set(kept).isdisjoint(filed.met.get(product, ()))
    }
    return Labels(kept, _among(labels, kept), unclear, left_out)


def _counted(categories: Categories, products: Collection[str]) -> Counter[str]:
    return Counter(category for product in products for category in categories[product])


def _among(categories: Categories, kept: Collection[str]) -> dict[str, list[str]]:
    """Leave out other categories, and products that have none of these."""
    wanted = set(kept)
    found = {product: [c for c in each if c in wanted] for product, each in categories.items()}
    return {product: each for product, each in found.items() if each}


def _chosen(
    db: sqlite3.Connection, selection: Selection, folded: Mapping[str, str]
) -> Sequence[str]:
    """Find the categories that are named, by id or path."""
    rows = db.execute("select id, path from category order by path").fetchall()
    known = {name: identity for identity, path in rows for name in (path, identity)}
    paths = dict(rows)
    found: dict[str, None] = {}
    for name in selection.categories:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else "see table category"
            raise StoreError(f"there is no category {name!r}; {hint}")
        identity = known[name]
        other = folded.get(identity)
        if other is None:
            below = list(dict.fromkeys(folded[leaf] for leaf in leaves_below(db, identity)))
            what = "a leaf" if selection.depth is None else f"of depth {selection.depth}"
            raise StoreError(
                f"{name!r} is not {what}; name what is below it, such as {','.join(below[:3])}"
            )
        if other != identity:
            raise StoreError(
                f"{name!r} lies below depth {selection.depth}; name {paths[other]!r}, which stands "
                "for it, or leave out --depth"
            )
        found[identity] = None
    return list(found)


def _too_few(
    kept: Sequence[str], left_out: Sequence[str], selection: Selection, met: Counter[str]
) -> str:
    if selection.categories:
        one = kept or len(selection.categories) == 1
        asked = "that is one category" if one else "there is none to learn"
        told = f" ({'; '.join(left_out)})" if left_out else ""
        return f"{asked}{told}; a categorizer needs at least two: add to --categories"
    second = met.most_common(2)[-1][1] if len(met) > 1 else 0
    if second < FEWEST_PRODUCTS:
        return "fewer than two leaves have products enough to learn from; crawl more of them"
    what = "leaf" if selection.depth is None else f"category of depth {selection.depth}"
    return (
        f"{len(kept) or 'no'} {what} has {selection.min_per_category:,} products or more, and two "
        f"are needed; pass a smaller --min-per-category (the second largest {what} has {second:,})"
    )
