"""Categories, products and pictures in crawl.db, as a crawl writes them."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from product_classifier.limits import LimitFilter, limited_page
from product_classifier.printable import storable
from product_classifier.records import Category, Image, Page, Product, Skipped
from product_classifier.store.bookmarks import put_bookmark
from product_classifier.store.database import now, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The numbers of rows that a crawl has stored so far."""

    categories: int
    products: int
    pictures: int
    skipped: int  # entries that could not be used
    failed: int  # pictures and queries that the next run tries again


def save_categories(
    db: sqlite3.Connection, query: str, categories: Iterable[Category], skipped: Iterable[Skipped]
) -> None:
    """Store a category tree, its root first, and a bookmark that marks the tree as complete."""
    with transaction(db):
        entries = list(LimitFilter().filtered([*_placed(db, list(categories)), *skipped]))
        put_categories(db, [entry for entry in entries if isinstance(entry, Category)])
        put_skipped(db, [entry for entry in entries if isinstance(entry, Skipped)])
        put_bookmark(db, query, 0, finished=True)


def save_page(db: sqlite3.Connection, page: Page) -> None:
    """Store a page and its bookmark in one transaction; products beyond the limits are skipped."""
    page = limited_page(page)
    with transaction(db):
        put_categories(db, page.categories)
        _put_products(db, page.products)
        put_skipped(db, page.skipped)
        put_bookmark(db, page.query, page.next_offset, page.finished, page.total)


def save_images(db: sqlite3.Connection, images: Iterable[Image]) -> None:
    """Store the results of fetching pictures; a failure never replaces a complete picture."""
    with transaction(db):
        put_images(db, images)


def leaves_below(db: sqlite3.Connection, root: str) -> list[str]:
    """Return the ids of the leaves below a category, itself included, in the order of paths."""
    rows = db.execute(
        """with recursive below (id) as (
             select ? union select category.id from category join below on parent = below.id)
           select id from category where leaf and id in below order by path""",
        (root,),
    )
    return [identity for (identity,) in rows]


def count_products(db: sqlite3.Connection, category: str) -> int:
    """Return the number of products in a category itself; 0 for an unknown category."""
    row = db.execute("select product_count from category where id = ?", (category,)).fetchone()
    return int(row[0]) if row else 0


def progress(db: sqlite3.Connection, pictures: int = 1) -> Progress:
    """Return the numbers of stored rows and failures.

    pictures: the most pictures of a product; failures of further ones are not counted.
    """
    [(categories, products, files, skipped, failed)] = db.execute(
        """select (select count(*) from category), (select count(*) from product),
             count(file), (select count(*) from skipped),
             count(*) filter (where file is null and wanted)
               + (select count(*) from bookmark where error is not null)
           from (
             select file,
               exists (select 1 from product where image = address) or exists (
                 select 1 from product_image further
                 where further.address = image.address and place < :pictures) as wanted
             from image
             -- an address that no product has any more is not tried again
             where exists (select 1 from product where image = address) or exists (
               select 1 from product_image further where further.address = image.address))""",
        {"pictures": pictures},
    )
    return Progress(
        categories=categories, products=products, pictures=files, skipped=skipped, failed=failed
    )


def put_images(db: sqlite3.Connection, images: Iterable[Image]) -> None:
    """Store pictures. The caller holds a transaction."""
    rows = [
        (storable(i.address), i.file, i.sha256, i.width, i.height, i.error and storable(i.error))
        for i in images
    ]
    # as JSON: sqlite3 would release the GIL, and wait for it, once for each row
    db.execute(
        """insert into image (address, file, sha256, width, height, error, date)
           select json_extract(value, '$[0]'), json_extract(value, '$[1]'),
             json_extract(value, '$[2]'), json_extract(value, '$[3]'),
             json_extract(value, '$[4]'), json_extract(value, '$[5]'), :now
           from json_each(:rows) where true
           on conflict (address) do update set file = excluded.file,
             sha256 = excluded.sha256, width = excluded.width, height = excluded.height,
             error = excluded.error, date = excluded.date
           where excluded.file is not null or image.file is null""",
        {"rows": json.dumps(rows), "now": now()},
    )


