"""Advice about a catalogue before training: what stands out, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from product_classifier.evaluate.catalogue_summary import SMALL, CatalogueSummary, KeptLeaves
from product_classifier.records import CatalogueState
from product_classifier.report.wording import number, share, share_of
from product_classifier.selection import MIN_PER_CATEGORY, PLACEHOLDER

FEW = 20  # products of a leaf
MUCH = 0.9  # share of the products that the recommended --min-per-category should keep
WORTHWHILE = 0.1  # share of small leaves from which --depth is recommended
UNEQUAL = 50  # largest leaf / median leaf
NOTABLE = 0.02  # share of products or pictures
FOREIGN = 0.1  # share of texts: the language of about 1 in 20 short titles is detected wrongly
MANY = 0.2  # share of products that are duplicates
SHORT = 4  # words of a short name, below
COVERED = 0.95  # share of all word occurrences that a bag of words should cover
NAMED = 3  # examples


def catalogue_advice(catalogue: CatalogueSummary) -> list[str]:
    """Return sentences about categories first, then about words, then about pictures."""
    rules = (_tree, _leaves, _duplicates, _words, _languages, _pictures)
    return [remark for rule in rules for remark in rule(catalogue)] or ["Nothing stands out."]


def _tree(catalogue: CatalogueSummary) -> Iterator[str]:
    if looped := [category.label for category in catalogue.categories if category.looped]:
        yield (
            f"{_are(len(looped), 'category', 'is its', 'are their')} own "
            f"ancestor{'s' * (len(looped) > 1)} ({_some(looped)}): correct the "
            "column parent of the table category."
        )
    names = Counter(category.name for category in catalogue.categories)
    if repeated := {name: count for name, count in names.items() if count > 1}:
        name = max(repeated, key=lambda name: repeated[name])
        yield (
            f"{_are(len(repeated), 'name', 'is used', 'are used')} by more than one category, such "
            f"as {name} by {repeated[name]}: choose --categories by path or id."
        )
    if count := catalogue.filed.in_none:
        yield (
            f"{_products(count, catalogue, 'is', 'are')} in no category: categorizers cannot learn "
            "from products without category; categorize_words.py --saved files them."
        )
    if count := catalogue.filed.in_no_leaf:
        yield (
            f"{_products(count, catalogue, 'is', 'are')} only in categories that are not leaves: "
            "categorizers learn from leaves only."
        )


def _leaves(catalogue: CatalogueSummary) -> Iterator[str]:
    by_fewest = {kept.fewest: kept for kept in catalogue.kept}
    filled, sizes = by_fewest[1], catalogue.leaves.sizes
    if few := filled.leaves - by_fewest[FEW].leaves:
        lost = filled.products - by_fewest[FEW].products
        yield (
            f"{few:,} of {number(filled.leaves, 'leaf')} {'has' if few == 1 else 'have'} fewer "
            f"than {FEW} products, {_of(lost, catalogue)} of all: --min-per-category {FEW} leaves "
            f"them out{_joined(catalogue, few) if few >= WORTHWHILE * filled.leaves else ''}."
        )
    default = by_fewest[MIN_PER_CATEGORY]
    if default.leaves < filled.leaves:
        wanted = _smaller(catalogue, filled)
        yield (
            f"By default, categorizers keep leaves with at least {MIN_PER_CATEGORY:,} products, "
            f"which are {_or_none(default.leaves)} of {number(filled.leaves, 'leaf')} and "
            f"{_of(default.products, catalogue)} of the products; --min-per-category "
            f"{wanted.fewest} keeps {_or_none(wanted.leaves)} and "
            f"{_of(wanted.products, catalogue)}."
        )
    if sizes.empty:
        yield f"{_are(sizes.empty, 'leaf', 'is', 'are')} empty: crawl more, or leave them out."
    if sizes.smallest and sizes.largest >= UNEQUAL * sizes.median:
        yield (
            f"The largest leaf has {sizes.largest:,} products, the median one {sizes.median:,.0f}, "
            f"and {sizes.half:,} of {filled.leaves:,} leaves hold half of all products: look at "
            "macro F1 beside accuracy (analyze.py --leaderboard), and try --balance weights."
        )


def _joined(catalogue: CatalogueSummary, few: int) -> str:
    """Return advice to use the deepest level with at most half as many small categories."""
    for depth in range(len(catalogue.levels) - 1, 0, -1):
        sizes = [size for size in catalogue.levels[depth - 1].ordered if size]
        small = sum(size < FEW for size in sizes)
        if 2 * small <= few:
            return (
                f"; --depth {depth} joins them into {number(len(sizes), 'category')}, "
                f"{_or_none(small)} of them as small"
            )
    return ""


def _smaller(catalogue: CatalogueSummary, filled: KeptLeaves) -> KeptLeaves:
    """Return the largest --min-per-category that keeps most of the products, else the smallest."""
    below = [kept for kept in catalogue.kept if FEW <= kept.fewest < MIN_PER_CATEGORY]
    enough = [kept for kept in below if kept.products >= MUCH * filled.products and kept.leaves > 1]
    return max(enough or below[:1], key=lambda kept: kept.fewest)


def _duplicates(catalogue: CatalogueSummary) -> Iterator[str]:
    for kind, same in (("a picture", catalogue.same_picture), ("all words", catalogue.same_words)):
        if count := same.contradicted:
            yield (
                f"{_products(count, catalogue, 'shares', 'share')} {kind} with products of other "
                "categories: some of these labels are wrong, or the categories are the same; "
                "analyze.py --label-errors lists them."
            )
    if (largest := catalogue.same_picture.largest) > PLACEHOLDER:
        yield f"One picture is shared by {largest:,} products: it may be a placeholder."
    if catalogue.same_either.products >= MANY * catalogue.state.products:
        count = catalogue.same_either.products
        yield (
            f"{_products(count, catalogue, 'is', 'are')} duplicates: the frozen split keeps each "
            "group together; accuracy on a split that separates duplicates would be too high."
        )


def _words(catalogue: CatalogueSummary) -> Iterator[str]:
    state, names, words = catalogue.state, catalogue.names[0].after, catalogue.vocabulary
    if count := state.no_text:
        yield (
            f"{_products(count, catalogue, 'has', 'have')} neither name nor description: only a "
            "picture can show the category."
        )
    if names.median < SHORT and 2 * state.no_description >= state.products:
        yield (
            f"Half of the names have {names.median:g} "
            f"word{'s' * (names.median != 1)} or fewer, and "
            f"{_of(state.no_description, catalogue)} of the products have no description: try "
            "--model linear or blend, which read parts of words, and pictures where there are any."
        )
    if words.kept_occurrences < COVERED * words.occurrences:
        part = share_of(words.kept_occurrences, words.occurrences)
        yield (
            f"The {words.kept:,} most common words are {part} of all word occurrences: "
            "--model linear or blend reads parts of the rarer ones too."
        )


def _languages(catalogue: CatalogueSummary) -> Iterator[str]:
    detected = [(code, count) for code, count in catalogue.languages.counts if code]
    total = sum(count for _, count in detected)
    if len(detected) < 2 or total - detected[0][1] < FOREIGN * total:
        return
    others = ", ".join(f"{code} {share(count / total)}" for code, count in detected[1 : NAMED + 1])
    (most, count), *_ = detected
    yield (
        f"Of the texts whose language is detected, {share(1 - count / total)} are not {most} "
        f"({others}): words of one language do not help with another; "
        f"--language {most} learns from {most} alone."
    )


def _pictures(catalogue: CatalogueSummary) -> Iterator[str]:
    state, sizes = catalogue.state, catalogue.picture_sizes
    if not sizes.pictures:
        yield "No product has a complete picture: run categorize_words.py."
    elif (count := _without_picture(state)) >= max(NOTABLE * state.products, 1):
        yield (
            f"{_products(count, catalogue, 'has', 'have')} no complete main picture: prefer "
            "categorize_words.py or categorize_both.py to pictures alone."
        )
    if state.lost_pictures:
        reason, count = next(iter(state.reasons.items()))
        yield (
            f"The picture of {number(state.lost_pictures, 'product')} could not be downloaded, "
            f"most often ({count:,}): {reason}; crawl.py tries again."
        )
    if state.waiting_pictures:
        waiting = number(state.waiting_pictures, "picture")
        yield f"crawl.py has not tried {waiting} yet: run it again."
    if sizes.small >= max(NOTABLE * sizes.pictures, 1):
        yield (
            f"{_are(sizes.small, 'picture', 'has', 'have')} a side below {SMALL} pixels "
            f"({share_of(sizes.small, sizes.pictures)}): too small for networks to see much."
        )
    for label, seen, marked in state.marks:
        if marked:
            yield (
                f"{marked:,} of {_are(seen, 'picture', 'is', 'are')} marked as {label}: "
                "categorizers leave them out where a product has another."
            )


def _without_picture(state: CatalogueState) -> int:
    return state.no_picture + state.waiting_pictures + state.lost_pictures


def _products(count: int, catalogue: CatalogueSummary, singular: str, plural: str) -> str:
    return (
        f"{number(count, 'product')} ({_of(count, catalogue)}) {singular if count == 1 else plural}"
    )


def _of(products: int, catalogue: CatalogueSummary) -> str:
    return share_of(products, catalogue.state.products)


def _are(count: int, noun: str, singular: str, plural: str) -> str:
    return f"{number(count, noun)} {singular if count == 1 else plural}"


def _or_none(count: int) -> str:
    return f"{count:,}" if count else "none"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
