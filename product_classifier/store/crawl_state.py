"""What a crawl has brought, category by category and picture by picture."""

from __future__ import annotations

import sqlite3

from product_classifier.records import CategoryState, CrawlState, Query


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
