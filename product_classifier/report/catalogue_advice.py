"""What a person should know of a catalogue before training, each with what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from product_classifier.evaluate.catalogue_summary import SMALL, CatalogueSummary, KeptLeaves
from product_classifier.records import CatalogueState
from product_classifier.report.wording import number, share, share_of

DEFAULT = 1000  # --min-per-category of the categorizers
FEW = 20  # products of a leaf
MUCH = 0.9  # share of the products that a smaller --min-per-category should keep
WORTHWHILE = 0.1  # share of leaves that are small: the level above may do
UNEQUAL = 50  # times the median
NOTABLE = 0.02  # share of products or pictures
FOREIGN = 0.1  # share of texts: of short titles, one of twenty is told wrong
MANY = 0.2  # share of products that are duplicates
SHORT = 4  # words of a name
PLACEHOLDER = 20  # products that show the same picture
COVERED = 0.95  # share of all words that a bag of words should know
NAMED = 3  # examples


def catalogue_advice(found: CatalogueSummary) -> list[str]:
    """List them, of categories first, then of words, then of pictures."""
    rules = (_tree, _leaves, _duplicates, _words, _languages, _pictures)
    return [remark for rule in rules for remark in rule(found)] or ["Nothing stands out."]


def _tree(found: CatalogueSummary) -> Iterator[str]:
    if looped := [one.label for one in found.categories if one.looped]:
        yield (
            f"{_are(len(looped), 'category', 'lies', 'lie')} above "
            f"{'itself' if len(looped) == 1 else 'themselves'} ({_some(looped)}): correct the "
            "column parent of the table category."
        )
    names = Counter(one.name for one in found.categories)
    if repeated := {name: count for name, count in names.items() if count > 1}:
        name = max(repeated, key=lambda name: repeated[name])
        yield (
            f"{_are(len(repeated), 'name', 'stands', 'stand')} for more than one category, such as "
            f"{name} for {repeated[name]}: choose --categories by path or id."
        )
    if count := found.filed.in_none:
        yield (
            f"{_products(count, found, 'is', 'are')} in no category: no categorizer learns from "
            "what has none; categorize_words.py --saved files it."
        )
    if count := found.filed.in_no_leaf:
        yield (
            f"{_products(count, found, 'is', 'are')} in categories that are no leaves, and in no "
            "leaf: categorizers learn from leaves alone."
        )


def _leaves(found: CatalogueSummary) -> Iterator[str]:
    kept = {one.fewest: one for one in found.kept}
    filled, sizes = kept[1], found.leaves.sizes
    if few := filled.leaves - kept[FEW].leaves:
        lost = filled.products - kept[FEW].products
        yield (
            f"{few:,} of {number(filled.leaves, 'leaf')} {'has' if few == 1 else 'have'} fewer "
            f"than {FEW} products, {_of(lost, found)} of all: --min-per-category {FEW} leaves "
            f"them out{_joined(found, few) if few >= WORTHWHILE * filled.leaves else ''}."
        )
    if kept[DEFAULT].leaves < filled.leaves:
        wanted = _smaller(found, filled)
        yield (
            f"Unless told otherwise, categorizers ask for {DEFAULT:,} products of a leaf, which "
            f"keeps {_or_none(kept[DEFAULT].leaves)} of {number(filled.leaves, 'leaf')} and "
            f"{_of(kept[DEFAULT].products, found)} of the products; --min-per-category "
            f"{wanted.fewest} keeps {_or_none(wanted.leaves)} and {_of(wanted.products, found)}."
        )
    if sizes.empty:
        yield f"{_are(sizes.empty, 'leaf', 'is', 'are')} empty: crawl more, or leave them out."
    if sizes.smallest and sizes.largest >= UNEQUAL * sizes.median:
        yield (
            f"The largest leaf has {sizes.largest:,} products, the median one {sizes.median:,.0f}, "
            f"and {sizes.half:,} of {filled.leaves:,} hold half of all: look at macro F1 beside "
            "accuracy (analyze.py --leaderboard), and try --balance weights."
        )


def _joined(found: CatalogueSummary, few: int) -> str:
    """Tell the deepest level at which at most half as many categories are small."""
    for depth in range(len(found.levels) - 1, 0, -1):
        sizes = [size for size in found.levels[depth - 1].ordered if size]
        small = sum(size < FEW for size in sizes)
        if 2 * small <= few:
            return (
                f"; --depth {depth} joins them into {number(len(sizes), 'category')}, "
                f"{_or_none(small)} of them as small"
            )
    return ""


def _smaller(found: CatalogueSummary, filled: KeptLeaves) -> KeptLeaves:
    """Choose the largest --min-per-category that keeps most of the products, else the smallest."""
    below = [one for one in found.kept if FEW <= one.fewest < DEFAULT]
    enough = [one for one in below if one.products >= MUCH * filled.products and one.leaves > 1]
    return max(enough or below[:1], key=lambda one: one.fewest)


def _duplicates(found: CatalogueSummary) -> Iterator[str]:
    for kind, same in (("a picture", found.same_picture), ("all words", found.same_words)):
        if count := same.contradicted:
            yield (
                f"{_products(count, found, 'shares', 'share')} {kind} with products of other "
                "categories: some of these labels are wrong, or the categories are one; "
                "analyze.py --label-errors lists them."
            )
    if (largest := found.same_picture.largest) > PLACEHOLDER:
        yield f"One picture is shown by {largest:,} products: it may stand for none."
    if found.same_either.products >= MANY * found.state.products:
        count = found.same_either.products
        yield (
            f"{_products(count, found, 'is', 'are')} duplicates: promises count each group as one "
            "product, and accuracy on a split that tears them apart flatters."
        )


def _words(found: CatalogueSummary) -> Iterator[str]:
    state, names, told = found.state, found.names[0].after, found.vocabulary
    if count := state.no_text:
        yield (
            f"{_products(count, found, 'has', 'have')} neither name nor description: only a "
            "picture can tell the category."
        )
    if names.median < SHORT and 2 * state.no_description >= state.products:
        yield (
            f"Half of the names have {names.median:g} "
            f"word{'s' * (names.median != 1)} or fewer, and "
            f"{_of(state.no_description, found)} of the products have no description: try --model "
            "linear or blend, which read parts of words, and pictures where there are any."
        )
    if told.kept_occurrences < COVERED * told.occurrences:
        part = share_of(told.kept_occurrences, told.occurrences)
        yield (
            f"The {told.kept:,} commonest words are {part} of all that is written: "
            "--model linear or blend reads parts of the rarer ones too."
        )


def _languages(found: CatalogueSummary) -> Iterator[str]:
    told = [(code, count) for code, count in found.languages.counts if code]
    total = sum(count for _, count in told)
    if len(told) < 2 or total - told[0][1] < FOREIGN * total:
        return
    others = ", ".join(f"{code} {share(count / total)}" for code, count in told[1 : NAMED + 1])
    (most, count), *_ = told
    yield (
        f"Of the texts whose language can be told, {share(1 - count / total)} are not {most} "
        f"({others}): words of one say nothing of another; --language {most} learns one alone."
    )


def _pictures(found: CatalogueSummary) -> Iterator[str]:
    state, told = found.state, found.picture_sizes
    if not told.pictures:
        yield "No product has a complete picture: categorize_words.py is the one to run."
    elif (count := _without_picture(state)) >= max(NOTABLE * state.products, 1):
        yield (
            f"{_products(count, found, 'has', 'have')} no complete main picture: prefer "
            "categorize_words.py or categorize_both.py to pictures alone."
        )
    if state.lost_pictures:
        reason, count = next(iter(state.reasons.items()))
        yield (
            f"The picture of {number(state.lost_pictures, 'product')} could not be had, most often "
            f"({count:,}) since: {reason}; crawl.py tries again."
        )
    if state.waiting_pictures:
        waiting = number(state.waiting_pictures, "picture")
        yield f"crawl.py has not tried {waiting} yet: run it again."
    if told.small >= max(NOTABLE * told.pictures, 1):
        yield (
            f"{_are(told.small, 'picture', 'has', 'have')} a side below {SMALL} pixels "
            f"({share_of(told.small, told.pictures)}): networks see little in them."
        )
    for label, seen, marked in state.marks:
        if marked:
            yield (
                f"{marked:,} of {_are(seen, 'picture', 'is', 'are')} marked as {label}: "
                "categorizers leave them out where a product has another."
            )


def _without_picture(state: CatalogueState) -> int:
    return state.no_picture + state.waiting_pictures + state.lost_pictures


def _products(count: int, found: CatalogueSummary, one: str, many: str) -> str:
    return f"{number(count, 'product')} ({_of(count, found)}) {one if count == 1 else many}"


def _of(products: int, found: CatalogueSummary) -> str:
    return share_of(products, found.state.products)


def _are(count: int, noun: str, one: str, many: str) -> str:
    return f"{number(count, noun)} {one if count == 1 else many}"


def _or_none(count: int) -> str:
    return f"{count:,}" if count else "none"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
