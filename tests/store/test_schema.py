"""Foreign schema objects and invalid values in a database."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from product_classifier.errors import ReadOnlyError, StoreError
from product_classifier.store.database import LARGEST_VALUE, open_database, transaction
from product_classifier.store.experiments import read_experiments
from tests.conftest import ROOT, shop
from tests.store.test_database import ask, open_and_close, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "crawl.db"
    with open_database(path, create=True) as db:
        shop(db)
        db.execute("insert into experiment (name, date) values ('x', 'now')")
    return path


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "create trigger t after insert on product begin delete from experiment; end",
            "has a trigger t on product, which would run on stored rows; remove it with sqlite3",
        ),
        ("create index i on product (lower(name))", "has an index i on product"),
        ("create unique index i on product (name)", "has an index i on product"),
        ("create index i on product (name) where 1", "has an index i on product"),
        ("alter table product add column x", "defines product differently from schema.sql"),
        ("alter table product rename column date to day", r"lacks product\.date"),
        (
            "drop table audit; create table audit (experiment_id integer, product_id text)",
            "defines audit differently from schema.sql",
        ),
        (
            "drop table skipped; create virtual table skipped using fts5(kind, item, reason, date)",
            "defines skipped differently from schema.sql",
        ),
        ("update product set name = x'00'", r"product\.name has an invalid value"),
        (
            "update category set path = printf('%.*c', 100001, 'a') where rowid = 2",
            r"category\.path has an invalid value",
        ),
        ("update category set leaf = 'x'", r"category\.leaf has an invalid value"),
        ("insert into bookmark values ('q', -1, 0, null, '', 1)", r"bookmark\.next_offset has an"),
        (
            "insert into image values ('a', '../../etc/passwd', 'a', 1, 1, null, 'now')",
            r"image\.file has an invalid value",
        ),
        (
            "insert into image values ('a', '/dev/zero', 'a', 1, 1, null, 'now')",
            r"image\.file has an invalid value",
        ),
        (
            "with recursive n (k) as (select 1 union all select k + 1 from n where k < 200) "
            "insert into category select k, k - 1, 0, 0, k, k from n",
            "is more than 100 levels deep",
        ),
        ("update category set rowid = 1000000000000 where id = 'belts'", "rows of category are"),
    ],
)
def test_foreign_schema_objects_and_invalid_values_are_rejected_by_name(
    path: Path, script: str, message: str
) -> None:
    write(path, f"pragma ignore_check_constraints = on; {script}")
    before = path.read_bytes()
    for create in (False, True):
        with pytest.raises(StoreError, match=message):
            open_and_close(path, create)
    assert path.read_bytes() == before


def test_tables_views_and_plain_indexes_of_users_are_accepted(path: Path) -> None:
    write(
        path,
        """create table notes (product_id text, note text);
        create view dear as select load_extension('x') from product;
        create index by_name on product (name); analyze;""",
    )
    open_and_close(path, create=True)


def test_a_trigger_of_an_older_file_does_not_run_during_migration(
    path: Path,
) -> None:
    write(
        path,
        """drop table translated_category; drop table image_mark; drop table given_part;
        create trigger t before update on experiment begin delete from product; end;
        pragma user_version = 2;""",
    )
    with pytest.raises(StoreError, match="has a trigger t on experiment"):
        open_and_close(path)
    assert ask(path, "select count(*) from product") == [(90,)]


def test_a_deep_tree_of_the_earlier_system_is_rejected_before_its_paths_fill_the_disk(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path / "crawl.db",
        """create table schema_version (id); create table experiment (id, name, date);
        create table category (id text primary key, parent text, leaf, product_count, path);
        create table product (id, category_id, image, name, description);
        create table predicted_category (experiment_id, product_id, category_id, score);
        with recursive n (k) as (select 1 union all select k + 1 from n where k < 20000)
          insert into category select 'level' || k, 'level' || (k - 1), 0, 0, null from n;""",
    )
    size = path.stat().st_size
    with pytest.raises(StoreError, match="is more than 100 levels deep"):
        open_and_close(path)
    assert path.stat().st_size == size


@pytest.mark.parametrize(
    "settings",
    [
        *("[]", "7", '"x"', "{", "[" * 100_000, '{"seed": NaN}', '{"seed": 1e999}'),
        *('{"seed": -1}', '{"depth": "x"}', '{"depth": 0}', '{"learned": "belts"}'),
        *('{"learned": [1]}', '{"sample": 2}', '{"language": {}}', '{"backbone": ["x"]}'),
        *('{"images_per_product": 1e3}', '{"peak_bytes": "x"}', f'{{"seed": {"9" * 9_000}}}'),
    ],
)
def test_invalid_settings_are_reported_in_one_line(path: Path, settings: str) -> None:
    with open_database(path) as db:
        db.execute("update experiment set settings = ?", (settings,))
        with pytest.raises(
            StoreError, match=r"is damaged, or was changed by hand \(.*experiment 1"
        ):
            read_experiments(db)


@pytest.mark.slow
def test_a_text_that_is_far_too_long_is_not_read(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(f"update product set description = hex(zeroblob({LARGEST_VALUE // 2 + 1}))")
    with (
        pytest.raises(StoreError, match="has a text over 50,000,000 bytes"),
        open_database(path) as db,
    ):
        db.execute("select description from product").fetchall()


def test_opening_does_not_wait_for_pipes_or_devices(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero"), tmp_path):
        for create in (False, True):
            with pytest.raises(StoreError, match="is not a file; pass another --db-path"):
                open_and_close(path, create)


@pytest.mark.parametrize("change", ["moved", "removed", "replaced"])
def test_a_database_that_disappears_while_in_use_is_reported_in_one_line(
    path: Path, tmp_path: Path, change: str
) -> None:
    aside = tmp_path / "aside.db"
    before = ask(path, "select * from product")

    def use() -> None:
        with open_database(path) as db:
            os.link(path, aside)
            path.unlink()
            if change == "replaced":
                open_and_close(path, create=True)
            elif change == "moved":
                aside.rename(tmp_path / "elsewhere.db")
                os.link(tmp_path / "elsewhere.db", aside)
            assert len(db.execute("select * from product").fetchall()) == len(before)
            with transaction(db):
                db.execute("delete from product where id = 'belts-000'")

    with pytest.raises(StoreError, match="was moved or removed while it was used; put it back"):
        use()
    assert ask(aside, "select * from product") == before
    assert ask(aside, "pragma integrity_check") == [("ok",)]
    if change == "replaced":
        assert ask(path, "select count(*) from product") == [(0,)]


def test_a_script_reports_a_bad_database_in_one_line(path: Path) -> None:
    write(path, "create trigger t after insert on product begin select 1; end")
    for script, *options in (("analyze",), ("categorize_words",), ("crawl", "--from", "x.csv")):
        (path.parent / "x.csv").write_text("id,name,category_path\n1,x,A\n")
        found = subprocess.run(
            [sys.executable, ROOT / f"{script}.py", *options],
            cwd=path.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 1
        assert (
            re.fullmatch(
                rf"{script}\.py: .*crawl\.db has a trigger t on product, .*'\n?",
                found.stderr[-400:],
            )
            or found.stderr.count("\n") == 1
        ), found.stderr


def test_a_link_in_place_of_a_journal_is_not_followed(path: Path) -> None:
    outside = path.parent / "outside"
    outside.write_text("mine")
    path.with_name("crawl.db-journal").symlink_to(outside)
    with contextlib.suppress(StoreError, ReadOnlyError), open_database(path) as db, transaction(db):
        db.execute("delete from experiment")
    assert outside.read_text() == "mine"


def test_a_setting_that_is_null_counts_as_absent(path: Path) -> None:
    write(path, """update experiment set settings = '{"images_per_product": null, "x": null}'""")
    with open_database(path) as db:
        [experiment] = read_experiments(db)
    assert experiment.settings == {"x": None}
