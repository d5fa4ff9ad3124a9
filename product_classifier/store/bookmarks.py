"""Bookmarks of queries, so that an interrupted crawl continues where it stopped."""

from __future__ import annotations

import sqlite3
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
