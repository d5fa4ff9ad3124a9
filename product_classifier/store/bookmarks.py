"""How far each query has been read: what lets a crawl go on where it stopped."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from product_classifier.store.database import now, transaction


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


def is_done(db: sqlite3.Connection, query: str, maximum: int, before: str | None) -> bool:
    """Tell whether a query has been read to its end or a maximum, and not before a date."""
    row = db.execute(
        """select (finished or next_offset >= ?) and date >= coalesce(?, '') from bookmark
           where query = ?""",
        (maximum, before, query),
    ).fetchone()
    return bool(row and row[0])


def put_bookmark(
    db: sqlite3.Connection, query: str, next_offset: int, finished: bool, total: int | None = None
) -> None:
    """Move a bookmark, inside the transaction that stores what lies before it."""
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
    """Store why a query could not be read on; its bookmark stays where it is."""
    with transaction(db):
        db.execute(
            """insert into bookmark (query, next_offset, finished, error, date)
               values (?, 0, 0, ?, ?)
               on conflict (query) do update set error = excluded.error, date = excluded.date""",
            (query, error, now()),
        )


def reopen(db: sqlite3.Connection, before: str) -> None:
    """Let queries that were last asked before a date be read again from their start."""
    with transaction(db):
        db.execute(
            "update bookmark set next_offset = 0, finished = 0 where date < ?",
            (before,),
        )
