"""Opening crawl.db: a new file is created, an old one migrated, and any other one rejected."""

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

LARGEST_VALUE = 50_000_000  # bytes of a text; those of this program are far smaller
BUSY_TIMEOUT = 30.0  # seconds to wait for another program's transaction


@contextmanager
def open_database(path: Path, create: bool = False) -> Iterator[sqlite3.Connection]:
    """Open crawl.db, and migrate it if it is old; create: create it if it does not exist.

    Raises StoreError if the file does not exist, is not a crawl.db, is newer than this program, is
    locked, or cannot be written; also if such a problem arises while the file is open.
    """
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is not a file; pass another --db-path")
    if not create and not path.is_file():
        raise StoreError(f"there is no {path}; run crawl.py first, or pass --db-path")
    if create:
        _insist_on_folder(path)
    if path.is_file():
        _check_read_only(path)
    with connected(path, "rwc") as db:
        if script := _migration_script(db, path):
            if _has_categories(db):
                insist_on_tree(db)
            _apply(db, script, path)
        insist_on_values(db)
        db.execute("pragma foreign_keys = on")
        db.execute("pragma synchronous = extra")  # committed rows survive a power cut
        yield db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run a block in a transaction: commit at its end, roll back if it raises."""
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # SQLite itself rolls back where the disk is full
            db.execute("rollback")
        raise
    db.execute("commit")


def insist_on_writable(db: sqlite3.Connection) -> None:
    """Check that the database can be written, before a long computation whose result is stored.

    Raises sqlite3.OperationalError if it cannot, which open_database turns into a StoreError.
    """
    version = db.execute("pragma user_version").fetchone()[0]
    db.execute("begin immediate")
    try:
        db.execute(f"pragma user_version = {version}")  # starts a journal, and changes nothing
    finally:
        if db.in_transaction:
            db.execute("rollback")


@contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Run a block whose reads all see the same state, whatever a crawl commits meanwhile."""
    db.execute("begin")
    try:
        yield
    finally:
        db.execute("commit")


@contextmanager
def sole_crawler(path: Path) -> Iterator[None]:
    """Hold the lock of a crawl; raise StoreError at once if another crawl holds it."""
    _insist_on_folder(path)  # FileLock would create the folder
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
    """Return the current time, UTC, in the format of the database."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _insist_on_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {path.parent} for {path.name}; create it")


@contextmanager
def connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a database file; raise StoreError with a remedy for errors while it is open.

    mode: of SQLite, such as ro or rwc.
    """
    address = f"{path.resolve().as_uri()}?mode={mode}"
    try:
        db = sqlite3.connect(address, timeout=BUSY_TIMEOUT, isolation_level=None, uri=True)
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be opened: {error}") from None
    try:
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        db.execute(
            "pragma trusted_schema = off"
        )  # views of others cannot call functions of this program
        db.execute("pragma cell_size_check = on")  # damaged pages are detected when they are read
        db.execute("pragma mmap_size = 0")  # a truncated file is an error, not a crash
        yield db
    except sqlite3.DatabaseError as error:
        raise _explained(error, path) from error
    except UnicodeDecodeError:  # of a text that was read; written texts are Unicode
        raise StoreError(f"{path} is damaged; restore it from a copy") from None
    finally:
        db.close()


def _check_read_only(path: Path) -> None:
    """Raise StoreError if a file is not a crawl.db; the file is opened without changing it."""
    if Path(f"{path}-journal").exists():
        return  # its writer was killed: SQLite has to roll back its transaction first
    with connected(path, "ro&immutable=1") as db:
        _migration_script(db, path)


def _migration_script(db: sqlite3.Connection, path: Path) -> str:
    """Return the SQL that brings a file to the latest format, '' if it has that format.

    Raises StoreError if the file is not a crawl.db, or newer than this program.
    """
    version = db.execute("pragma user_version").fetchone()[0]
    tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
    insist_on_no_triggers(db, path)
    if version > LATEST:
        raise StoreError(
            f"{path} was written by a newer version of this program (format {version}, "
            f"this one knows {LATEST}); update the program"
        )
    if not tables:
        return SCHEMA.read_text(encoding="utf-8")
    if version < LATEST or not tables >= TABLES:
        return migration(path, version, tables, SCHEMA.read_text(encoding="utf-8"))
    insist_on_schema(db, path)
    return ""


def _has_categories(db: sqlite3.Connection) -> bool:
    query = "select 1 from pragma_table_info('category') where name in ('id', 'parent')"
    return len(db.execute(query).fetchall()) == 2


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
            f"{path} cannot be migrated to the latest format and is unchanged: {error}; was it "
            "changed by hand? Restore it from a copy"
        ) from None


def _explained(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """Return a StoreError with a remedy for an error of SQLite, and errors in SQL unchanged."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if "Could not decode" in str(error):  # Python's sqlite3 sets no code here
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
