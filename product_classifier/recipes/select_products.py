"""A catalogue and what is asked of it → the products that a categorizer learns from.

Products without a part, or in another language, are left out first, then categories with too few
of those that are left, and then what is not drawn.
"""

from __future__ import annotations

import dataclasses
import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from product_classifier.console import SILENT, Console
from product_classifier.errors import StoreError
from product_classifier.features.cleaning import detect_languages
from product_classifier.models.split import (
    CALIBRATION,
    TRAIN,
    TUNING,
    group_names,
    part_of,
    position_of,
)
from product_classifier.records import Dataset
from product_classifier.selection import Labels, Selection, count_products, only_in
from product_classifier.store.categories_to_learn import Candidates, read_candidates
from product_classifier.store.database import snapshot
from product_classifier.store.dataset import (
    read_dataset,
    read_given_parts,
    read_identities,
    read_texts,
)

FEWEST_PRODUCTS = 3  # of a category: for training, tuning and testing


def select(
    db: sqlite3.Connection,
    selection: Selection,
    console: Console = SILENT,
) -> tuple[Dataset, dict[str, str]]:
    """Read what is asked for, and the duplicate group of each product of the catalogue.

    say: is told what was left out. Raises StoreError for an empty database, an unknown category,
    and fewer than two that can be learned.
    """
    languages: dict[str, str] = {}
    if selection.languages:  # before anything is locked: a crawl would have to wait for long
        languages = _languages(db, read_candidates(db, selection).products, console)
    facts: dict[str, Any] = {}
    with snapshot(db):
        groups = group_names(read_identities(db))
        if not groups:
            raise StoreError("the database has no products; run crawl.py first")
        candidates = read_candidates(db, selection)
        parts = {product: part_of(group) for product, group in groups.items()}
        if selection.given_split:
            parts = given_parts(read_given_parts(db), groups)
            facts["without_part"] = without = len(candidates.products - parts.keys())
            console.say(f"given split: {without:,} products are in no part of it and left out")
        if selection.languages:
            here = {product: parts[product] for product in candidates.products & parts.keys()}
            found = {product: languages.get(product, "") for product in here}
            parts = spoken(here, found, selection.languages)
            facts["languages"] = counts = dict(Counter(found.values()).most_common())
            console.say(f"language: {languages_told(counts, selection.languages)}")
        labels = learnable_labels(candidates, parts, selection)
        if selection.is_sampled:
            labels = labels.restricted_to(drawn(labels, parts, selection), parts)
        dataset = read_dataset(db, parts, labels, selection)
    if selection.given_split and (divided := divided_groups(dataset, groups)):
        facts["divided_groups"] = divided
        console.say(
            f"given split: {divided:,} duplicate groups lie in more than one part of it; figures "
            "flatter where a model has seen what it is tested on"
        )
    return dataclasses.replace(dataset, settings={**dataset.settings, **facts}), groups


def learnable_labels(
    candidates: Candidates, parts: Mapping[str, str], selection: Selection
) -> Labels:
    """Return the categories that are large enough and can be learned, with their products.

    parts: of the split, by product id; products without a part are left out. Raises StoreError if
    fewer than two categories can be learned.
    """
    here = candidates.products & parts.keys()
    wanted = list(candidates.categories)
    crawled = count_products(candidates.crawled, candidates.crawled.keys() & parts.keys())
    if not selection.categories:
        wanted = [c for c in wanted if crawled[c] >= selection.min_per_category]
    labels = {product: candidates.true[product] for product in candidates.true.keys() & here}
    sizes = count_products(labels, labels)
    training = count_products(labels, [product for product in labels if parts[product] == TRAIN])
    reasons = {c: "none of its products is in the training part" for c in wanted if not training[c]}
    for category in wanted:
        if sizes[category] < FEWEST_PRODUCTS:
            reasons[category] = f"{sizes[category]} products are too few"
    learned = [category for category in wanted if category not in reasons]
    left_out = [f"{category}: {reasons[category]}" for category in wanted if category in reasons]
    if len(learned) < 2:
        raise StoreError(_too_few(learned, left_out, selection, crawled))
    ambiguous = {
        product
        for product in candidates.ambiguous & here
        if not set(learned).isdisjoint(candidates.crawled.get(product, ()))
    }
    return Labels(learned, only_in(labels, learned), ambiguous, left_out)


