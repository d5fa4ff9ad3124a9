"""Databases of the current schema with hostile rows, objects and bytes, and their readers."""

from __future__ import annotations

import contextlib
import functools
import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from product_classifier.console import SILENT
from product_classifier.errors import ProductClassifierError
from product_classifier.recipes.export_catalogue import export
from product_classifier.recipes.find_label_errors import (
    contradicting,
    duplicate_groups,
    review_csv,
    to_audit,
    to_review,
)
from product_classifier.recipes.judge_experiments import (
    Terms,
    compare_experiments,
    judge_experiments,
    leaderboard_entries,
    tested_categories,
)
from product_classifier.recipes.select_products import select
from product_classifier.recipes.summarise_catalogue import read_catalogue
from product_classifier.recipes.write_site import Contents, site_pages
from product_classifier.records import Decided, Page, Product
from product_classifier.report.catalogue_summary import catalogue_text, catalogue_values
from product_classifier.report.categories import categories_text, categories_values
from product_classifier.report.comparison import (
    comparison_text,
    leaderboard_text,
    leaderboard_values,
)
from product_classifier.report.crawl import crawl_page, crawl_text, crawl_values
from product_classifier.report.text import figures_text, figures_values
from product_classifier.selection import Selection
from product_classifier.store import bookmarks, products
from product_classifier.store.catalogue_summary import read_crawl
from product_classifier.store.database import open_database, snapshot
from product_classifier.store.decisions import import_decisions
from product_classifier.store.experiments import read_experiments, read_mistakes
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.integrity import (
    CRAWL_TABLES,
    EXPERIMENT_TABLES,
    LABEL_TABLES,
    PREDICTED_CATEGORIES,
    PREDICTED_PATHS,
    Checksum,
    insist_on_integrity,
)
from product_classifier.store.label_errors import read_label_search
from product_classifier.store.legacy_database import copy_legacy_database, read_legacy_entries
from product_classifier.store.product_pictures import count_marks, read_uncategorized, read_unscored
from tests.hostile.mutations import NUMBERS, TEXTS, changed_bytes, hostile_value
from tests.report.attacks import ATTACKS, hostile_shop
from tests.store.test_database import EARLIER_SYSTEM

TERMS = Terms(targets=(0.5, 0.98), cost_error=10, cost_review=1)
JSON_COLUMNS = [("experiment", "settings")] * 3 + [("label_search", "overlaps")]
SETTINGS = (
    *("depth", "learned", "language", "given_split", "sample", "sample_per_category", "seed"),
    *("images_per_product", "clean", "text_words", "vectorizer", "model", "fusion", "backbone"),
    *("weights", "peak_bytes", "parameters", "outside", "levels", "head", "heads", "searched"),
)
OBJECTS = (
    "create trigger t after insert on product begin delete from experiment; end",
    "create trigger t before update on category begin select raise(abort, 'owned'); end",
    "create trigger t after delete on experiment begin update product set name = 'x'; end",
    "create view v as select load_extension('/tmp/x.so')",
    "create view v as select writefile('/tmp/x', 'y'), readfile('/etc/passwd')",
    "create index i on product (lower(name))",
    "create unique index i on product (name)",
    "create index i on category (path) where leaf",
    "create table notes (t text)",
    "create virtual table notes using fts5(t)",
    "create virtual table notes using rtree(i, a, b)",
    "drop table image; create view image as select 1 as address, 2 as file, 3 as sha256",
    "drop table bookmark; create virtual table bookmark using "
    "fts5(query, next_offset, finished, error, date, total)",
    "drop table skipped",
    "drop view moved; "
    "create view moved as select id as product_id, 'x' as category_id from product",
    "alter table product add column price real",
    "alter table product rename column name to title",
    "drop table audit; create table audit (experiment_id, product_id)",
    "alter table category add column extra text not null default (hex(zeroblob(1000000)))",
    "alter table category add column made text generated always as (hex(zeroblob(9000000)))",
    "pragma user_version = 99",
    "pragma user_version = 3",
    "pragma user_version = -5",
    "pragma user_version = 0",
    "pragma journal_mode = wal",
    "pragma application_id = 1",
    "pragma auto_vacuum = 2; vacuum",
    "pragma encoding = 'UTF-16le'",
    "pragma page_size = 65536; vacuum",
    "with recursive n (k) as (select 1 union all select k + 1 from n where k < 30000) "
    "insert into category select 'deep' || k, case when k > 1 then 'deep' || (k - 1) end, 0, 0, "
    "'d', 'd' from n",
    "with recursive n (k) as (select 1 union all select k + 1 from n where k < 30000) "
    "insert into category select 'ring' || k, 'ring' || ((k + 1) % 30000), 0, 0, 'd', 'd' from n",
    "update category set parent = id",
    "update category set parent = (select max(id) from category)",
    "update category set rowid = 1000000000000000 where rowid = 2",
    "update category set rowid = -7 where rowid = 2",
    "update category set path = replace(hex(zeroblob(5000000)), '00', 'a/') where rowid = 2",
    "update product set description = hex(zeroblob(30000000)) where rowid = 2",
    "update product set name = cast(x'ff00fe' as text) where rowid = 3",
    "update image set file = '../../../../../../etc/passwd', sha256 = 'a', error = null",
    "update image set file = '/dev/zero', sha256 = 'a', error = null",
    "update predicted_path set height = 2000000000 where rowid in (select 1)",
)


