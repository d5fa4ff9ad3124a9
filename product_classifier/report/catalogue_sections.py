"""The sections of a catalogue summary: tables for text and page, plots for the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from markupsafe import Markup

from product_classifier.evaluate.catalogue_summary import (
    ENOUGH,
    SMALL,
    CatalogueSummary,
    CategoryCount,
    LevelSizes,
    NameLengths,
    Quantiles,
)
from product_classifier.report.catalogue_plots import imbalance_plot, picture_plot, vocabulary_plot
from product_classifier.report.pages import Section, Table
from product_classifier.report.wording import number, share_of

LISTED = 5000  # categories of a level
DRAWN = Markup()  # the name of a column of bars
COMMON = 0.01  # share of the pictures from which a size is listed
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # words between marks
MOST_STEPS = 8  # marks on the scale of words


def catalogue_sections(catalogue: CatalogueSummary) -> list[Section]:
    """Return all sections: categories, words and languages, duplicates, gaps, pictures."""
    return [
        _categories(catalogue),
        _names(catalogue.names),
        _vocabulary(catalogue),
        _languages(catalogue),
        _duplicates(catalogue),
        _missing(catalogue),
        _pictures(catalogue),
    ]


def _categories(catalogue: CatalogueSummary) -> Section:
    levels = list(_distinct_levels(catalogue))
    shapes = [
        (
            name,
            *(f"{n:,}" for n in (level.sizes.categories, level.sizes.empty, level.products)),
            *(f"{n:,.0f}" for n in (level.sizes.largest, level.sizes.median, level.sizes.smallest)),
            f"{level.sizes.half:,}",
        )
        for name, level, _ in levels
    ]
    columns = ("#categories", "#empty", "#products", "#largest", "#median", "#smallest")
    total = catalogue.state.products
    minimums = [
        (
            *(f"{n:,}" for n in (kept.fewest, kept.leaves, kept.products)),
            share_of(kept.products, total),
        )
        for kept in catalogue.kept
    ]
    tables = [
        Table(("categories of", *columns, "#hold half"), shapes),
        Table(("#--min-per-category", "#leaves kept", "#products in them", "#of all"), minimums),
        *(_listed(name, inside) for name, _, inside in levels),
    ]
    plots = [
        imbalance_plot(_entitled(name, level.sizes.categories - level.sizes.empty), level)
        for name, level, _ in levels
        if level.sizes.categories - level.sizes.empty
        > 1  # a single category has nothing to compare with
    ]
    return Section(
        title="Categories",
        tables=tables,
        plot=Markup('<div class="plots">{}</div>').format(Markup().join(plots)) if plots else None,
        text="A product counts once in each of its categories and in each category above. Median, "
        "smallest and the number that holds half leave out empty categories. Dotted lines: 20, 100 "
        "and 1,000 products."
        if levels
        else "There is no category.",
    )


def _distinct_levels(
    catalogue: CatalogueSummary,
) -> Iterator[tuple[str, LevelSizes, list[CategoryCount]]]:
    """Yield the levels and the leaves; a level that consists of all leaves is left out."""
    leaves = [category for category in catalogue.categories if category.leaf]
    for depth, level in enumerate(catalogue.levels, 1):
        inside = [category for category in catalogue.categories if category.level == depth]
        if inside != leaves:
            yield f"level {depth}", level, inside
    if leaves:
        yield "leaves", catalogue.leaves, leaves


def _entitled(name: str, count: int) -> str:
    if name == "leaves":
        return number(count, "leaf")
    return f"{name.capitalize()}: {number(count, 'category')}"


def _listed(name: str, categories: Sequence[CategoryCount]) -> Table:
    longest = math.log1p(max((category.products for category in categories), default=0)) or 1.0
    rows = [
        (
            category.label,
            _bar(math.log1p(category.products) / longest),
            *(f"{n:,}" for n in (category.products, category.pictures)),
            share_of(category.pictured, category.products),
        )
        for category in categories[:LISTED]
    ]
    most = f"The largest {LISTED:,} of " if len(categories) > LISTED else ""
    return Table(
        ("category", DRAWN, "#products", "#pictures", "#with a picture"),
        rows,
        f"{most}{_entitled(name, len(categories))} (logarithmic bars)",
    )


def _names(names: Sequence[NameLengths]) -> Section:
    """Return the name lengths of all products, top-level categories and leaves, on one scale."""
    most = max(1.0, *(box.high for lengths in names for box in (lengths.before, lengths.after)))
    step = next((step for step in STEPS if most / step <= MOST_STEPS), most)
    marks = [
        Markup('<span style="left: {:.2f}%">{:g}</span>').format(100 * k * step / most, k * step)
        for k in range(int(most / step) + 1)
    ]
    scale = Markup(
        '<div class="scale"><b class="as-is"><i></i>original</b>'
        '<b class="cleaned"><i></i>cleaned</b>{}</div>'
    ).format(Markup().join(marks))
    tables = [
        Table(
            ("names of", scale, "#products", "#words of the original", "#cleaned"),
            [
                (
                    lengths.category,
                    _boxes(lengths, most),
                    f"{lengths.products:,}",
                    _quantiles(lengths.before),
                    _quantiles(lengths.after),
                )
                for lengths in names
                if lengths.group in ("all", group)
            ],
        )
        for group in list(dict.fromkeys(lengths.group for lengths in names))[1:] or ["all"]
    ]
    return Section(
        title="Words of names",
        tables=tables,
        text="The numbers are the 5, 25, 50, 75 and 95 % quantiles: whiskers, box and median of "
        "the plot. Cleaned: as categorizers read a name.",
    )


def _vocabulary(catalogue: CatalogueSummary) -> Section:
    words = catalogue.vocabulary
    bag = f"… of the {words.kept:,} most common, which a bag of words keeps"
    rows = [
        ("distinct words", words.words, words.words),
        ("… in one product only", words.in_one, words.words),
        (f"… in {ENOUGH} products or more", words.in_enough, words.words),
        ("word occurrences", words.occurrences, words.occurrences),
        (bag, words.kept_occurrences, words.occurrences),
    ]
    common = [(word, count) for word, count, _ in words.commonest]
    return Section(
        title="Vocabulary",
        tables=[
            Table(
                ("", "#how many", "#share"),
                [(name, f"{n:,}", share_of(n, whole)) for name, n, whole in rows],
            ),
            Table(
                ("word", DRAWN, "#products", "#share"),
                _shared(common, words.products),
                f"The {len(common)} most common words",
            ),
        ],
        plot=vocabulary_plot(words.curve, words.kept) if words.curve else None,
        text=f"Names and descriptions {_sample_of(words.products, catalogue)}, cleaned as "
        "categorizers read them. The most common words are those that occur in the most products.",
        beside=bool(words.curve),
    )


def _languages(catalogue: CatalogueSummary) -> Section:
    languages = catalogue.languages
    rows = [(code or "undetected", count) for code, count in languages.counts]
    return Section(
        title="Languages",
        tables=[
            Table(("language", DRAWN, "#products", "#share"), _shared(rows, languages.products))
        ],
        text=f"Names and descriptions {_sample_of(languages.products, catalogue)}. The language "
        "of a short text is often undetected or wrong.",
    )


def _duplicates(catalogue: CatalogueSummary) -> Section:
    rows = [
        (
            name,
            *(f"{n:,}" for n in (same.groups, same.products, same.largest)),
            *(f"{n:,}" for n in (same.contradicting, same.contradicted)),
        )
        for name, same in (
            ("name and description", catalogue.same_words),
            ("picture", catalogue.same_picture),
            ("either", catalogue.same_either),
        )
    ]
    columns = ("#groups", "#products", "#largest group", "#contradicting groups")
    return Section(
        title="Duplicates",
        tables=[Table(("the same", *columns, "#products of these"), rows)],
        text="The frozen split keeps duplicates of either kind in the same part. A group is "
        "contradicting if its products have no category in common.",
    )


def _missing(catalogue: CatalogueSummary) -> Section:
    state, filed = catalogue.state, catalogue.filed
    rows = [
        ("in no category", filed.in_none),
        ("in more than one category", filed.in_several),
        ("in a category that is not a leaf", filed.in_inner),
        ("… and in no leaf", filed.in_no_leaf),
        ("without name", state.no_name),
        ("without description", state.no_description),
        ("without name and description", state.no_text),
        ("without picture", state.no_picture),
        ("whose picture was not tried yet", state.waiting_pictures),
        ("whose picture could not be downloaded", state.lost_pictures),
    ]
    decided = [(verdict, f"{n:,}") for verdict, n in state.decided.items()]
    reasons = [(reason, f"{n:,}") for reason, n in state.reasons.items()]
    return Section(
        title="Missing data",
        tables=[
            Table(("products", DRAWN, "#how many", "#share"), _shared(rows, state.products)),
            Table(("reason", "#products"), reasons, "Why pictures could not be downloaded"),
            Table(("decided by a person", "#products"), decided),
        ],
    )


def _pictures(catalogue: CatalogueSummary) -> Section:
    sizes = catalogue.picture_sizes
    if not sizes.pictures:
        return Section(title="Pictures", text="No product has a complete picture.")
    spread = [
        (name, *(f"{value:,.0f}" if value >= 100 else f"{value:.2g}" for value in box))
        for name, box in sizes.spread.items()
    ]
    least = COMMON * sizes.pictures
    shapes = [
        (f"below {SMALL} pixels on a side", sizes.small),
        ("upright", sizes.upright),
        ("square", sizes.square),
        ("wide", sizes.wide),
        *((f"{width:,} × {height:,}", n) for width, height, n in sizes.commonest if n >= least),
    ]
    marks = [
        (label, f"{seen:,}", f"{marked:,}", share_of(marked, seen))
        for label, seen, marked in catalogue.state.marks
    ]
    return Section(
        title="Pictures",
        tables=[
            Table(("", "#5 %", "#25 %", "#median", "#75 %", "#95 %"), spread),
            Table(("pictures", DRAWN, "#how many", "#share"), _shared(shapes, sizes.pictures)),
            Table(("mark", "#pictures examined", "#marked", "#share"), marks),
        ],
        plot=picture_plot(sizes.cells),
        text=f"{sizes.pictures:,} complete pictures, all pictures of each product.",
        beside=True,
    )


def _sample_of(products: int, catalogue: CatalogueSummary) -> str:
    """Return which products were counted: all, or a random sample."""
    everything = catalogue.state.products
    if products == everything:
        return f"of all {everything:,} products"
    return f"of {products:,} of {everything:,} products, chosen at random (seed {catalogue.seed})"


def _shared(rows: Iterable[tuple[str, int]], total: int) -> list[tuple[object, ...]]:
    return [(name, _bar(n / total), f"{n:,}", share_of(n, total)) for name, n in rows]


def _bar(length: float) -> Markup:
    if not length:
        return Markup()
    return Markup('<div class="bar" style="width: {:.1f}%"></div>').format(100 * length)


def _boxes(lengths: NameLengths, most: float) -> Markup:
    kinds = (("as-is", lengths.before), ("cleaned", lengths.after))
    part = Markup('<i class="{}" style="left: {:.2f}%; width: {:.2f}%"></i>')
    return Markup('<div class="boxes">{}</div>').format(
        Markup().join(
            Markup('<div class="{}">{}</div>').format(
                kind,
                Markup().join(
                    part.format(name, 100 * start / most, 100 * (end - start) / most)
                    for name, start, end in (
                        ("whisker", box.low, box.high),
                        ("half", box.quarter, box.three_quarters),
                        ("median", box.median, box.median),
                    )
                ),
            )
            for kind, box in kinds
        )
    )


def _quantiles(box: Quantiles) -> str:
    return " · ".join(f"{value:g}" for value in box)
