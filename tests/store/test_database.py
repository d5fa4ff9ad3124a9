"""Opening, creating, migrating and rejecting database files."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest

from product_classifier.errors import StoreError
from product_classifier.store import database
from product_classifier.store.database import open_database, sole_crawler, transaction
from product_classifier.store.schema import LATEST, SCHEMA

EARLIER_SYSTEM = """
create table schema_version (id integer primary key autoincrement, date text, name text);
create table category (id text primary key, parent text, leaf integer default 0,
  product_count integer default 0, path text);
create table product (id integer primary key, category_id text, image text, name text,
  description text, image_crawled integer default 0);
create table experiment (id integer primary key autoincrement, name text, date text);
create table predicted_category (experiment_id integer, product_id integer, category_id text,
  score real default 0);
insert into category values ('women', 'clothes-shoes-and-jewelry', 0, 0, null),
  ('jeans', 'women', 0, 0, null), ('flare-jeans', 'jeans', 1, 7, 'jeans/flare-jeans');
insert into product values (471, 'flare-jeans', 'http://shop/a.jpg', 'Wide', null, 0),
  (472, 'lost-category', '', 'Odd', 'text', 0);
insert into experiment values (43, 'Text classification of: all', '2016-12-01');
insert into predicted_category values (43, 471, 'flare-jeans', 0.9),
  (43, 471, 'flare-jeans', 0.9), (43, 999, 'flare-jeans', 0.5), (44, 471, 'flare-jeans', 0.5);