class Case(NamedTuple):
    path: Path
    reader: str


@functools.cache
def template() -> bytes:
    """Return a database with rows in every table."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "crawl.db"
        with open_database(path, create=True) as db:
            hostile_shop(db)
            db.execute("update experiment set name = 'x'")
            for leaf in ATTACKS[:2]:
                rows = [(f"{leaf} {k}", leaf, f"word{k} {leaf}") for k in range(40)]
                db.executemany(
                    "insert into product values (?1, ?2, 'http://x/' || ?1, ?3, '', 'now')", rows
                )
                db.executemany("insert into product_category values (?, ?)", [r[:2] for r in rows])
            settings = {"learned": ATTACKS[:2], "depth": 1, "seed": 0, "backbone": "mini"}
            db.execute("update experiment set settings = ?", (json.dumps(settings),))
            [(product,)] = db.execute("select id from product limit 1")
            [(address,)] = db.execute("select address from image limit 1")
            db.execute("insert into product_image values (?, 1, 'http://x/2')", (product,))
            db.execute("insert into given_part values (?, 'test')", (product,))
            db.execute("insert into skipped values ('product', 'x', 'no id', 'now')")
            db.execute("insert into bookmark values ('products?cat=x', 5, 0, null, 'now', 9)")
            db.execute(
                "update image set file = 'aa/a.jpg', sha256 = 'a', error = null, width = 3, "
                "height = 4 where address = ?",
                (address,),
            )
            db.execute("insert into image_mark values ('a', 'zoomed', 0.5, 1, 'm', 'now')")
            db.execute(
                "insert into translated_category select id, 'x' from category where leaf limit 1"
            )
            experiments = read_experiments(db)
            list(judge_experiments(db, [experiments[0].id], TERMS, SILENT))
            to_audit(db, experiments[0], 5)
        return path.read_bytes()


def hostile_database(chance: random.Random, folder: Path) -> Case:
    path = folder / "crawl.db"
    reader = chance.choice([*list(READERS) * 8, *SLOW])
    if reader in OLDER:
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.executescript(EARLIER_SYSTEM)
            tables = ["category", "product", "experiment", "predicted_category"]
            _change(chance, db, [table for table in tables for _ in range(3)])
    else:
        path.write_bytes(template())
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("pragma ignore_check_constraints = on")
            kind = chance.randrange(10)
            if kind == 0:
                with contextlib.suppress(sqlite3.Error):
                    db.executescript(chance.choice(OBJECTS))
            elif kind < 4:
                _change_json(chance, db)
            elif kind < 9:
                query = "select name from sqlite_master where type = 'table'"
                _change(chance, db, [name for (name,) in db.execute(query) if name[:6] != "sqlite"])
            with contextlib.suppress(sqlite3.Error, ValueError, TypeError):
                _seal(db)
    if chance.random() < 0.15:
        path.write_bytes(changed_bytes(chance, path.read_bytes()))
    return Case(path, reader)


def _change(chance: random.Random, db: sqlite3.Connection, tables: list[str]) -> None:
    """Set columns of some rows to hostile values, most of them of the expected type."""
    for _ in range(chance.choice([1, 1, 3])):
        table = chance.choice(tables)
        columns = db.execute(f"pragma table_info({table})").fetchall()
        _, column, declared, *_ = chance.choice(columns)
        if declared.lower() == "text" and chance.random() < 0.8:
            value: Any = chance.choice(TEXTS)
        else:
            value = chance.choice([*TEXTS, *NUMBERS, None, b"\xff\x00", b"text"])
        if isinstance(value, int) and abs(value) >= 2**63:
            value = float(value)
        if isinstance(value, str):
            value = value.encode(errors="surrogatepass").decode(errors="replace")
        some = "" if chance.random() < 0.3 else f"order by random() limit {chance.choice([1, 5])}"
        keys = [name for _, name, *_, key in columns if key]
        where = f"where ({', '.join(keys)}) in (select {', '.join(keys)} from {table} {some})"
        with contextlib.suppress(sqlite3.Error):
            db.execute(f"update {table} set {column} = ? {where if keys else ''}", (value,))
        db.commit()


def _change_json(chance: random.Random, db: sqlite3.Connection) -> None:
    table, column = chance.choice(JSON_COLUMNS)
    [(text,)] = db.execute(f"select {column} from {table} limit 1")
    value = json.loads(text)
    if isinstance(value, dict) and chance.random() < 0.8:
        for _ in range(chance.choice([1, 2])):
            value[chance.choice(SETTINGS)] = hostile_value(chance)
        text = json.dumps(value)
    else:
        text = chance.choice(
            [
                *(json.dumps(hostile_value(chance)), chance.choice(TEXTS), "[" * 100_000),
                *('{"depth": ' * 2_000, f'{{"seed": {"9" * 10_000}}}', '[["a", "b", 0.5], [1]]'),
            ]
        )
    text = text.encode(errors="surrogatepass").decode(errors="replace")
    db.execute(f"update {table} set {column} = ?", (text,))


def _seal(db: sqlite3.Connection) -> None:
    """Compute an experiment's checksum again, as an attacker would."""
    for (number,) in db.execute("select id from experiment").fetchall():
        seal = Checksum()
        for query in (PREDICTED_CATEGORIES, PREDICTED_PATHS):
            seal.add(db.execute(query, (number,)))
        db.execute("update experiment set seal = ? where id = ?", (seal.hexdigest(), number))


