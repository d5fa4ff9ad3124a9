"""Products of chosen categories, in the parts of the split: what categorizers learn from."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set

from product_classifier.errors import StoreError
from product_classifier.predictions import Neighbour
from product_classifier.records import Category, Dataset, Identity, Item
from product_classifier.selection import TEST, Labels, Selection
from product_classifier.store.category_depth import category_chains
from product_classifier.store.product_pictures import (
    PICTURED,
    PictureChoice,
    image_of,
    read_picture_choice,
)

SOME_TEXTS = """
select id, name, description from product where id > ? order by id limit 1000
"""


def read_identities(db: sqlite3.Connection) -> Iterator[Identity]:
    """Yield the identity of every product, by which the frozen split finds duplicates.

    It has the main picture alone: a shop's logo among further pictures would make all products
    duplicates of each other.
    """
    rows = db.execute(
        """select product.id, name, description, sha256
           from product left join image on address = product.image"""
    )
    return (Identity(*row) for row in rows)


def read_true_categories(db: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the categories of each product after corrections, without products that have none."""
    categories: dict[str, set[str]] = {}
    for product, category in db.execute("select product_id, category_id from true_category"):
        categories.setdefault(product, set()).add(category)
    return categories


def read_products(db: sqlite3.Connection, products: Sequence[str]) -> list[Neighbour]:
    """Return products by their ids, for a person to compare; similarity is 1."""
    return [
        Neighbour(id, name, tuple(paths.split("\n")), 1.0)
        for product in products
        for id, name, paths in db.execute(
            "select id, name, true_paths from corrected_product where id = ?", (product,)
        )
    ]


def read_tested(db: sqlite3.Connection, experiment: int) -> Iterator[Identity]:
    """Yield the identity of each test product of an experiment, in the order of their ids.

    Products whose category is marked ambiguous are left out, as in read_predicted_paths.
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
    """Return the part of each product in the split that the catalogue came with, by product id."""
    return dict(db.execute("select product_id, part from given_part"))


def read_texts(db: sqlite3.Connection, products: Set[str]) -> Iterator[tuple[str, str]]:
    """Yield id and text of products; between batches of 1,000, a crawl can write."""
    last = ""
    while rows := db.execute(SOME_TEXTS, (last,)).fetchall():
        yield from ((id, f"{name}\n{text}") for id, name, text in rows if id in products)
        last = rows[-1][0]


def read_dataset(
    db: sqlite3.Connection, parts: Mapping[str, str], labels: Labels, selection: Selection
) -> Dataset:
    """Return the products that are learned from and tested on, in the order of their ids.

    parts: of the split, by product id. An item has at most selection.images_per_product pictures,
    the main one included; marked ones only if it has no others. Raises StoreError if no product is
    in the test part.
    """
    categories = tuple(_category(db, category) for category in labels.categories)
    choice = read_picture_choice(db, selection.images_per_product)
    items = tuple(_items(db, parts, labels, choice))
    if all(item.part != TEST for item in items):
        origin = (
            "of the catalogue's own split" if selection.given_split else "(a tenth, chosen by hash)"
        )
        raise StoreError(
            f"none of the {len(items):,} products is in the test part {origin}; "
            "crawl more products, choose more categories or take a larger sample"
        )
    above = category_chains(db)
    return Dataset(
        categories=categories,
        above=tuple(above[category][1:] for category in labels.categories),
        items=items,
        name=_name(selection, len(categories)),
        split=_split_hash(items, selection),
        left_out=tuple(labels.left_out),
        settings={**selection.settings, "learned": list(labels.categories)},
    )


def _items(
    db: sqlite3.Connection,
    parts: Mapping[str, str],
    labels: Labels,
    choice: PictureChoice,
) -> Iterator[Item]:
    positions = {category: k for k, category in enumerate(labels.categories)}
    for product, name, description, *picture in db.execute(PICTURED, {"everything": True}):
        categories = labels.products.get(product, ())
        if categories or product in labels.ambiguous:
            pictures = choice.of(product, image_of(picture) if picture[0] else None)
            yield Item(
                id=product,
                text=f"{name}\n{description}",
                image=pictures.main,
                labels=tuple(positions[category] for category in categories),
                part=parts[product],
                more_images=pictures.further,
                marked_images=pictures.left_out,
            )


def _category(db: sqlite3.Connection, identity: str) -> Category:
    [(name, parent, path, leaf)] = db.execute(
        "select name, parent, path, leaf from category where id = ?", (identity,)
    )
    return Category(id=identity, name=name, parent=parent, path=path, leaf=bool(leaf))


def _name(selection: Selection, count: int) -> str:
    chosen = selection.categories
    name = f"all ({count} categories)"
    if chosen:
        name = ",".join(chosen) if count <= 10 else f"{','.join(chosen[:5])}... ({count} total)"
    return name + selection.name_suffix


def _split_hash(items: Sequence[Item], selection: Selection) -> str:
    lines = "".join(f"{item.id}\t{item.part}\n" for item in items)
    if selection.given_split:  # never equal to the frozen one
        lines = f"given\n{lines}"
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
