"""What the categorizers learn from: the products of chosen leaves, in the parts of the split."""

from __future__ import annotations

import difflib
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set

from product_classifier.errors import StoreError
from product_classifier.predictions import Neighbour
from product_classifier.records import Category, Dataset, Identity, Image, Item
from product_classifier.store.catalogue import leaves_below
from product_classifier.store.shown import PICTURED, Choice, read_choice

FEWEST_PRODUCTS = 3  # of a leaf: one to learn from, one to choose by, one to test


def read_identities(db: sqlite3.Connection) -> Iterator[Identity]:
    """Yield what the frozen split looks at, for every product of the catalogue.

    Of pictures that is the main one alone: a shop's logo among the further ones would glue the
    whole catalogue together.
    """
    rows = db.execute(
        """select product.id, name, description, sha256
           from product left join image on address = product.image"""
    )
    return (Identity(*row) for row in rows)


def read_true_categories(db: sqlite3.Connection) -> dict[str, set[str]]:
    """Map each product that has any to its categories, as persons have corrected them."""
    found: dict[str, set[str]] = {}
    for product, category in db.execute("select product_id, category_id from true_category"):
        found.setdefault(product, set()).add(category)
    return found


def read_products(db: sqlite3.Connection, products: Sequence[str]) -> list[Neighbour]:
    """Read what a person compares of some products."""
    return [
        Neighbour(id, name, tuple(paths.split("\n")), 1.0)
        for product in products
        for id, name, paths in db.execute(
            "select id, name, true_paths from corrected_product where id = ?", (product,)
        )
    ]


def read_tested(db: sqlite3.Connection, experiment: int) -> Iterator[Identity]:
    """Yield the same for an experiment's test products, in the order of their ids."""
    rows = db.execute(
        """select product.id, name, description, sha256
           from predicted_path join product on product.id = product_id
           left join image on address = product.image
           where experiment_id = ? and part = 'test' and predicted_path.height = 0
           order by product_id""",
        (experiment,),
    )
    return (Identity(*row) for row in rows)


def read_dataset(
    db: sqlite3.Connection,
    parts: Mapping[str, str],
    chosen: Sequence[str] = (),
    min_per_category: int = 1000,
    images_per_product: int = 1,
) -> Dataset:
    """Read the products of the chosen leaves (ids or paths), or of every leaf that is large enough.

    parts: the frozen split, by product id. Labels are as persons have corrected them. Items are in
    the order of their ids; of their pictures they have so many, the main one among them, without
    marked ones where there are others. Raises StoreError for an empty database, an unknown
    category, and fewer than two leaves that can be learned.
    """
    if not parts:
        raise StoreError("the database has no products; run crawl.py first")
    leaves = _chosen_leaves(db, chosen) if chosen else _large_leaves(db, min_per_category)
    labels = _labels(db, leaves)
    unclear = _unclear(db, leaves)
    sizes = Counter(leaf for found in labels.values() for leaf in found)
    training = Counter(
        leaf for product, found in labels.items() if parts[product] == "train" for leaf in found
    )
    left_out = []
    for leaf in leaves:
        if sizes[leaf] < FEWEST_PRODUCTS:
            left_out.append(f"{leaf}: {sizes[leaf]} products are too few")
        elif not training[leaf]:
            left_out.append(f"{leaf}: none of its products is in the training part")
    kept = [leaf for leaf in leaves if sizes[leaf] >= FEWEST_PRODUCTS and training[leaf]]
    if len(kept) < 2:
        raise StoreError(_too_few(db, kept, left_out, chosen, min_per_category))
    categories = tuple(_category(db, leaf) for leaf in kept)
    positions = {leaf: k for k, leaf in enumerate(kept)}
    choice = read_choice(db, images_per_product)
    items = tuple(_items(db, parts, labels, unclear, positions, choice))
    if all(item.part != "test" for item in items):
        raise StoreError(
            f"none of the {len(items):,} products is in the test part (a tenth, chosen by hash); "
            "crawl more products, or choose more categories"
        )
    asked: dict[str, object] = {"min_per_category": min_per_category}
    if chosen:
        asked = {"categories": list(chosen)}
    if images_per_product > 1:
        asked["images_per_product"] = images_per_product
    return Dataset(
        categories,
        _above(db, kept),
        items,
        _name(chosen, len(kept)),
        _split_hash(items),
        tuple(left_out),
        {**asked, "learned": kept},
    )