def plain_database(folder: Path) -> None:
    path = folder / "crawl.db"
    for reader in (*READERS, *SLOW):
        path.unlink(missing_ok=True)
        if reader in OLDER:
            with contextlib.closing(sqlite3.connect(path)) as db:
                db.executescript(EARLIER_SYSTEM)
        else:
            path.write_bytes(template())
        with contextlib.suppress(ProductClassifierError):
            read_database(Case(path, reader))


def read_database(case: Case) -> None:
    """Read a database as a part of a script does."""
    if case.reader in OLDER:
        OLDER[case.reader](case.path)
        return
    with open_database(case.path) as db:
        (READERS | SLOW)[case.reader](db, case.path.parent)


def _judged(db: sqlite3.Connection) -> list[Any]:
    return list(judge_experiments(db, [None], TERMS, SILENT))


def figures(db: sqlite3.Connection, folder: Path) -> None:
    judged = _judged(db)
    figures_text(judged)
    json.dumps(figures_values(judged), allow_nan=False)
    number = judged[0].experiment.id
    comparison_text(judged, *compare_experiments(db, [number, number], TERMS.targets))


def categories(db: sqlite3.Connection, folder: Path) -> None:
    tested = [(each.experiment, tested_categories(db, each)) for each in _judged(db)]
    paths = dict(db.execute("select rowid, path from category"))
    categories_text(tested, paths)
    json.dumps(categories_values(tested, paths), allow_nan=False)


