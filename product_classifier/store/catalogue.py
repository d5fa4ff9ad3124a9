"""Categories, products and pictures in crawl.db: what a crawl writes."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from product_classifier.records import Category, Image, Page, Product, Skipped
from product_classifier.store.database import now, transaction


@dataclass(frozen=True, slots=True)
class Progress:
    """What a crawl has brought so far."""

    categories: int
    products: int
    pictures: int
    skipped: int  # offered, but not to be used
    failed: int  # pictures and queries that another run tries again


def save_categories(
    db: sqlite3.Connection, query: str, categories: Iterable[Category], skipped: Iterable[Skipped]
) -> None:
    """Store a category tree, its root first, and the bookmark that it is complete."""
    with transaction(db):
        _put_categories(db, _placed(db, list(categories)))
        _put_skipped(db, skipped)
        _put_bookmark(db, query, 0, finished=True)


def save_page(db: sqlite3.Connection, page: Page) -> None:
    """Store a page of products and its bookmark, both or neither."""
    with transaction(db):
        _put_products(db, page.products)
        _put_skipped(db, page.skipped)
        _put_bookmark(db, page.query, page.next_offset, page.finished)


def save_import(
    db: sqlite3.Connection,
    categories: Iterable[Category],
    products: Iterable[Product],
    skipped: Iterable[Skipped],
    source: str,
) -> None:
    """Store a whole imported catalogue, or nothing of it.

    source: the file's name. What it says of its products' categories replaces what was known, and
    what it skipped replaces what it skipped before.
    """
    products = list(products)
    with transaction(db):
        _put_categories(db, categories)
        _forget_categories(db, [product.id for product in products])
        _put_products(db, products)
        db.execute("delete from skipped where instr(item, ?) = 1", (f"{source} line ",))
        _put_skipped(db, skipped)


def save_image(db: sqlite3.Connection, image: Image) -> None:
    """Store that a picture is complete, or why it is not."""
    with transaction(db):
        db.execute(
            "insert or replace into image values (?, ?, ?, ?, ?, ?, ?)",
            (
                image.address,
                image.file,
                image.sha256,
                image.width,
                image.height,
                image.error,
                now(),
            ),
        )


class Bookmark(NamedTuple):
    """How far a query has been read."""

    offset: int  # where the next page starts
    finished: bool  # nothing lies beyond


def bookmark(db: sqlite3.Connection, query: str) -> Bookmark:
    """Read how far a query has been read; at its start where there is none yet."""
    row = db.execute(
        "select next_offset, finished from bookmark where query = ?", (query,)
    ).fetchone()
    return Bookmark(row[0], bool(row[1])) if row else Bookmark(0, False)


def save_finished(db: sqlite3.Connection, query: str) -> None:
    """Store that a query has been read to its end."""
    with transaction(db):
        _put_bookmark(db, query, 0, finished=True)


def save_failure(db: sqlite3.Connection, query: str, error: str) -> None:
    """Store why a query could not be read on; its bookmark stays where it is."""
    with transaction(db):
        db.execute(
            """insert into bookmark (query, next_offset, finished, error, date)
               values (?, 0, 0, ?, ?)
               on conflict (query) do update set error = excluded.error, date = excluded.date""",
            (query, error, now()),
        )


def leaves_below(db: sqlite3.Connection, root: str) -> list[str]:
    """List the ids of the leaves below a category, itself included, in the order of their paths."""
    rows = db.execute(
        """with recursive below (id) as (
             select ? union select category.id from category join below on parent = below.id)
           select id from category where leaf and id in below order by path""",
        (root,),
    )
    return [identity for (identity,) in rows]


def count_products(db: sqlite3.Connection, category: str) -> int:
    """Count the products that are in a category itself."""
    found = db.execute("select product_count from category where id = ?", (category,)).fetchone()
    return int(found[0]) if found else 0


def pending_images(db: sqlite3.Connection, folder: Path | None) -> list[str]:
    """List the pictures still to fetch: those never tried, then those that failed.

    URLs always; files only below folder.
    """
    below = f"{folder}/" if folder else None
    rows = db.execute(
        """select distinct product.image from product left join image on address = product.image
           where product.image is not null and file is null
             and (product.image like 'http%' or instr(product.image, ?) = 1)
           order by error is not null, product.rowid""",
        (below,),
    )
    return [address for (address,) in rows]


def progress(db: sqlite3.Connection) -> Progress:
    """Count what is there."""
    return Progress(
        *db.execute(
            """with wanted as (  -- an address that no product has any more is not tried again
                 select file from image where address in (select image from product))
               select (select count(*) from category), (select count(*) from product),
                 (select count(*) from wanted where file is not null),
                 (select count(*) from skipped),
                 (select count(*) from wanted where file is null)
                   + (select count(*) from bookmark where error is not null)"""
        ).fetchone()
    )


def _put_categories(db: sqlite3.Connection, categories: Iterable[Category]) -> None:
    db.executemany(
        """insert into category (id, name, parent, path, leaf) values (?, ?, ?, ?, ?)
           on conflict (id) do update set name = excluded.name, parent = excluded.parent,
             path = excluded.path, leaf = excluded.leaf""",
        ((c.id, c.name, c.parent, c.path, c.leaf) for c in categories),
    )
    # a tree that is imported later may put children below what was a leaf
    db.execute("update category set leaf = 0 where id in (select parent from category)")


def _placed(db: sqlite3.Connection, tree: Sequence[Category]) -> Sequence[Category]:
    """Lengthen the paths of a tree whose root is known from a crawl of a larger one."""
    known = db.execute("select path from category where id = ?", (tree[0].id,)).fetchone()
    if not known or not known[0]:
        return tree
    root = dataclasses.replace(tree[0], path=known[0])
    return [root, *(dataclasses.replace(c, path=f"{root.path}/{c.path}") for c in tree[1:])]


def _forget_categories(db: sqlite3.Connection, products: Sequence[str]) -> None:
    ids = [(product,) for product in products]
    db.executemany(
        """update category set product_count = product_count - 1
           where id in (select category_id from product_category where product_id = ?)""",
        ids,
    )
    db.executemany("delete from product_category where product_id = ?", ids)
    db.executemany("update product set category_id = null where id = ?", ids)


def _put_products(db: sqlite3.Connection, products: Iterable[Product]) -> None:
    """Upsert products; the last visit wins, but the main category and all others stay."""
    moment = now()
    changed: set[str] = set()
    for product in products:
        db.execute(
            """insert into product (id, category_id, image, name, description, date)
               values (?, (select id from category where id = ?), ?, ?, ?, ?)
               on conflict (id) do update set name = excluded.name, image = excluded.image,
                 description = excluded.description, date = excluded.date,
                 category_id = coalesce(category_id, excluded.category_id)""",
            (
                product.id,
                product.categories[0] if product.categories else None,
                product.image,
                product.name,
                product.description,
                moment,
            ),
        )
        db.executemany(
            """insert or ignore into product_category (product_id, category_id)
               select ?, id from category where id = ?""",
            ((product.id, category) for category in product.categories),
        )
        changed.update(product.categories)
    db.executemany(
        """update category set product_count =
             (select count(*) from product_category where category_id = category.id)
           where id = ?""",
        ((category,) for category in changed),
    )


def _put_skipped(db: sqlite3.Connection, skipped: Iterable[Skipped]) -> None:
    db.executemany(
        "insert or replace into skipped values (?, ?, ?, ?)",
        ((entry.kind, entry.item, entry.reason, now()) for entry in skipped),
    )


def _put_bookmark(db: sqlite3.Connection, query: str, next_offset: int, finished: bool) -> None:
    db.execute(
        "insert or replace into bookmark (query, next_offset, finished, date) values (?, ?, ?, ?)",
        (query, next_offset, finished, now()),
    )