def _too_few(
    learned: Sequence[str], left_out: Sequence[str], selection: Selection, crawled: Counter[str]
) -> str:
    """Return the message for fewer than two categories that can be learned."""
    if selection.categories:
        single = learned or len(selection.categories) == 1
        problem = "that is one category" if single else "there is none to learn"
        reasons = f" ({'; '.join(left_out)})" if left_out else ""
        return f"{problem}{reasons}; a categorizer needs at least two: add to --categories"
    second = crawled.most_common(2)[-1][1] if len(crawled) > 1 else 0
    if second < FEWEST_PRODUCTS:
        return "fewer than two leaves have enough products to learn from; crawl more of them"
    kind = "leaf" if selection.depth is None else f"category of depth {selection.depth}"
    return (
        f"{len(learned) or 'no'} {kind} has {selection.min_per_category:,} products or more, and "
        "two are needed; pass a smaller --min-per-category (the second largest "
        f"{kind} has {second:,})"
    )


def _languages(db: sqlite3.Connection, products: Set[str], console: Console) -> dict[str, str]:
    """Detect the language of some products' texts."""
    ids: list[str] = []

    def texts() -> Iterator[str]:
        for product, text in read_texts(db, products):
            ids.append(product)
            yield text

    found = list(console.progress(detect_languages(texts()), "languages", len(products)))
    return dict(zip(ids, found, strict=True))


HALVES = ((0.5, TUNING), (1.0, CALIBRATION))  # of a given validation part


def given_parts(given: Mapping[str, str], groups: Mapping[str, str]) -> dict[str, str]:
    """Name the parts of a given split as the frozen one does; a hash halves the validation part.

    Where there is none, a tenth of the training part is taken for it. groups: the duplicate group
    of each product. Raises StoreError where nothing is given.
    """
    if not given:
        raise StoreError(
            "the catalogue came without a split of its own; leave out --given-split, or crawl a "
            "source that has one"
        )
    validated = "validation" in given.values()
    found = {}
    for product, part in given.items():
        # not the frozen split's own place, on which a given split might depend
        group = f"given {groups[product]}"
        if part == "validation":
            found[product] = part_of(group, HALVES)
        elif part == TRAIN and not validated and part_of(group) in (TUNING, CALIBRATION):
            found[product] = part_of(group)
        else:
            found[product] = part
    return found


def divided_groups(dataset: Dataset, groups: Mapping[str, str]) -> int:
    """Count the duplicate groups whose products are in more than one part."""
    pairs = {(groups[item.id], item.part) for item in dataset.items}
    return sum(parts > 1 for parts in Counter(group for group, _ in pairs).values())


def spoken(
    parts: Mapping[str, str], languages: Mapping[str, str], wanted: Sequence[str]
) -> dict[str, str]:
    """Keep the parts of products in one of the wanted languages.

    languages: of each product, '' where it cannot be told. Raises StoreError where none is left.
    """
    kept = {product: part for product, part in parts.items() if languages[product] in wanted}
    if not kept:
        found = languages_told(Counter(languages[product] for product in parts), wanted)
        raise StoreError(f"no product is in that language ({found}); pass another --language")
    return kept


def drawn(labels: Labels, parts: Mapping[str, str], selection: Selection) -> Set[str]:
    """Draw the sample of each category, by a hash of seed and product.

    A product of several categories counts in its main one. Of n products the share is rounded up;
    a larger sample contains a smaller one. The parts of the split keep their proportions, but that
    the first product of all is one to learn from.
    """
    strata = defaultdict(list)
    for product in labels.ambiguous:
        strata[""].append(product)
    for product, categories in labels.products.items():
        strata[categories[0]].append(product)
    found: set[str] = set()
    for category, products in strata.items():
        most = len(products)
        if selection.sample is not None:
            most = math.ceil(round(selection.sample * len(products), 9))
        if selection.sample_per_category is not None:
            most = min(most, selection.sample_per_category)
        found |= set(_in_turn(category, products, parts, selection.sample_seed)[:most])
    return found


def _in_turn(
    category: str, products: Iterable[str], parts: Mapping[str, str], seed: int
) -> list[str]:
    """Order products so that the first so many, whatever their number, are a sample of all."""
    places = sorted((position_of(f"sample {seed} {product}"), product) for product in products)
    by_part = defaultdict(list)
    for place, product in places:
        by_part[parts[product]].append((place, product))
    turns = []
    for part, found in by_part.items():
        # by chance, or small categories would all lose their smaller parts
        start = position_of(f"sample {seed} {category} {part}")
        for rank, (place, product) in enumerate(found):
            first = part == TRAIN and not rank
            turns.append((-1.0 if first else (rank + start) / len(found), place, product))
    return [product for *_, product in sorted(turns)]


def languages_told(counts: Mapping[str, int], wanted: Sequence[str]) -> str:
    """Tell how many products are in which language."""
    ranked = sorted(counts.items(), key=lambda one: (not one[0], -one[1]))
    told = [f"{language or 'not to tell'} {count:,}" for language, count in ranked]
    kept = sum(counts.get(language, 0) for language in wanted)
    return f"{'; '.join(told)}; kept {kept:,}"
