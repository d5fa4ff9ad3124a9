"""Bookmarks of queries and the pictures still to fetch: an interrupted crawl continues from both.

An address is fetched once, however many products have it. Pictures are listed in batches after the
last rowid, so that a million addresses are never in memory at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from product_classifier.store.database import now, transaction


class Bookmark(NamedTuple):
    """The position up to which a query has been read."""

    offset: int  # where the next page starts
    finished: bool  # there are no further pages


def bookmark(db: sqlite3.Connection, query: str) -> Bookmark:
    """Return the bookmark of a query; a new query is at offset 0."""
    row = db.execute(
        "select next_offset, finished from bookmark where query = ?", (query,)
    ).fetchone()
    return Bookmark(row[0], bool(row[1])) if row else Bookmark(0, False)


def is_done(db: sqlite3.Connection, query: str, maximum: int, before: str | None) -> bool:
    """Return whether a query was read to its end or to a maximum.

    before: a date; a query that was last read earlier does not count as done.
    """
    row = db.execute(
        """select (finished or next_offset >= ?) and date >= coalesce(?, '') from bookmark
           where query = ?""",
        (maximum, before, query),
    ).fetchone()
    return bool(row and row[0])


def put_bookmark(
    db: sqlite3.Connection, query: str, next_offset: int, finished: bool, total: int | None = None
) -> None:
    """Store a bookmark. The caller holds the transaction that stores the rows before it."""
    db.execute(
        """insert into bookmark (query, next_offset, finished, date, total) values (?, ?, ?, ?, ?)
           on conflict (query) do update set next_offset = excluded.next_offset,
             finished = excluded.finished, error = null, date = excluded.date,
             total = coalesce(excluded.total, total)""",
        (query, next_offset, finished, now(), total),
    )


def save_finished(db: sqlite3.Connection, query: str) -> None:
    """Store that a query has been read to its end."""
    with transaction(db):
        put_bookmark(db, query, 0, finished=True)


def save_failure(db: sqlite3.Connection, query: str, error: str) -> None:
    """Store why reading a query failed; its offset does not change."""
    with transaction(db):
        db.execute(
            """insert into bookmark (query, next_offset, finished, error, date)
               values (?, 0, 0, ?, ?)
               on conflict (query) do update set error = excluded.error, date = excluded.date""",
            (query, error, now()),
        )


def reopen(db: sqlite3.Connection, before: str) -> None:
    """Reset the queries that were last read before a date, so that they are read again."""
    with transaction(db):
        db.execute(
            "update bookmark set next_offset = 0, finished = 0 where date < ?",
            (before,),
        )


NEVER_TRIED = """
select rowid, image from product
where rowid > :after and image not in (select address from image)
  and rowid = (select min(rowid) from product as other where other.image = product.image)
  and (image like 'http%' or instr(image, :below) = 1)
order by rowid limit 1000
"""
# main pictures are listed by the query above; with :pictures = 1, no row is read
FURTHER_NEVER_TRIED = """
select rowid, address from product_image as further
where :pictures > 1 and place < :pictures
  and rowid > :after and address not in (select address from image)
  and not exists (select 1 from product where image = further.address)
  and rowid = (select min(rowid) from product_image as other
               where other.address = further.address and other.place < :pictures)
  and (address like 'http%' or instr(address, :below) = 1)
order by rowid limit 1000
"""
TRIED = """
select rowid, address from image
where rowid > :after and rowid <= :last and (file is null or date < :before)
  and (exists (select 1 from product where image = image.address) or exists (
    select 1 from product_image as further
    where further.address = image.address and place < :pictures))
  and (address like 'http%' or instr(address, :below) = 1)
order by rowid limit 1000
"""
PENDING = """
select (select count(distinct image) from product
        where not exists (select 1 from image where address = product.image)
          and (image like 'http%' or instr(image, :below) = 1))
     + (select count(distinct address) from product_image as further
        where :pictures > 1 and place < :pictures
          and not exists (select 1 from image where address = further.address)
          and not exists (select 1 from product where image = further.address)
          and (address like 'http%' or instr(address, :below) = 1))
     + (select count(*) from image
        where (file is null or date < :before)
          and (exists (select 1 from product where image = image.address) or exists (
            select 1 from product_image as further
            where further.address = image.address and place < :pictures))
          and (address like 'http%' or instr(address, :below) = 1))
"""


def pending_images(
    db: sqlite3.Connection, folder: Path | None, before: str | None = None, pictures: int = 1
) -> Iterator[str]:
    """Yield the addresses of pictures to fetch: those never tried, then failed and old ones.

    folder: URLs are always included, paths only below this folder. before: a date; complete
    pictures that were fetched earlier are included. pictures: the most pictures of a product, its
    main one included. No address is yielded twice, whatever is stored meanwhile.
    """
    [(last,)] = db.execute("select coalesce(max(rowid), 0) from image")
    where = {"below": _below(folder), "before": before, "last": last, "pictures": pictures}
    for query in (NEVER_TRIED, FURTHER_NEVER_TRIED, TRIED):
        rows = [(0, "")]
        while rows := db.execute(query, where | {"after": rows[-1][0]}).fetchall():
            yield from (address for _, address in rows)


def count_pending_images(
    db: sqlite3.Connection, folder: Path | None, before: str | None, pictures: int = 1
) -> int:
    """Return the number of addresses that pending_images yields."""
    where = {"below": _below(folder), "before": before, "pictures": pictures}
    return int(db.execute(PENDING, where).fetchone()[0])


def _below(folder: Path | None) -> str | None:
    return f"{folder}/" if folder else None