def new_images(db: sqlite3.Connection, images: Iterable[Image]) -> list[Image]:
    """Return the pictures that are not complete in the database."""
    images = list(images)
    rows = db.execute(
        """select address from image
           where file is not null and address in (select value from json_each(?))""",
        (json.dumps([storable(image.address) for image in images]),),
    )
    complete = {address for (address,) in rows}
    return [image for image in images if storable(image.address) not in complete]


def put_categories(db: sqlite3.Connection, categories: Sequence[Category]) -> None:
    """Store categories, parents before children. The caller holds a transaction."""
    if not categories:
        return
    db.executemany(
        """insert into category (id, name, parent, path, leaf) values (?, ?, ?, ?, ?)
           on conflict (id) do update set name = excluded.name, parent = excluded.parent,
             path = excluded.path, leaf = excluded.leaf""",
        ((c.id, c.name, c.parent, c.path, c.leaf) for c in categories),
    )
    db.executemany(
        "insert or replace into translated_category values (?, ?)",
        ((c.id, c.translated) for c in categories if c.translated),
    )
    # a later import may add children below a leaf
    db.executemany(
        """update category set leaf = 0 where id = ?
           and exists (select 1 from category child where child.parent = category.id)""",
        ((identity,) for c in categories for identity in (c.id, c.parent)),
    )


def _placed(db: sqlite3.Connection, tree: Sequence[Category]) -> Sequence[Category]:
    """Return the tree with longer paths, if its root is part of a larger tree in the database."""
    row = db.execute("select path from category where id = ?", (tree[0].id,)).fetchone()
    if not row or not row[0]:
        return tree
    root = dataclasses.replace(tree[0], path=row[0])
    return [root, *(dataclasses.replace(c, path=f"{root.path}/{c.path}") for c in tree[1:])]


def _put_products(db: sqlite3.Connection, products: Iterable[Product]) -> None:
    """Insert or update products; the last page wins, but no category is removed.

    The main category is the first by path, so that it does not depend on the order of pages.
    """
    moment = now()
    added: Counter[str] = Counter()
    for product in products:
        db.execute(
            """insert into product (id, category_id, image, name, description, date)
               values (?, (select id from category where id = ?), ?, ?, ?, ?)
               on conflict (id) do update set name = excluded.name, image = excluded.image,
                 description = excluded.description, date = excluded.date,
                 category_id = (select id from category
                   where id in (category_id, excluded.category_id) order by path limit 1)""",
            (
                product.id,
                product.categories[0] if product.categories else None,
                product.image,
                product.name,
                product.description,
                moment,
            ),
        )
        _put_more_images(db, product)
        for category in product.categories:
            added[category] += db.execute(
                """insert or ignore into product_category (product_id, category_id)
                   select ?, id from category where id = ?""",
                (product.id, category),
            ).rowcount
    db.executemany(
        "update category set product_count = product_count + ? where id = ?",
        ((count, category) for category, count in added.items()),
    )


def _put_more_images(db: sqlite3.Connection, product: Product) -> None:
    db.execute("delete from product_image where product_id = ?", (product.id,))
    db.executemany(
        "insert into product_image (product_id, place, address) values (?, ?, ?)",
        ((product.id, place, image) for place, image in enumerate(product.more_images, 1)),
    )


def put_skipped(db: sqlite3.Connection, skipped: Iterable[Skipped]) -> None:
    """Store entries that could not be used. The caller holds a transaction."""
    db.executemany(
        "insert or replace into skipped values (?, ?, ?, ?)",
        ((entry.kind, entry.item, entry.reason, now()) for entry in skipped),
    )
