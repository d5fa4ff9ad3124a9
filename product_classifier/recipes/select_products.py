"""The choice of the products and categories that a categorizer learns, made in this file alone.

`select` applies these steps in this order:

1. The split: the frozen one, or the one that the catalogue came with (`parts_of_given_split`).
   Products without a part are left out.
2. Languages (`in_languages`): products in other languages are left out.
3. Sizes (`learnable_labels`): categories with too few of the remaining products are left out.
4. A random sample of each category (`sample_products`): the other products are left out.
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
from product_classifier.models.split import group_names, part_of, position_of
from product_classifier.records import Dataset
from product_classifier.selection import (
    CALIBRATION,
    TRAIN,
    TUNING,
    Labels,
    Selection,
    count_products,
    only_in,
)
from product_classifier.store.categories_to_learn import Candidates, read_candidates
from product_classifier.store.database import snapshot
from product_classifier.store.dataset import (
    read_dataset,
    read_given_parts,
    read_identities,
    read_texts,
)

FEWEST_PRODUCTS = 3  # of a category: for training, tuning and testing
VALIDATION_BOUNDS = ((0.5, TUNING), (1.0, CALIBRATION))  # of a given validation part


def select(
    db: sqlite3.Connection,
    selection: Selection,
    console: Console = SILENT,
) -> tuple[Dataset, dict[str, str]]:
    """Return the selected products, and the duplicate group of each product of the catalogue.

    The console reports what is left out, and the dataset's settings record the numbers. Raises
    StoreError for an empty database, an unknown category, and fewer than two categories that can be
    learned.
    """
    languages: dict[str, str] = {}
    if selection.languages:  # outside the snapshot, since a crawl would have to wait for minutes
        languages = _detect_languages(db, read_candidates(db, selection).products, console)
    facts: dict[str, Any] = {}
    with snapshot(db):
        groups = group_names(read_identities(db))
        if not groups:
            raise StoreError("the database has no products; run crawl.py first")
        candidates = read_candidates(db, selection)
        parts = {product: part_of(group) for product, group in groups.items()}
        if selection.given_split:
            parts = parts_of_given_split(read_given_parts(db), groups)
            facts["without_part"] = without = len(candidates.products - parts.keys())
            console.say(f"given split: {without:,} products have no part and are left out")
        if selection.languages:
            parts = {product: parts[product] for product in candidates.products & parts.keys()}
            detected = {product: languages.get(product, "") for product in parts}
            parts = in_languages(parts, detected, selection.languages)
            facts["languages"] = counts = dict(Counter(detected.values()).most_common())
            console.say(f"language: {language_counts_text(counts, selection.languages)}")
        labels = learnable_labels(candidates, parts, selection)
        if selection.is_sampled:
            labels = labels.restricted_to(sample_products(labels, parts, selection), parts)
        dataset = read_dataset(db, parts, labels, selection)
    if selection.given_split and (divided := count_divided_groups(dataset, groups)):
        facts["divided_groups"] = divided
        console.say(
            f"given split: {divided:,} duplicate groups have products in more than one part; test "
            "accuracy may be too high, since the model has learned duplicates of test products"
        )
    return dataclasses.replace(dataset, settings={**dataset.settings, **facts}), groups


def parts_of_given_split(
    given_parts: Mapping[str, str], groups: Mapping[str, str]
) -> dict[str, str]:
    """Return the part of each product in the catalogue's own split, named as in the frozen one.

    given_parts: 'train', 'validation' or 'test', by product id. groups: duplicate groups, by
    product id. A hash of the group divides the validation part into tuning and calibration. If
    there is no validation part, a tenth of the training part is used instead. Raises StoreError
    if the catalogue came without a split.
    """
    if not given_parts:
        raise StoreError(
            "the catalogue came without a split of its own; leave out --given-split, or crawl a "
            "source that has one"
        )
    has_validation = "validation" in given_parts.values()
    parts = {}
    for product, part in given_parts.items():
        # not the position in the frozen split, on which the given split may depend
        group = f"given {groups[product]}"
        if part == "validation":
            parts[product] = part_of(group, VALIDATION_BOUNDS)
        elif part == TRAIN and not has_validation and part_of(group) in (TUNING, CALIBRATION):
            parts[product] = part_of(group)
        else:
            parts[product] = part
    return parts


def count_divided_groups(dataset: Dataset, groups: Mapping[str, str]) -> int:
    """Return the number of duplicate groups with products in more than one part of the split."""
    pairs = {(groups[item.id], item.part) for item in dataset.items}
    return sum(parts > 1 for parts in Counter(group for group, _ in pairs).values())


def _detect_languages(
    db: sqlite3.Connection, products: Set[str], console: Console
) -> dict[str, str]:
    """Return the language of each product's text, by product id; '' for an unknown language."""
    ids: list[str] = []

    def texts() -> Iterator[str]:
        for product, text in read_texts(db, products):
            ids.append(product)
            yield text

    languages = list(console.progress(detect_languages(texts()), "languages", len(products)))
    return dict(zip(ids, languages, strict=True))


