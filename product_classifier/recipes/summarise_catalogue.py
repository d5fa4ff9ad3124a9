"""Summarise a catalogue before anything is trained: its counts, and products drawn at random."""

from __future__ import annotations

import itertools
import sqlite3
from array import array
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from product_classifier.console import Console
from product_classifier.errors import StoreError
from product_classifier.evaluate.catalogue_counts import (
    CatalogueColumns,
    compare_leaves,
    compare_levels,
    count_categories,
    count_filed,
    count_kept_leaves,
    measure_names,
)
from product_classifier.evaluate.catalogue_summary import (
    CatalogueSummary,
    CategoryCount,
    Languages,
    Vocabulary,
    count_duplicates,
    measure_pictures,
    measure_words,
)
from product_classifier.evaluate.category_tree import (
    NONE,
    Integers,
    Members,
    build_tree,
    with_ancestors,
)
from product_classifier.features.cleaning import BASIC, CLEANINGS, detect_languages
from product_classifier.features.text_vectors import VOCABULARY_SIZE
from product_classifier.models.split import joined_groups, text_key
from product_classifier.records import Report
from product_classifier.report.catalogue_summary import (
    GalleryRow,
    ProductGallery,
    catalogue_page,
    catalogue_text,
    catalogue_values,
    product_tile,
)
from product_classifier.report.crawl import crawl_page, crawl_text, crawl_values
from product_classifier.selection import MIN_PER_CATEGORY
from product_classifier.store.catalogue_summary import (
    read_crawl,
    read_further_pictures,
    read_identities_in_order,
    read_members,
    read_overview,
    read_picture_sizes,
    read_rowids,
    read_sample,
    read_texts_by_rowid,
    read_tree,
)
from product_classifier.store.database import snapshot
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.integrity import CRAWL_TABLES, insist_on_integrity

SEED = 0
WORDS_OF, LANGUAGES_OF = 100_000, 10_000  # products at random: all of them would take minutes
FEWEST = (1, 20, 100, MIN_PER_CATEGORY)  # products of a leaf
LEAVES, IN_A_ROW, UNFILED = 40, 6, 48  # leaves, products of each, products without any leaf
FEWEST_TO_SHARE = 3  # products that show one picture
BYTES = 8  # of a hash: two of a million products share one with a probability of 3e-8


def crawl_report(db: sqlite3.Connection) -> Report:
    """Return what was crawled so far, by category and by picture."""
    insist_on_integrity(db, CRAWL_TABLES)
    state = read_crawl(db)
    return Report(crawl_text(state), crawl_values(state), crawl_page(state))


def catalogue_report(
    db: sqlite3.Connection, console: Console, *, images: Path | None, page: bool
) -> Report:
    """Return what is in a catalogue; images: the folder of pictures to show on the page, if any."""
    insist_on_integrity(db, {*CRAWL_TABLES, "decision"})
    folder = ImageFolder(images) if images and page else None
    summary, gallery = read_catalogue(db, console, folder)
    return Report(
        catalogue_text(summary),
        catalogue_values(summary),
        catalogue_page(summary, gallery) if page else None,
    )


def read_catalogue(
    db: sqlite3.Connection, console: Console, folder: ImageFolder | None = None
) -> tuple[CatalogueSummary, ProductGallery | None]:
    """Return the counts of a catalogue and, with a folder of pictures, products drawn at random.

    Raises StoreError for an empty database.
    """
    with snapshot(db):
        state = read_overview(db)
        if not state.products:
            raise StoreError("the database has no products; run crawl.py first")
        columns = _read_columns(db, console, bool(state.decided))
        counts = count_categories(columns)
        rng = np.random.default_rng(SEED)
        chosen = columns.rows[rng.permutation(state.products)]
        summary = CatalogueSummary(
            state=state,
            filed=count_filed(columns),
            categories=counts,
            levels=list(compare_levels(columns)),
            leaves=compare_leaves(columns),
            kept=[count_kept_leaves(columns, fewest) for fewest in FEWEST],
            names=list(measure_names(columns, counts)),
            vocabulary=_vocabulary(db, np.sort(chosen[:WORDS_OF]), console),
            languages=_languages(db, np.sort(chosen[:LANGUAGES_OF]), console),
            same_words=count_duplicates(columns.text, columns.true),
            same_picture=count_duplicates(columns.picture, columns.true),
            same_either=count_duplicates(
                joined_groups(columns.text, columns.picture), columns.true
            ),
            picture_sizes=measure_pictures(read_picture_sizes(db)),
            seed=SEED,
        )
        gallery = _gallery(db, columns, counts, folder, rng) if folder else None
        return summary, gallery


