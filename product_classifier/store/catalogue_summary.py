"""A whole catalogue as arrays, and counts of its contents, labels, marks and crawl.

Arrays make it possible to count a million products at once. Products are numbered in the order of
their rowids, and categories in the order of their paths. Texts are read one at a time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from product_classifier.records import (
    CatalogueState,
    Category,
    CategoryState,
    CrawlState,
    Identity,
    Query,
    Sample,
)

Numbers = NDArray[np.int64]
BATCH = 1000  # rows
CRAWLED = """select product.rowid, crawled.category_id
  from product_category crawled join product on product.id = crawled.product_id"""
CORRECTED = """select product.rowid, truth.category_id
  from true_category truth join product on product.id = truth.product_id"""
COUNTS = """
select count(*), count(*) filter (where trim(name) = ''),
  count(*) filter (where trim(description) = ''),
  count(*) filter (where trim(name) = '' and trim(description) = ''),
  count(*) filter (where image is null),
  count(*) filter (where image is not null and address is null),
  count(*) filter (where error is not null)
from product left join image on address = product.image
"""
# pictures come first in the join: few of them failed
REASONS = """
select error, count(*) from image cross join product on product.image = address
where error is not null group by error order by 2 desc, 1
"""


def read_rowids(db: sqlite3.Connection) -> Numbers:
    """Return the rowids of all products, ascending."""
    return _column(db.execute("select rowid from product order by rowid"))


def read_tree(db: sqlite3.Connection) -> list[Category]:
    """Return all categories in the order of their paths."""
    rows = db.execute("select id, name, parent, path, leaf from category order by path, id")
    return [
        Category(id=id, name=name, parent=up, path=path, leaf=bool(leaf))
        for id, name, up, path, leaf in rows
    ]


def read_members(
    db: sqlite3.Connection, rows: Numbers, tree: Iterable[Category], corrected: bool = False
) -> tuple[Numbers, Numbers]:
    """Return pairs of a product and its category, [pairs] each, as indexes into rows and tree.

    corrected: the categories after corrections by people; otherwise those of the crawl.
    """
    indexes = {category.id: index for index, category in enumerate(tree)}
    cursor = db.execute(CORRECTED if corrected else CRAWLED)
    pairs = ((row, indexes[category]) for row, category in cursor)
    products, categories = np.fromiter(pairs, np.dtype((np.int64, 2))).T
    return np.searchsorted(rows, products), np.ascontiguousarray(categories)


def read_further_pictures(db: sqlite3.Connection, rows: Numbers) -> Numbers:
    """Return the number of complete further pictures of each product, [products]."""
    cursor = db.execute(
        """select product.rowid from product_image further
           join image on image.address = further.address and file is not null
           join product on product.id = further.product_id"""
    )
    return np.bincount(np.searchsorted(rows, _column(cursor)), minlength=len(rows))


def read_identities_in_order(db: sqlite3.Connection) -> Iterator[Identity]:
    """Yield the identity of each product, by which duplicates are detected, by ascending rowid."""
    cursor = db.execute(
        """select product.id, name, description, sha256
           from product left join image on address = product.image order by product.rowid"""
    )
    return (Identity(*row) for row in cursor)


def read_texts_by_rowid(db: sqlite3.Connection, rows: Numbers) -> Iterator[str]:
    """Yield name and description, joined by a newline, of products in the order of rows."""
    for start in range(0, len(rows), BATCH):
        cursor = db.execute(
            """select name || char(10) || description
               from json_each(?) chosen cross join product on product.rowid = chosen.value
               order by chosen.key""",
            (json.dumps(rows[start : start + BATCH].tolist()),),
        )
        yield from (text for (text,) in cursor)


def read_sample(db: sqlite3.Connection, rows: Numbers) -> list[Sample]:
    """Return name and picture of products in the order of rows, to show them to a person."""
    cursor = db.execute(
        """select product.id, name, image, file
           from json_each(?) chosen cross join product on product.rowid = chosen.value
           left join image on address = product.image order by chosen.key""",
        (json.dumps(rows.tolist()),),
    )
    return [Sample(*row) for row in cursor]


def read_picture_sizes(db: sqlite3.Connection) -> Numbers:
    """Return width, height and number of the complete pictures of products, [sizes, 3]."""
    cursor = db.execute(
        """select width, height, count(*) from image
           where file is not null and width > 0 and height > 0
             and (exists (select 1 from product where product.image = address) or exists (
               select 1 from product_image further where further.address = image.address))
           group by width, height"""
    )
    return np.fromiter(cursor, np.dtype((np.int64, 3)))


def _column(rows: Iterable[tuple[int]]) -> Numbers:
    return np.fromiter((value for (value,) in rows), np.int64)


def read_overview(db: sqlite3.Connection) -> CatalogueState:
    """Return the numbers of products by contents, of marked pictures, and of decisions."""
    [(products, no_name, no_description, no_text, no_picture, waiting, lost)] = db.execute(COUNTS)
    reasons = dict(db.execute(REASONS).fetchall())
    marks = db.execute(
        "select label, count(*), sum(marked) from image_mark group by label order by label"
    )
    decided = db.execute("select verdict, count(*) from latest_decision group by 1 order by 1")
    return CatalogueState(
        products=products,
        no_name=no_name,
        no_description=no_description,
        no_text=no_text,
        no_picture=no_picture,
        waiting_pictures=waiting,
        lost_pictures=lost,
        reasons=reasons,
        marks=marks.fetchall(),
        decided=dict(decided.fetchall()),
    )


def read_crawl(db: sqlite3.Connection) -> CrawlState:
    """Return the numbers of products and pictures, of the source's totals, and of failures."""
    bookmarks = {
        query: (total, bool(finished), error)
        for query, total, finished, error in db.execute(
            "select query, total, finished, error from bookmark"
        )
    }
    categories = []
    for id, path, name, leaf, products in db.execute(
        "select id, path, name, leaf, product_count from category order by path"
    ):
        expected, finished, error = bookmarks.get(Query(id).name, (None, False, None))
        categories.append(
            CategoryState(
                path=path,
                name=name,
                leaf=bool(leaf),
                products=products,
                expected=expected,
                finished=finished,
                error=error,
            )
        )
    [(products, pictures, waiting, further)] = db.execute(
        """select (select count(*) from product), (select count(*) from image where file not null),
             (select count(distinct image) from product
              where image not in (select address from image)),
             (select count(distinct address) from product_image as further
              where address not in (select address from image)
                and not exists (select 1 from product where image = further.address))"""
    )
    return CrawlState(
        categories=categories,
        products=products,
        pictures=pictures,
        waiting=waiting,
        further=further,
        broken=_broken(db),
        marked=_marked(db),
        skipped=_skipped(db),
    )


def _broken(db: sqlite3.Connection) -> dict[str, int]:
    rows = db.execute(
        """select error, count(*) from image where error not null
           and (address in (select image from product)
             or address in (select address from product_image)) group by error order by 2 desc, 1"""
    )
    return dict(rows.fetchall())


def _marked(db: sqlite3.Connection) -> dict[str, int]:
    rows = db.execute(
        """select label, count(*) from image join image_mark using (sha256) where marked
           group by 1 order by 2 desc, 1"""
    )
    return dict(rows.fetchall())


def _skipped(db: sqlite3.Connection) -> dict[str, int]:
    rows = db.execute(
        "select kind || ': ' || reason, count(*) from skipped group by 1 order by 2 desc, 1"
    )
    return dict(rows.fetchall())
