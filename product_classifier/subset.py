"""A catalogue and what is asked of it → the products that a categorizer learns from.

Products without a part, or in another language, are left out first, then categories with too few
of those that are left, and then what is not drawn.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Set
from typing import Any

from product_classifier.errors import StoreError
from product_classifier.features.languages import detect_languages
from product_classifier.models.split import group_names, part_of
from product_classifier.models.subset import (
    divided_groups,
    drawn,
    given_parts,
    languages_told,
    spoken,
)
from product_classifier.records import Dataset, Track, untracked
from product_classifier.selection import Selection
from product_classifier.store.database import snapshot
from product_classifier.store.dataset import (
    read_dataset,
    read_given_parts,
    read_identities,
    read_texts,
)
from product_classifier.store.labels import learnable, read_filed

Say = Callable[[str], None]


def select(
    db: sqlite3.Connection,
    selection: Selection,
    say: Say = lambda _: None,
    track: Track = untracked,
) -> tuple[Dataset, dict[str, str]]:
    """Read what is asked for, and the duplicate group of each product of the catalogue.

    say: is told what was left out. Raises StoreError for an empty database, an unknown category,
    and fewer than two that can be learned.
    """
    languages: dict[str, str] = {}
    if selection.languages:  # before anything is locked: a crawl would have to wait for long
        languages = _languages(db, read_filed(db, selection).products, track)
    facts: dict[str, Any] = {}
    with snapshot(db):
        groups = group_names(read_identities(db))
        if not groups:
            raise StoreError("the database has no products; run crawl.py first")
        filed = read_filed(db, selection)
        parts = {product: part_of(group) for product, group in groups.items()}
        if selection.given_split:
            parts = given_parts(read_given_parts(db), groups)
            facts["without_part"] = without = len(filed.products - parts.keys())
            say(f"given split: {without:,} products are in no part of it and left out")
        if selection.languages:
            here = {product: parts[product] for product in filed.products & parts.keys()}
            found = {product: languages.get(product, "") for product in here}
            parts = spoken(here, found, selection.languages)
            facts["languages"] = counts = dict(Counter(found.values()).most_common())
            say(f"language: {languages_told(counts, selection.languages)}")
        labels = learnable(filed, parts, selection)
        if selection.is_sampled:
            labels = labels.only(drawn(labels, parts, selection), parts)
        dataset = read_dataset(db, parts, labels, selection)
    if selection.given_split and (divided := divided_groups(dataset, groups)):
        facts["divided_groups"] = divided
        say(
            f"given split: {divided:,} duplicate groups lie in more than one part of it; figures "
            "flatter where a model has seen what it is tested on"
        )
    return dataclasses.replace(dataset, settings={**dataset.settings, **facts}), groups


def _languages(db: sqlite3.Connection, products: Set[str], track: Track) -> dict[str, str]:
    """Detect the language of some products' texts."""
    ids: list[str] = []

    def texts() -> Iterator[str]:
        for product, text in read_texts(db, products):
            ids.append(product)
            yield text

    found = list(track(detect_languages(texts()), "languages", len(products)))
    return dict(zip(ids, found, strict=True))