def _read_columns(db: sqlite3.Connection, console: Console, decided: bool) -> CatalogueColumns:
    """Read a catalogue product by product; decided: whether people have corrected any label."""
    rows, categories = read_rowids(db), read_tree(db)
    places = {category.id: place for place, category in enumerate(categories)}
    tree = build_tree(
        [places.get(category.parent or "", NONE) for category in categories],
        [not category.path for category in categories],
    )
    members = Members(*read_members(db, rows, categories))
    true = Members(*read_members(db, rows, categories, corrected=True)) if decided else members
    before, after = array("q"), array("q")
    text, picture = bytearray(), bytearray()
    clean = CLEANINGS[BASIC]
    for product in console.progress(read_identities_in_order(db), "products", len(rows)):
        before.append(len(product.name.split()))
        after.append(len(clean(product.name)))
        text += bytes.fromhex(text_key(product))[:BYTES]
        shown = product.sha256
        picture += blake2b(shown.encode(), digest_size=BYTES).digest() if shown else bytes(BYTES)
    pictures = np.frombuffer(picture, np.int64)
    return CatalogueColumns(
        rows=rows,
        categories=categories,
        places=places,
        leaf=np.array([category.leaf for category in categories], np.bool_),
        tree=tree,
        members=members,
        within=with_ancestors(members, tree),
        true=true,
        before=np.frombuffer(before, np.int64),
        after=np.frombuffer(after, np.int64),
        text=_numbered(np.frombuffer(text, np.int64)),
        picture=np.where(pictures == 0, NONE, _numbered(pictures)),
        pictures=(pictures != 0) + read_further_pictures(db, rows),
    )


def _numbered(values: Integers) -> Integers:
    return np.unique(values, return_inverse=True)[1]


def _vocabulary(db: sqlite3.Connection, rows: Integers, console: Console) -> Vocabulary:
    occurrences, standing = Counter[str](), Counter[str]()
    clean = CLEANINGS[BASIC]
    for text in console.progress(read_texts_by_rowid(db, rows), "words", len(rows)):
        words = clean(text)
        occurrences.update(words)
        standing.update(set(words))
    return measure_words(occurrences, standing, len(rows), VOCABULARY_SIZE)


def _languages(db: sqlite3.Connection, rows: Integers, console: Console) -> Languages:
    texts = console.progress(read_texts_by_rowid(db, rows), "languages", len(rows))
    return Languages(len(rows), Counter(detect_languages(texts)).most_common())


def _gallery(
    db: sqlite3.Connection,
    columns: CatalogueColumns,
    counts: Sequence[CategoryCount],
    folder: ImageFolder,
    rng: np.random.Generator,
) -> ProductGallery:
    """Return the pictures that most products share, and random products of the largest leaves."""

    def gallery_row(title: str, note: str, rows: Integers, notes: Sequence[str] = ()) -> GalleryRow:
        of_each = itertools.chain(notes, itertools.repeat(""))
        samples = zip(read_sample(db, rows), of_each, strict=False)
        tiles = [product_tile(sample, folder.read(sample.file), text) for sample, text in samples]
        return GalleryRow(title, note, tiles)

    def at_random(title: str, inside: Integers, most: int) -> GalleryRow:
        rows = rng.choice(columns.rows[inside], min(most, len(inside)), replace=False)
        return gallery_row(title, f"{len(inside):,} products", np.sort(rows))

    shown, first, count = np.unique(columns.picture, return_index=True, return_counts=True)
    count[shown == NONE] = 0
    most = np.argsort(-count, kind="stable")[:IN_A_ROW]
    most = most[count[most] >= FEWEST_TO_SHARE]
    notes = [f"shown by {number:,} products" for number in count[most].tolist()]
    product, category = columns.members
    leaves = [count for count in counts if count.leaf and count.products][:LEAVES]
    inside = [(leaf.label, product[category == columns.places[leaf.id]]) for leaf in leaves]
    return ProductGallery(
        gallery_row("", "", columns.rows[first[most]], notes) if notes else None,
        [at_random(label, rows, IN_A_ROW) for label, rows in inside]
        or [at_random("without a leaf", np.arange(len(columns.rows)), UNFILED)],
    )