def leaderboard(db: sqlite3.Connection, folder: Path) -> None:
    entries = leaderboard_entries(db, _judged(db))
    leaderboard_text(entries)
    json.dumps(leaderboard_values(entries), allow_nan=False)


def pages(db: sqlite3.Connection, folder: Path) -> None:
    insist_on_integrity(db, {*CRAWL_TABLES, *LABEL_TABLES})
    shown = Contents(_judged(db), ImageFolder(folder / "images"), products=True)
    for _ in site_pages(db, shown, SILENT):
        pass


def labels(db: sqlite3.Connection, folder: Path) -> None:
    insist_on_integrity(db, {*EXPERIMENT_TABLES, *CRAWL_TABLES, *LABEL_TABLES})
    [experiment, *_] = read_experiments(db)
    read_label_search(db, experiment.id)
    read_mistakes(db, experiment.id, 10)
    contradicting(db, duplicate_groups(db))
    review_csv(to_review(db, experiment, TERMS, 10))
    review_csv(to_audit(db, experiment, 5)[0])


def learning(db: sqlite3.Connection, folder: Path) -> None:
    select(db, Selection(min_per_category=1))


def relearning(db: sqlite3.Connection, folder: Path) -> None:
    [experiment, *_] = read_experiments(db)
    if experiment.settings.get("learned"):
        select(db, Selection.recorded(experiment.settings))


def filing(db: sqlite3.Connection, folder: Path) -> None:
    read_uncategorized(db, everything=True, images_per_product=3)


def crawling(db: sqlite3.Connection, folder: Path) -> None:
    bookmark = bookmarks.bookmark(db, "products?cat=x")
    assert isinstance(bookmark.offset, int)
    products.leaves_below(db, "root")
    for address in bookmarks.pending_images(db, folder, None, 3):
        address.startswith("http")
    products.save_page(
        db,
        Page(
            query="products?cat=x",
            products=[Product(id="new", name="x", description="", categories=(), image=None)],
            skipped=[],
            next_offset=7,
            finished=False,
            total=9,
        ),
    )
    products.progress(db, 3)
    count_marks(db, "m", "zoomed")
    read_unscored(db, "m", "other")


def crawled(db: sqlite3.Connection, folder: Path) -> None:
    insist_on_integrity(db, CRAWL_TABLES)
    state = read_crawl(db)
    crawl_text(state), crawl_page(state)
    json.dumps(crawl_values(state), allow_nan=False)


def catalogued(db: sqlite3.Connection, folder: Path) -> None:
    insist_on_integrity(db, {*CRAWL_TABLES, "decision"})
    summary, _ = read_catalogue(db, SILENT, None)
    catalogue_text(summary)
    json.dumps(catalogue_values(summary), allow_nan=False)


def exporting(db: sqlite3.Connection, folder: Path) -> None:
    with snapshot(db):
        export(db, folder / "out.csv", None, None, 1)
        export(db, folder / "out.jsonl", None, None, None)


def deciding(db: sqlite3.Connection, folder: Path) -> None:
    rows = db.execute("select id from product limit 5").fetchall()
    decided = [Decided(2, product, verdict) for (product,) in rows for verdict in ("keep", "x")]
    import_decisions(db, decided, "person")


def reading_older(path: Path) -> None:
    for _ in read_legacy_entries(path):
        pass


def adopting(path: Path) -> None:
    copy_legacy_database(path, path.with_name("new.db"))


OLDER: Mapping[str, Callable[[Path], None]] = {
    "reading_older": reading_older,
    "adopting": adopting,
}
READERS: dict[str, Callable[[sqlite3.Connection, Path], None]] = {
    **{
        reader.__name__: reader
        for reader in (
            *(figures, categories, leaderboard, labels, learning, relearning, filing),
            *(crawling, crawled, catalogued, exporting, deciding),
        )
    },
    **dict.fromkeys(OLDER, lambda db, folder: None),
}
SLOW: dict[str, Callable[[sqlite3.Connection, Path], None]] = {"pages": pages}


def rows_of(path: Path) -> Iterator[str]:
    """Write all values in a database."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        yield from db.iterdump()