"""


def write(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def open_and_close(path: Path, create: bool = False) -> None:
    with open_database(path, create):
        pass


def test_a_new_database_has_the_schema_of_schema_sql(tmp_path: Path) -> None:
    open_and_close(tmp_path / "crawl.db", create=True)
    write(tmp_path / "plain.db", SCHEMA.read_text())
    made, plain = (
        ask(tmp_path / name, "select sql from sqlite_master") for name in ("crawl.db", "plain.db")
    )
    assert made == plain


def test_a_database_of_another_program_with_the_same_version_number_is_rejected(
    tmp_path: Path,
) -> None:
    other = write(tmp_path / "crawl.db", "create table notes (t text); pragma user_version = 1;")
    with pytest.raises(StoreError, match="of another program"):
        open_and_close(other)


def test_a_transaction_that_sqlite_has_rolled_back_reports_the_cause(
    db: sqlite3.Connection,
) -> None:
    def fill_the_disk() -> None:
        with transaction(db):
            db.execute("rollback")  # as SQLite does by itself where the disk is full
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        fill_the_disk()


def test_every_column_is_explained_in_the_schema() -> None:
    lines = SCHEMA.read_text().splitlines()
    columns = [line for line in lines if line.split()[1:2] in (["text"], ["integer"], ["real"])]
    assert len(columns) > 30
    assert [line for line in columns if "--" not in line] == []


def test_the_four_tables_people_query_by_hand_keep_their_columns(db: sqlite3.Connection) -> None:
    known = {
        "category": ["id", "parent", "leaf", "product_count", "path"],
        "product": ["id", "category_id", "image", "name", "description"],
        "experiment": ["id", "name", "date"],
        "predicted_category": ["experiment_id", "product_id", "category_id", "score"],
    }
    for table, columns in known.items():
        found = [row[1] for row in db.execute(f"pragma table_info({table})")]
        assert found[: len(columns)] == columns


def test_the_file_of_the_earlier_system_is_migrated(tmp_path: Path) -> None:
    path = write(tmp_path / "crawl.db", EARLIER_SYSTEM)
    with open_database(path) as db:
        rows = db.execute("select id, path, product_count from category order by id").fetchall()
        assert rows == [
            ("flare-jeans", "jeans/flare-jeans", 1),
            ("jeans", "jeans", 0),
            ("women", "", 0),
        ]
        rows = db.execute("select id, category_id, image, description from product").fetchall()
        assert rows == [
            ("471", "flare-jeans", "http://shop/a.jpg", ""),
            ("472", None, None, "text"),
        ]
        assert db.execute("select * from predicted_category").fetchall() == [
            (43, "471", "flare-jeans", 0.9)
        ]
        assert db.execute("pragma foreign_key_check").fetchall() == []
        assert db.execute("pragma user_version").fetchone() == (LATEST,)
    open_and_close(path)  # and is not migrated again


TO_FORMAT_6 = """drop table translated_category; drop table image_mark; drop table given_part;
pragma user_version = 6;"""
TO_FORMAT_5 = f"{TO_FORMAT_6} drop table product_image; pragma user_version = 5;"
TO_FORMAT_4 = f"{TO_FORMAT_5} drop table outside; pragma user_version = 4;"
TO_FORMAT_3 = f"""{TO_FORMAT_4}
drop view corrected_product; drop view true_category; drop view ambiguous;
drop view moved; drop view latest_decision;
drop table decision; drop table audit; drop table suspicion; drop table label_search;
drop table neighbour;
pragma user_version = 3;"""
TO_FORMAT_2 = f"""{TO_FORMAT_3}
drop table predicted_path; drop table certificate;
pragma user_version = 2;"""


def test_a_file_of_format_1_gets_new_tables_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    with open_database(path, create=True) as db:
        new = db.execute("select sql from sqlite_master").fetchall()
        db.executescript(
            f"""{TO_FORMAT_2}
            drop table bookmark;
            create table bookmark (                     -- how far each query has been read
              query       text primary key,             -- such as products?cat=belts
              next_offset integer not null,             -- where the next page starts
              finished    integer not null check (finished in (0, 1)),  -- 1: nothing lies beyond
              error       text,                         -- why the last try came no further
              date        text not null                 -- of the last page, or the last try
            );
            insert into bookmark values ('products?cat=belts', 50, 0, null, 'now');
            alter table experiment drop column seal;
            pragma user_version = 1;"""
        )
    with open_database(path) as db:
        columns = [row[1] for row in db.execute("pragma table_info(bookmark)")]
        assert columns == ["query", "next_offset", "finished", "error", "date", "total"]
        assert len(db.execute("select sql from sqlite_master").fetchall()) == len(new)
        assert db.execute("select * from bookmark").fetchall() == [
            ("products?cat=belts", 50, 0, None, "now", None)
        ]
    open_and_close(path)


@pytest.mark.parametrize("back", [TO_FORMAT_2, TO_FORMAT_3, TO_FORMAT_4, TO_FORMAT_5, TO_FORMAT_6])
def test_a_file_of_an_older_format_gets_new_tables(tmp_path: Path, back: str) -> None:
    path = tmp_path / "crawl.db"
    with open_database(path, create=True) as db:
        new = db.execute("select sql from sqlite_master order by sql").fetchall()
        db.executescript(back)
    with open_database(path) as db:
        assert db.execute("select sql from sqlite_master order by sql").fetchall() == new
    open_and_close(path)


def test_a_changed_view_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    with open_database(path, create=True) as db:
        db.executescript("drop view moved; create view moved as select 1 as product_id;")
    with pytest.raises(StoreError, match="has a different view moved: it is damaged"):
        open_and_close(path)


def test_a_failed_migration_leaves_the_file_unchanged(tmp_path: Path) -> None:
    path = write(tmp_path / "crawl.db", EARLIER_SYSTEM + "create table image (x);")
    with pytest.raises(StoreError, match=r"is unchanged: .*image.* already exists"):
        open_and_close(path)
    assert ask(path, "select count(*) from product") == [(2,)]


def test_reading_a_missing_file_does_not_create_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no .*crawl\.db; run crawl\.py first"):
        open_and_close(tmp_path / "crawl.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_newer_version_is_rejected(tmp_path: Path) -> None:
    path = write(tmp_path / "crawl.db", "create table x (y); pragma user_version = 99;")
    with pytest.raises(StoreError, match="newer version of this program"):
        open_and_close(path)


def test_a_database_of_another_program_is_rejected_and_unchanged(tmp_path: Path) -> None:
    path = write(tmp_path / "crawl.db", "create table bookmarks (url text);")
    with pytest.raises(StoreError, match="database of another program"):
        open_and_close(path, create=True)
    assert ask(path, "select name from sqlite_master") == [("bookmarks",)]


def test_a_file_that_is_not_a_database_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    path.write_text("id,name\n" * 100)
    with pytest.raises(StoreError, match="is not a database"):
        open_and_close(path)


def test_a_folder_is_rejected_as_a_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is not a file; pass another --db-path"):
        open_and_close(tmp_path)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no folder"):
        open_and_close(tmp_path / "none" / "crawl.db", create=True)


def test_a_locked_database_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.05)
    path = tmp_path / "crawl.db"
    open_and_close(path, create=True)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin exclusive")
    with (
        pytest.raises(StoreError, match="locked by another program"),
        open_database(path) as db,
        transaction(db),
    ):
        pass
    other.close()


def test_a_transaction_that_fails_changes_nothing(db: sqlite3.Connection) -> None:
    with contextlib.suppress(KeyboardInterrupt), transaction(db):
        db.execute("insert into bookmark values ('x', 1, 0, null, 'now', null)")
        raise KeyboardInterrupt
    assert db.execute("select * from bookmark").fetchall() == []


def test_a_second_crawl_of_a_database_stops_at_once(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    message: list[str] = []

    def second() -> None:
        try:
            with sole_crawler(path):
                pass
        except StoreError as error:
            message.append(str(error))

    with sole_crawler(path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(1)
    assert message == [f"another crawl is filling {path}; wait for it, or stop it"]
    with sole_crawler(path):
        pass  # the lock is gone with the first


def test_the_schema_rejects_impossible_rows(db: sqlite3.Connection) -> None:
    for statement in (
        "insert into image values ('x', null, null, 1, 1, null, 'now')",
        "insert into image values ('x', 'f', 's', 1, 1, 'broken', 'now')",
        "insert into product_image values ('none', 1, 'x')",
        "insert into category values ('x', null, 2, 0, '', '')",
        "insert into predicted_category values (1, 'none', 'none', 0.5)",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)
