"""A whole catalogue as columns of numbers, so that a million products can be counted at once.

Products go by their place among all, in the order of their rowids; categories by their place in the
tree. Texts pass by one at a time.
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
MET = """select product.rowid, met.category_id
  from product_category met join product on product.id = met.product_id"""
CORRECTED = """select product.rowid, truth.category_id
  from true_category truth join product on product.id = truth.product_id"""


def read_rowids(db: sqlite3.Connection) -> Numbers:
    """List the rowids of all products, ascending."""
    return _column(db.execute("select rowid from product order by rowid"))


def read_tree(db: sqlite3.Connection) -> list[Category]:
    """List all categories in the order of their paths."""
    rows = db.execute("select id, name, parent, path, leaf from category order by path, id")
    return [Category(id, name, up, path, bool(leaf)) for id, name, up, path, leaf in rows]


def read_members(
    db: sqlite3.Connection, rows: Numbers, tree: Iterable[Category], corrected: bool = False
) -> tuple[Numbers, Numbers]:
    """List pairs of a product and a category it is in, [pairs] each, as places in rows and tree.

    corrected: as persons have corrected them, else as they were met.
    """
    known = {category.id: place for place, category in enumerate(tree)}
    found = db.execute(CORRECTED if corrected else MET)
    pairs = ((row, known[category]) for row, category in found)
    products, categories = np.fromiter(pairs, np.dtype((np.int64, 2))).T
    return np.searchsorted(rows, products), np.ascontiguousarray(categories)


def read_further_pictures(db: sqlite3.Connection, rows: Numbers) -> Numbers:
    """Count the complete pictures of each product beside its main one, [products]."""
    found = db.execute(
        """select product.rowid from product_image further
           join image on image.address = further.address and file is not null
           join product on product.id = further.product_id"""
    )
    return np.bincount(np.searchsorted(rows, _column(found)), minlength=len(rows))


def read_identities_in_order(db: sqlite3.Connection) -> Iterator[Identity]:
    """Yield of each product what makes it the duplicate of another one, in the order of rowids."""
    found = db.execute(
        """select product.id, name, description, sha256
           from product left join image on address = product.image order by product.rowid"""
    )
    return (Identity(*row) for row in found)


def read_texts_by_rowid(db: sqlite3.Connection, rows: Numbers) -> Iterator[str]:
    """Yield name and description of some products by their rowids, in the order given."""
    for start in range(0, len(rows), BATCH):
        found = db.execute(
            """select name || char(10) || description
               from json_each(?) chosen cross join product on product.rowid = chosen.value
               order by chosen.key""",
            (json.dumps(rows[start : start + BATCH].tolist()),),
        )
        yield from (text for (text,) in found)


def read_sample(db: sqlite3.Connection, rows: Numbers) -> list[Sample]:
    """Read what a person sees of some products, by their rowids, in the order given."""
    found = db.execute(
        """select product.id, name, image, file
           from json_each(?) chosen cross join product on product.rowid = chosen.value
           left join image on address = product.image order by chosen.key""",
        (json.dumps(rows.tolist()),),
    )
    return [Sample(*row) for row in found]


def read_picture_sizes(db: sqlite3.Connection) -> Numbers:
    """List width, height and number of the complete pictures that products show, [sizes, 3]."""
    found = db.execute(
        """select width, height, count(*) from image
           where file is not null and width > 0 and height > 0
             and (exists (select 1 from product where product.image = address) or exists (
               select 1 from product_image further where further.address = image.address))
           group by width, height"""
    )
    return np.fromiter(found, np.dtype((np.int64, 3)))


def _column(found: Iterable[tuple[int]]) -> Numbers:
    return np.fromiter((value for (value,) in found), np.int64)


COUNTS = """
select count(*), count(*) filter (where trim(name) = ''),
  count(*) filter (where trim(description) = ''),
  count(*) filter (where trim(name) = '' and trim(description) = ''),
  count(*) filter (where image is null),
  count(*) filter (where image is not null and address is null),
  count(*) filter (where error is not null)
from product left join image on address = product.image
"""
# pictures lead: those that could not be had are few
REASONS = """
select error, count(*) from image cross join product on product.image = address
where error is not null group by error order by 2 desc, 1
"""


def read_overview(db: sqlite3.Connection) -> CatalogueState:
    """Count products by what they have, pictures by what is said of them, decisions of persons."""
    [counts] = db.execute(COUNTS)
    reasons = dict(db.execute(REASONS).fetchall())
    marks = db.execute(
        "select label, count(*), sum(marked) from image_mark group by label order by label"
    )
    decided = db.execute("select verdict, count(*) from latest_decision group by 1 order by 1")
    return CatalogueState(*(*counts, reasons, marks.fetchall(), dict(decided.fetchall())))


def read_crawl(db: sqlite3.Connection) -> CrawlState:
    """Count what is there, what the source says there is, and what could not be had."""
    read = {
        query: (total, bool(finished), error)
        for query, total, finished, error in db.execute(
            "select query, total, finished, error from bookmark"
        )
    }
    categories = [
        CategoryState(path, name, bool(leaf), found, *read.get(Query(id).name, (None, False, None)))
        for id, path, name, leaf, found in db.execute(
            "select id, path, name, leaf, product_count from category order by path"
        )
    ]
    [(products, pictures, waiting, further)] = db.execute(
        """select (select count(*) from product), (select count(*) from image where file not null),
             (select count(distinct image) from product
              where image not in (select address from image)),
             (select count(distinct address) from product_image as further
              where address not in (select address from image)
                and not exists (select 1 from product where image = further.address))"""
    )
    return CrawlState(
        categories, products, pictures, waiting, further, _broken(db), _marked(db), _skipped(db)
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
