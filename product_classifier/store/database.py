"""Opening crawl.db: created from schema.sql, migrated when old, refused when it is neither."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from product_classifier.errors import StoreError
from product_classifier.store.schema import (
    LATEST,
    SCHEMA,
    TABLES,
    insist_on_no_triggers,
    insist_on_schema,
    migration,
)
from product_classifier.store.validation import insist_on_tree, insist_on_values
from product_classifier.system_errors import exhausted_limit

LARGEST_VALUE = 50_000_000  # bytes of a text; ours are far smaller
BUSY_TIMEOUT = 30.0  # seconds to wait for another program's transaction


@contextmanager
def open_database(path: Path, create: bool = False) -> Iterator[sqlite3.Connection]:
    """Open crawl.db, creating it if asked to, and migrate it if it is old.

    Raises StoreError where it does not exist, is no such database, is newer than this program, is
    locked, or cannot be written; also for such troubles while it is open.
    """
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is no file; pass another --db-path")
    if not create and not path.is_file():
        raise StoreError(f"there is no {path}; run crawl.py first, or pass --db-path")
    if create:
        _insist_on_folder(path)
    if path.is_file():
        _insist_on_ours(path)
    with connected(path, "rwc") as db:
        if script := _needs(db, path):
            if _has_categories(db):
                insist_on_tree(db)
            _apply(db, script, path)
        insist_on_values(db)
        db.execute("pragma foreign_keys = on")
        db.execute("pragma synchronous = extra")  # what is committed outlasts a power cut
        yield db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit all that is done inside, or nothing."""
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # SQLite itself rolls back where the disk is full
            db.execute("rollback")
        raise
    db.execute("commit")


def insist_on_writable(db: sqlite3.Connection) -> None:
    """Try to write, changing nothing, before what takes long to compute is to be stored.

    Raises sqlite3.OperationalError, as open_database explains it.
    """
    version = db.execute("pragma user_version").fetchone()[0]
    db.execute("begin immediate")
    try:
        db.execute(f"pragma user_version = {version}")  # which begins a journal
    finally:
        if db.in_transaction:
            db.execute("rollback")


@contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Let all reads inside see one state, whatever a crawl commits meanwhile."""
    db.execute("begin")
    try:
        yield
    finally:
        db.execute("commit")


@contextmanager
def sole_crawler(path: Path) -> Iterator[None]:
    """Hold the lock that lets only one crawl work on a database. Raises StoreError at once."""
    _insist_on_folder(path)  # a lock would make it
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(f"another crawl is filling {path}; wait for it, or stop it") from None
    except OSError as error:
        raise StoreError(f"{lock.lock_file} cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()


def now() -> str:
    """Tell the time as the database writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _insist_on_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {path.parent} to put {path.name} into")


@contextmanager
def connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Connect to a file in a mode of SQLite's, and explain what may be wrong with it."""
    address = f"{path.resolve().as_uri()}?mode={mode}"
    try:
        db = sqlite3.connect(address, timeout=BUSY_TIMEOUT, isolation_level=None, uri=True)
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be opened: {error}") from None
    try:
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        db.execute("pragma trusted_schema = off")  # no functions of ours run in views of theirs
        db.execute("pragma cell_size_check = on")  # damaged pages are found when they are read
        db.execute("pragma mmap_size = 0")  # a file that is cut short is an error, not a crash
        yield db
    except sqlite3.DatabaseError as error:
        raise _explained(error, path) from error
    except UnicodeDecodeError:  # of a text that was read; what is written is Unicode
        raise StoreError(f"{path} is damaged; restore it from a copy") from None
    finally:
        db.close()


def _insist_on_ours(path: Path) -> None:
    """Look at a file without changing it. Raises StoreError for a database of something else."""
    if Path(f"{path}-journal").exists():
        return  # its writer was killed: what it left half done must be taken back before
    with connected(path, "ro&immutable=1") as db:
        _needs(db, path)


def _needs(db: sqlite3.Connection, path: Path) -> str:
    """Tell what a file needs to be of today's format. Raises StoreError where nothing helps."""
    version = db.execute("pragma user_version").fetchone()[0]
    tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
    insist_on_no_triggers(db, path)
    if version > LATEST:
        raise StoreError(
            f"{path} was written by a newer version of this program (format {version}, "
            f"this one knows {LATEST}); update the program"
        )
    if not tables:
        return SCHEMA.read_text()
    if version < LATEST or not tables >= TABLES:
        return migration(path, version, tables, SCHEMA.read_text())
    insist_on_schema(db, path)
    return ""


def _has_categories(db: sqlite3.Connection) -> bool:
    found = "select 1 from pragma_table_info('category') where name in ('id', 'parent')"
    return len(db.execute(found).fetchall()) == 2


def _apply(db: sqlite3.Connection, script: str, path: Path) -> None:
    try:
        db.executescript(f"begin exclusive;\n{script}\ncommit;")
    except sqlite3.Error as error:
        if db.in_transaction:
            db.execute("rollback")
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (
            sqlite3.SQLITE_ERROR,
            sqlite3.SQLITE_CONSTRAINT,
        ):
            raise
        raise StoreError(
            f"{path} cannot be brought to today's format and stays as it was: {error}; was it "
            "changed by hand? Restore it from a copy"
        ) from None


def _explained(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """Turn what SQLite says of a file into what to do about it; a bug in our SQL stays one."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if "Could not decode" in str(error):  # Python's sqlite3 says so without a code
        code = sqlite3.SQLITE_CORRUPT
    advice = {
        sqlite3.SQLITE_NOTADB: "is not a database; pass another --db-path",
        sqlite3.SQLITE_BUSY: "is locked by another program; close it and try again",
        sqlite3.SQLITE_READONLY: "cannot be written; check its permissions",
        sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that it is a file, and its permissions",
        sqlite3.SQLITE_FULL: "cannot grow: the disk is full; make room and run it again",
        sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a copy",
        sqlite3.SQLITE_IOERR: "cannot be read or written: the disk fails",
        sqlite3.SQLITE_TOOBIG: f"has a text over {LARGEST_VALUE:,} bytes; restore it from a copy",
        sqlite3.SQLITE_CONSTRAINT: f"contradicts itself ({error}); restore it from a copy",
    }.get(code)
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED:
        advice = "was moved or removed while it was used; put it back, and run it again"
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR) and (limit := exhausted_limit()):
        advice = f"cannot be read or written: {limit}"
    return StoreError(f"{path} {advice}") if advice else error
