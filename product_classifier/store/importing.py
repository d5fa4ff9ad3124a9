"""Storing a catalogue of any source in crawl.db, in batches, so that memory use is constant."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from product_classifier.limits import LimitFilter
from product_classifier.records import Category, Entry, Image, Page, Product, Skipped
from product_classifier.store.bookmarks import bookmark, put_bookmark
from product_classifier.store.database import now, transaction
from product_classifier.store.products import new_images, put_categories, put_images, put_skipped

MOST_SKIPPED = 1_000_000  # rows of an import: a bad short line takes a hundred times its size
CACHE = 64_000  # KiB of the page cache: enough for the indexes of a million products
PUT_PAIR = "insert or ignore into product_category (product_id, category_id) values (?, ?)"
FORGET = (
    "delete from product_category where product_id = ?",
    "delete from product_image where product_id = ?",
    "delete from given_part where product_id = ?",
)
INDEXES = ("product_by_category", "product_by_image", "product_category_by_category")
DANGLING = """
select category_id from (select distinct category_id from product_category
  union select distinct category_id from product where category_id is not null)
where category_id not in (select id from category)
"""
OnSkipped = Callable[[Skipped], None]  # called with each skipped entry; may raise


def ignore_skipped(skipped: Skipped) -> None:
    """Ignore an entry that is skipped (the default)."""


def save_import(
    db: sqlite3.Connection,
    entries: Iterable[Entry],
    source: str,
    on_skipped: OnSkipped = ignore_skipped,
) -> None:
    """Store a whole catalogue in one transaction; a category comes before its products.

    source: the file's name. The categories of its products replace those of an earlier import, and
    its skipped entries replace the earlier ones.
    """
    [(first,)] = db.execute("select not exists (select 1 from product)")
    with _checked_at_end(db) if first else transaction(db):
        db.execute("delete from skipped where instr(item, ?) = 1", (f"{source} ",))
        importing = Importing(db, source, on_skipped)
        importing.put(entries)
        importing.finish()


class PagedImport:
    """Stores a catalogue page by page; an interrupted import continues to the same result."""

    def __init__(
        self, db: sqlite3.Connection, query: str, on_skipped: OnSkipped = ignore_skipped
    ) -> None:
        self._db = db
        self.reached = bookmark(db, query)
        before = f"{query}&before"  # bookmark with the last rowid before the first page
        if self.reached.offset == 0:
            [(last,)] = db.execute("select coalesce(max(rowid), 0) from product")
            with transaction(db):
                put_bookmark(db, before, last, finished=True)
        name = query.partition("?")[0]
        self._importing = Importing(db, name, on_skipped, bookmark(db, before).offset)

    def save(self, pages: Iterable[tuple[Page, list[Image | Skipped]]]) -> None:
        """Store pages, their pictures and the bookmark of the last page in one transaction."""
        with transaction(self._db):
            for page, pictures in pages:
                self._put(page, pictures)
            self._importing.finish()

    def _put(self, page: Page, pictures: Iterable[Image | Skipped]) -> None:
        """Store a page; of products with the same id, the first one counts with its pictures."""
        first: dict[str, Image] = {}
        skipped = page.skipped.copy()
        for picture in pictures:
            if isinstance(picture, Skipped):
                skipped.append(picture)
            else:
                first.setdefault(picture.address, picture)
        self._importing.put([*page.categories, *page.products, *skipped])
        put_images(self._db, new_images(self._db, first.values()))
        put_bookmark(self._db, page.query, page.next_offset, page.finished, page.total)


@contextmanager
def _checked_at_end(db: sqlite3.Connection) -> Iterator[None]:
    """Fill empty tables in one transaction; check references and build indexes at its end.

    For a million products, that takes half the time of doing it for each row.
    """
    db.execute("pragma foreign_keys = off")
    try:
        with transaction(db):
            indexes = db.execute(
                f"select name, sql from sqlite_master where type = 'index' and name in {INDEXES}"  # noqa: S608
            ).fetchall()
            for name, _ in indexes:
                db.execute(f"drop index {name}")
            yield
            for _, sql in indexes:
                db.execute(sql)
            for (category,) in db.execute(DANGLING):
                raise sqlite3.IntegrityError(f"a product is in the unknown category {category}")
    finally:
        db.execute("pragma foreign_keys = on")


class Importing:
    """Stores entries in the database; the caller holds the transaction.

    A product at several places of the source gets the categories of all of them. A place with other
    values than the first one is skipped.
    """

    def __init__(
        self, db: sqlite3.Connection, source: str, on_skipped: OnSkipped, last: int | None = None
    ) -> None:
        self._db, self._source, self._limited = db, source, LimitFilter()
        self._on_skipped = on_skipped
        self._skipped = 0  # entries
        self._moment = now()
        self._added: Counter[str] = Counter()  # products, by category
        [(rows,)] = db.execute("select coalesce(max(rowid), 0) from product")
        self._last = rows if last is None else last  # last rowid of earlier imports
        db.execute(f"pragma cache_size = -{CACHE}")
        db.execute("create temp table if not exists met (product_id text primary key)")
        db.execute("delete from temp.met")

    def put(self, entries: Iterable[Entry]) -> None:
        """Store the entries that are within the limits."""
        for batch in self._limited.batches(entries):
            self._put_batch(batch)

    def _put_batch(self, entries: Sequence[Entry]) -> None:
        products = [entry for entry in entries if isinstance(entry, Product)]
        skipped = [entry for entry in entries if isinstance(entry, Skipped)]
        put_categories(self._db, [entry for entry in entries if isinstance(entry, Category)])
        for product in self._put_new(products):
            skipped += self._put_known(product)
        for entry in skipped:
            self._on_skipped(entry)
        put_skipped(self._db, skipped[: max(0, MOST_SKIPPED - self._skipped)])
        self._skipped += len(skipped)

    def finish(self) -> None:
        """Store the product counts of categories and the number of unlisted skipped entries."""
        if self._skipped > MOST_SKIPPED:
            reason = f"{self._skipped - MOST_SKIPPED:,} more are not listed"
            put_skipped(self._db, [Skipped("product", f"{self._source} …", reason)])
        self._db.executemany(
            "update category set product_count = product_count + ? where id = ?",
            ((count, category) for category, count in self._added.items()),
        )
        self._added.clear()

    def _put_new(self, products: Sequence[Product]) -> list[Product]:
        """Store the new products, and return the others in their order."""
        if not products:
            return []
        [(last,)] = self._db.execute("select coalesce(max(rowid), 0) from product")
        count = self._db.executemany(
            """insert into product (id, category_id, image, name, description, date)
               values (?, ?, ?, ?, ?, ?) on conflict (id) do nothing""",
            [(product.id, *_facts(product), self._moment) for product in products],
        ).rowcount
        others: list[Product] = []
        if count < len(products):
            rows = self._db.execute("select id from product where rowid > ?", (last,))
            first = {identity for (identity,) in rows}  # ids whose first place is among these
            new: list[Product] = []
            for product in products:
                (new if product.id in first else others).append(product)
                first.discard(product.id)
            products = new
        self._put_parts(products)
        pairs = [(product.id, category) for product in products for category in product.categories]
        self._db.executemany(PUT_PAIR, pairs)
        self._added.update(category for _, category in pairs)
        return others

    def _put_known(self, product: Product) -> Iterator[Skipped]:
        """Update a product of an earlier import or an earlier place; yield it if it is skipped."""
        [(row, met, *facts)] = self._db.execute(
            """select rowid, (select count(*) from temp.met where product_id = product.id),
                 name, description, image
               from product where id = ?""",
            (product.id,),
        )
        if row <= self._last and not met:
            self._db.execute("insert into temp.met values (?)", (product.id,))
            self._replace(product)
        elif (*facts, self._more_images(product)) != product.facts:
            yield product.contradicts()
        else:
            self._put_category_pairs(product)

    def _more_images(self, product: Product) -> tuple[str, ...]:
        rows = self._db.execute(
            "select address from product_image where product_id = ? order by place", (product.id,)
        )
        return tuple(address for (address,) in rows)

    def _replace(self, product: Product) -> None:
        """Replace the values of a product of an earlier import."""
        rows = self._db.execute(
            "select category_id from product_category where product_id = ?", (product.id,)
        )
        self._added.subtract(category for (category,) in rows)
        for forget in FORGET:
            self._db.execute(forget, (product.id,))
        self._db.execute(
            """update product set category_id = ?, image = ?, name = ?, description = ?, date = ?
               where id = ?""",
            (*_facts(product), self._moment, product.id),
        )
        self._put_parts([product])
        self._put_category_pairs(product)

    def _put_parts(self, products: Sequence[Product]) -> None:
        self._db.executemany(
            "insert into product_image (product_id, place, address) values (?, ?, ?)",
            (
                (product.id, place, image)
                for product in products
                for place, image in enumerate(product.more_images, 1)
            ),
        )
        self._db.executemany(
            "insert into given_part (product_id, part) values (?, ?)",
            ((product.id, product.part) for product in products if product.part),
        )

    def _put_category_pairs(self, product: Product) -> None:
        for category in product.categories:
            self._added[category] += self._db.execute(PUT_PAIR, (product.id, category)).rowcount


def _facts(product: Product) -> tuple[str | None, ...]:
    main = product.categories[0] if product.categories else None
    return main, product.image, product.name, product.description