def _large_leaves(db: sqlite3.Connection, fewest: int) -> list[str]:
    rows = db.execute(
        "select id from category where leaf and product_count >= ? order by path", (fewest,)
    )
    return [leaf for (leaf,) in rows]


def _chosen_leaves(db: sqlite3.Connection, chosen: Sequence[str]) -> list[str]:
    rows = db.execute("select id, path, leaf from category order by path").fetchall()
    known = {name: (identity, leaf) for identity, path, leaf in rows for name in (path, identity)}
    found: dict[str, None] = {}
    for name in chosen:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else "see table category"
            raise StoreError(f"there is no category {name!r}; {hint}")
        identity, leaf = known[name]
        if not leaf:
            below = ",".join(leaves_below(db, identity)[:3])
            raise StoreError(f"{name!r} is not a leaf; name leaves below it, such as {below}")
        found[identity] = None
    return list(found)


def _labels(db: sqlite3.Connection, leaves: Sequence[str]) -> dict[str, list[str]]:
    """Map each product of the leaves to those of them it is in, the main category first."""
    wanted = set(leaves)
    rows = db.execute(
        """select product.id, truth.category_id
           from true_category truth join product on product.id = truth.product_id
           order by product.id, truth.category_id <> product.category_id, truth.category_id"""
    )
    labels: dict[str, list[str]] = {}
    for product, category in rows:
        if category in wanted:
            labels.setdefault(product, []).append(category)
    return labels


def _unclear(db: sqlite3.Connection, leaves: Sequence[str]) -> set[str]:
    """List products of the leaves of which a person says that nobody can tell their category."""
    rows = db.execute(
        """select product_id, product_category.category_id
           from ambiguous join product_category using (product_id)"""
    )
    wanted = set(leaves)
    return {product for product, category in rows if category in wanted}


def _items(
    db: sqlite3.Connection,
    parts: Mapping[str, str],
    labels: Mapping[str, Sequence[str]],
    unclear: Set[str],
    positions: Mapping[str, int],
    choice: Choice,
) -> Iterator[Item]:
    for product, name, description, *picture in db.execute(PICTURED, {"everything": True}):
        found = tuple(positions[leaf] for leaf in labels.get(product, ()) if leaf in positions)
        if found or product in unclear:
            shown = choice.of(product, Image(*picture) if picture[0] else None)
            text = f"{name}\n{description}"
            yield Item(product, text, shown.main, found, parts[product], *shown[1:])


def _category(db: sqlite3.Connection, identity: str) -> Category:
    row = db.execute(
        "select id, name, parent, path, leaf <> 0 from category where id = ?", (identity,)
    ).fetchone()
    return Category(*row)


def _above(db: sqlite3.Connection, leaves: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """List what lies above each leaf, its parent first; the root is no answer and left out."""
    parents = dict(
        db.execute(
            """select category.id, parent.id
               from category join category parent on parent.id = category.parent
               where parent.path <> ''"""
        )
    )
    found = []
    for leaf in leaves:
        path = [leaf]
        while parents.get(path[-1], leaf) not in path:  # no category lies above itself
            path.append(parents[path[-1]])
        found.append(tuple(path[1:]))
    return tuple(found)


def _name(chosen: Sequence[str], count: int) -> str:
    if not chosen:
        return f"all ({count} categories)"
    return ",".join(chosen) if count <= 10 else f"{','.join(chosen[:5])}... ({count} total)"


def _split_hash(items: Sequence[Item]) -> str:
    lines = "".join(f"{item.id}\t{item.part}\n" for item in items)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def _too_few(
    db: sqlite3.Connection,
    kept: Sequence[str],
    left_out: Sequence[str],
    chosen: Sequence[str],
    fewest: int,
) -> str:
    if chosen:
        asked = "that is one category" if kept or len(chosen) == 1 else "there is none to learn"
        reasons = f" ({'; '.join(left_out)})" if left_out else ""
        return f"{asked}{reasons}; a categorizer needs at least two: add to --categories"
    largest = db.execute(
        "select product_count from category where leaf order by product_count desc limit 2"
    ).fetchall()
    second = largest[1][0] if len(largest) > 1 else 0
    if second < FEWEST_PRODUCTS:
        return "fewer than two leaves have products enough to learn from; crawl more of them"
    return (
        f"{len(kept) or 'no'} leaf has {fewest:,} products or more, and two are needed; "
        f"pass a smaller --min-per-category (the second largest leaf has {second:,})"
    )
