"""What the categorizers learn from: products of chosen categories, in the parts of the split."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set

from product_classifier.errors import StoreError
from product_classifier.predictions import Neighbour
from product_classifier.records import Category, Dataset, Identity, Image, Item
from product_classifier.selection import Selection
from product_classifier.store.categories_to_learn import Labels
from product_classifier.store.category_depth import category_chains
from product_classifier.store.product_pictures import PICTURED, PictureChoice, read_picture_choice

SOME_TEXTS = """
select id, name, description from product where id > ? order by id limit 1000
"""


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
    """Yield the same for an experiment's test products, in the order of their ids.

    Those whose category nobody can tell are left out, as they are from the answers.
    """
    rows = db.execute(
        """select product.id, name, description, sha256
           from predicted_path join product on product.id = product_id
           left join image on address = product.image
           where experiment_id = ? and part = 'test' and predicted_path.height = 0
             and product_id not in ambiguous
           order by product_id""",
        (experiment,),
    )
    return (Identity(*row) for row in rows)


def read_given_parts(db: sqlite3.Connection) -> dict[str, str]:
    """Map products to their part of the split that the catalogue came with."""
    return dict(db.execute("select product_id, part from given_part"))


def read_texts(db: sqlite3.Connection, products: Set[str]) -> Iterator[tuple[str, str]]:
    """Yield the ids and texts of some products; no crawl has to wait while they are looked at."""
    last = ""
    while rows := db.execute(SOME_TEXTS, (last,)).fetchall():
        yield from ((id, f"{name}\n{about}") for id, name, about in rows if id in products)
        last = rows[-1][0]


def read_dataset(
    db: sqlite3.Connection, parts: Mapping[str, str], labels: Labels, selection: Selection
) -> Dataset:
    """Read the products that are learned from and tested on.

    parts: of the split, by product id. Items are in the order of their ids; of their pictures they
    have as many as were asked for, the main one among them, without marked ones where there are
    others. Raises StoreError where none is in the test part.
    """
    categories = tuple(_category(db, category) for category in labels.categories)
    positions = {category: k for k, category in enumerate(labels.categories)}
    choice = read_picture_choice(db, selection.images_per_product)
    items = tuple(_items(db, parts, labels.products, labels.unclear, positions, choice))
    if all(item.part != "test" for item in items):
        part = "that it came with" if selection.given_split else "(a tenth, chosen by hash)"
        raise StoreError(
            f"none of the {len(items):,} products is in the test part {part}; "
            "crawl more products, choose more categories or take a larger sample"
        )
    above = category_chains(db)
    return Dataset(
        categories,
        tuple(above[category][1:] for category in labels.categories),
        items,
        _name(selection, len(categories)),
        _split_hash(items, selection),
        tuple(labels.left_out),
        {**selection.settings, "learned": list(labels.categories)},
    )


def _items(
    db: sqlite3.Connection,
    parts: Mapping[str, str],
    labels: Mapping[str, Sequence[str]],
    unclear: Set[str],
    positions: Mapping[str, int],
    choice: PictureChoice,
) -> Iterator[Item]:
    for product, name, description, *picture in db.execute(PICTURED, {"everything": True}):
        found = tuple(positions[category] for category in labels.get(product, ()))
        if found or product in unclear:
            shown = choice.of(product, Image(*picture) if picture[0] else None)
            text = f"{name}\n{description}"
            yield Item(product, text, shown.main, found, parts[product], *shown[1:])


def _category(db: sqlite3.Connection, identity: str) -> Category:
    row = db.execute(
        "select id, name, parent, path, leaf <> 0 from category where id = ?", (identity,)
    ).fetchone()
    return Category(*row)


def _name(selection: Selection, count: int) -> str:
    chosen = selection.categories
    name = f"all ({count} categories)"
    if chosen:
        name = ",".join(chosen) if count <= 10 else f"{','.join(chosen[:5])}... ({count} total)"
    return name + selection.told


def _split_hash(items: Sequence[Item], selection: Selection) -> str:
    lines = "".join(f"{item.id}\t{item.part}\n" for item in items)
    if selection.given_split:  # never equal to the frozen one
        lines = f"given\n{lines}"
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