def in_languages(
    parts: Mapping[str, str], languages: Mapping[str, str], wanted: Sequence[str]
) -> dict[str, str]:
    """Return the parts of the products whose language is among the wanted ones.

    languages: by product id, '' for an unknown one. Raises StoreError if no product is left.
    """
    remaining = {product: part for product, part in parts.items() if languages[product] in wanted}
    if not remaining:
        counts = Counter(languages[product] for product in parts)
        raise StoreError(
            f"no product is in that language ({language_counts_text(counts, wanted)}); pass "
            "another --language"
        )
    return remaining


def language_counts_text(counts: Mapping[str, int], wanted: Sequence[str]) -> str:
    """Return the number of products in each language as text: most frequent first, unknown last."""
    ranked = sorted(counts.items(), key=lambda pair: (not pair[0], -pair[1]))
    texts = [f"{language or 'unknown'} {count:,}" for language, count in ranked]
    remaining = sum(counts.get(language, 0) for language in wanted)
    return f"{'; '.join(texts)}; kept {remaining:,}"


def learnable_labels(
    candidates: Candidates, parts: Mapping[str, str], selection: Selection
) -> Labels:
    """Return the categories that are large enough and can be learned, with their products.

    parts: of the split, by product id; products without a part are left out. Raises StoreError if
    fewer than two categories can be learned.
    """
    usable = candidates.products & parts.keys()
    wanted = list(candidates.categories)
    crawled = count_products(candidates.crawled, candidates.crawled.keys() & parts.keys())
    if not selection.categories:
        wanted = [c for c in wanted if crawled[c] >= selection.min_per_category]
    labels = {product: candidates.true[product] for product in candidates.true.keys() & usable}
    sizes = count_products(labels, labels)
    training = count_products(labels, [product for product in labels if parts[product] == TRAIN])
    reasons = {c: "none of its products is in the training part" for c in wanted if not training[c]}
    for category in wanted:
        if sizes[category] < FEWEST_PRODUCTS:
            reasons[category] = f"{sizes[category]} products are too few"
    learned = [category for category in wanted if category not in reasons]
    left_out = [f"{category}: {reasons[category]}" for category in wanted if category in reasons]
    if len(learned) < 2:
        raise StoreError(_too_few_message(learned, left_out, selection, crawled))
    ambiguous = {
        product
        for product in candidates.ambiguous & usable
        if not set(learned).isdisjoint(candidates.crawled.get(product, ()))
    }
    return Labels(learned, only_in(labels, learned), ambiguous, left_out)


def _too_few_message(
    learned: Sequence[str], left_out: Sequence[str], selection: Selection, crawled: Counter[str]
) -> str:
    """Return the message for fewer than two categories that can be learned."""
    if selection.categories:
        count = "only one" if learned else "none"
        reasons = f" ({'; '.join(left_out)})" if left_out else ""
        return (
            f"{count} of the chosen categories can be learned{reasons}; a categorizer needs at "
            "least two: add others to --categories"
        )
    second = crawled.most_common(2)[-1][1] if len(crawled) > 1 else 0
    if second < FEWEST_PRODUCTS:
        return "fewer than two leaves have enough products to learn from; crawl more products"
    noun = "leaf" if selection.depth is None else f"category of depth {selection.depth}"
    return (
        f"{len(learned) or 'no'} {noun} has {selection.min_per_category:,} products or more, and "
        "two are needed; pass a smaller --min-per-category (the second largest "
        f"{noun} has {second:,})"
    )


def sample_products(labels: Labels, parts: Mapping[str, str], selection: Selection) -> Set[str]:
    """Return a random sample of the products of each category, by a hash of seed and product id.

    A product of several categories counts in its main one; products with an ambiguous label are
    sampled as if they were a category. The number of products, a share of the category, is rounded
    up. A larger sample contains each smaller one. The parts of the split keep their proportions,
    except that the first product is one for training, if the category has any.
    """
    strata = defaultdict(list)
    for product in labels.ambiguous:
        strata[""].append(product)
    for product, categories in labels.products.items():
        strata[categories[0]].append(product)
    sample: set[str] = set()
    for category, products in strata.items():
        size = len(products)
        if selection.sample is not None:
            size = math.ceil(round(selection.sample * len(products), 9))
        if selection.sample_per_category is not None:
            size = min(size, selection.sample_per_category)
        sample |= set(_sampling_order(category, products, parts, selection.sample_seed)[:size])
    return sample


def _sampling_order(
    category: str, products: Iterable[str], parts: Mapping[str, str], seed: int
) -> list[str]:
    """Return a category's products in an order of which each beginning is a random sample."""
    positions = sorted((position_of(f"sample {seed} {product}"), product) for product in products)
    by_part = defaultdict(list)
    for position, product in positions:
        by_part[parts[product]].append((position, product))
    order = []
    for part, members in by_part.items():
        # a random offset, or samples of all small categories would lack the smaller parts
        offset = position_of(f"sample {seed} {category} {part}")
        for rank, (position, product) in enumerate(members):
            first = part == TRAIN and rank == 0
            turn = -1.0 if first else (rank + offset) / len(members)
            order.append((turn, position, product))
    return [product for *_, product in sorted(order)]
