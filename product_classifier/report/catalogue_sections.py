"""What is in a catalogue, section by section: tables for text and page, plots for the page."""

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
COMMON = 0.01  # of the pictures: a size that is told


def catalogue_sections(found: CatalogueSummary) -> list[Section]:
    """Lay out all sections, in the order in which a person asks."""
    return [
        _categories(found),
        names_section(found.names),
        _vocabulary(found),
        _languages(found),
        _duplicates(found),
        _missing(found),
        _pictures(found),
    ]


def _categories(found: CatalogueSummary) -> Section:
    levels = list(_told_apart(found))
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
    total = found.state.products
    kept = [
        (*(f"{n:,}" for n in (one.fewest, one.leaves, one.products)), share_of(one.products, total))
        for one in found.kept
    ]
    tables = [
        Table(("categories of", *columns, "#so many hold half"), shapes),
        Table(("#--min-per-category", "#leaves it keeps", "#products in them", "#of all"), kept),
        *(_listed(name, inside) for name, _, inside in levels),
    ]
    plots = [
        imbalance_plot(_entitled(name, level.sizes.categories - level.sizes.empty), level)
        for name, level, _ in levels
        if level.sizes.categories - level.sizes.empty > 1  # one has nothing to be compared with
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


def _told_apart(found: CatalogueSummary) -> Iterator[tuple[str, LevelSizes, list[CategoryCount]]]:
    """Name the levels and the leaves, without the last level where all of its are the leaves."""
    leaves = [one for one in found.categories if one.leaf]
    for depth, level in enumerate(found.levels, 1):
        inside = [one for one in found.categories if one.level == depth]
        if inside != leaves:
            yield f"level {depth}", level, inside
    if leaves:
        yield "leaves", found.leaves, leaves


def _entitled(name: str, count: int) -> str:
    if name == "leaves":
        return number(count, "leaf")
    return f"{name.capitalize()}: {number(count, 'category')}"


def _listed(name: str, categories: Sequence[CategoryCount]) -> Table:
    longest = math.log1p(max((one.products for one in categories), default=0)) or 1.0
    rows = [
        (
            one.label,
            _bar(math.log1p(one.products) / longest),
            *(f"{n:,}" for n in (one.products, one.pictures)),
            share_of(one.pictured, one.products),
        )
        for one in categories[:LISTED]
    ]
    most = f"The largest {LISTED:,} of " if len(categories) > LISTED else ""
    return Table(
        ("category", DRAWN, "#products", "#pictures", "#with a picture"),
        rows,
        f"{most}{_entitled(name, len(categories))} (bars are logarithms)",
    )


def _vocabulary(found: CatalogueSummary) -> Section:
    told = found.vocabulary
    bag = f"… of the {told.kept:,} commonest, which a bag of words keeps"
    rows = [
        ("distinct words", told.words, told.words),
        ("… in one product only", told.in_one, told.words),
        (f"… in {ENOUGH} products or more", told.in_enough, told.words),
        ("word occurrences", told.occurrences, told.occurrences),
        (bag, told.kept_occurrences, told.occurrences),
    ]
    common = [(word, count) for word, count, _ in told.commonest]
    return Section(
        title="Vocabulary",
        tables=[
            Table(
                ("", "#how many", "#share"),
                [(name, f"{n:,}", share_of(n, whole)) for name, n, whole in rows],
            ),
            Table(
                ("word", DRAWN, "#products", "#share"),
                _shared(common, told.products),
                f"The {len(common)} commonest words",
            ),
        ],
        plot=vocabulary_plot(told.curve, told.kept) if told.curve else None,
        text=f"Names and descriptions {_looked_at(told.products, found)}, cleaned as categorizers "
        "read them. The most common words are those that occur in the most products.",
        beside=bool(told.curve),
    )


def _languages(found: CatalogueSummary) -> Section:
    told = found.languages
    rows = [(code or "not to be told", count) for code, count in told.counts]
    return Section(
        title="Languages",
        tables=[Table(("language", DRAWN, "#products", "#share"), _shared(rows, told.products))],
        text=f"Names and descriptions {_looked_at(told.products, found)}. What is short is often "
        "not to be told, or told wrong.",
    )


def _duplicates(found: CatalogueSummary) -> Section:
    rows = [
        (
            name,
            *(f"{n:,}" for n in (one.groups, one.products, one.largest)),
            *(f"{n:,}" for n in (one.contradicting, one.contradicted)),
        )
        for name, one in (
            ("name and description", found.same_words),
            ("picture", found.same_picture),
            ("either", found.same_either),
        )
    ]
    columns = ("#groups", "#products", "#largest group", "#groups that contradict themselves")
    return Section(
        title="Duplicates",
        tables=[Table(("the same", *columns, "#products of these"), rows)],
        text="The frozen split keeps duplicates of either kind on one side. A group contradicts "
        "itself where its products have no category in common.",
    )


def _missing(found: CatalogueSummary) -> Section:
    state, filed = found.state, found.filed
    rows = [
        ("in no category", filed.in_none),
        ("in more than one category", filed.in_several),
        ("in a category that is no leaf", filed.in_inner),
        ("… and in no leaf", filed.in_no_leaf),
        ("without name", state.no_name),
        ("without description", state.no_description),
        ("without name and description", state.no_text),
        ("without picture", state.no_picture),
        ("whose picture was not tried yet", state.waiting_pictures),
        ("whose picture could not be had", state.lost_pictures),
    ]
    decided = [(verdict, f"{n:,}") for verdict, n in state.decided.items()]
    reasons = [(reason, f"{n:,}") for reason, n in state.reasons.items()]
    return Section(
        title="What is missing",
        tables=[
            Table(("products", DRAWN, "#how many", "#share"), _shared(rows, state.products)),
            Table(("reason", "#products"), reasons, "Why pictures could not be had"),
            Table(("decided by a person", "#products"), decided),
        ],
    )


def _pictures(found: CatalogueSummary) -> Section:
    told = found.picture_sizes
    if not told.pictures:
        return Section(title="Pictures", text="No product has a complete picture.")
    spread = [
        (name, *(f"{value:,.0f}" if value >= 100 else f"{value:.2g}" for value in box))
        for name, box in told.spread.items()
    ]
    least = COMMON * told.pictures
    shapes = [
        (f"below {SMALL} pixels on a side", told.small),
        ("upright", told.upright),
        ("square", told.square),
        ("wide", told.wide),
        *((f"{width:,} × {height:,}", n) for width, height, n in told.commonest if n >= least),
    ]
    marks = [
        (label, f"{seen:,}", f"{marked:,}", share_of(marked, seen))
        for label, seen, marked in found.state.marks
    ]
    return Section(
        title="Pictures",
        tables=[
            Table(("", "#5 %", "#25 %", "#median", "#75 %", "#95 %"), spread),
            Table(("pictures", DRAWN, "#how many", "#share"), _shared(shapes, told.pictures)),
            Table(("mark", "#pictures looked at", "#marked", "#share"), marks),
        ],
        plot=picture_plot(told.cells),
        text=f"{told.pictures:,} complete pictures, further ones of products included.",
        beside=True,
    )


def _looked_at(products: int, found: CatalogueSummary) -> str:
    """Say on what part of the catalogue something was counted."""
    everything = found.state.products
    if products == everything:
        return f"of all {everything:,} products"
    return f"of {products:,} of {everything:,} products, chosen at random (seed {found.seed})"


def _shared(rows: Iterable[tuple[str, int]], total: int) -> list[tuple[object, ...]]:
    return [(name, _bar(n / total), f"{n:,}", share_of(n, total)) for name, n in rows]


def _bar(length: float) -> Markup:
    if not length:
        return Markup()
    return Markup('<div class="bar" style="width: {:.1f}%"></div>').format(100 * length)


STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # of words on a scale
MOST_STEPS = 8


def names_section(names: Sequence[NameLengths]) -> Section:
    """Show top-level categories and leaves beside all products, on one scale."""
    most = max(1.0, *(box.high for one in names for box in (one.before, one.after)))
    step = next((step for step in STEPS if most / step <= MOST_STEPS), most)
    marks = [
        Markup('<span style="left: {:.2f}%">{:g}</span>').format(100 * k * step / most, k * step)
        for k in range(int(most / step) + 1)
    ]
    scale = Markup(
        '<div class="scale"><b class="as-is"><i></i>as they stand</b>'
        '<b class="cleaned"><i></i>cleaned</b>{}</div>'
    ).format(Markup().join(marks))
    tables = [
        Table(
            ("names of", scale, "#products", "#words as they stand", "#cleaned"),
            [
                (
                    one.category,
                    _boxes(one, most),
                    *(f"{one.products:,}", _quantiles(one.before), _quantiles(one.after)),
                )
                for one in names
                if one.group in ("all", group)
            ],
        )
        for group in list(dict.fromkeys(one.group for one in names))[1:] or ["all"]
    ]
    return Section(
        title="Words of names",
        tables=tables,
        text="The numbers are those below which 5, 25, 50, 75 and 95 % of the names lie: whiskers, "
        "box and median of the plot. Cleaned: as categorizers read a name.",
    )


def _boxes(one: NameLengths, most: float) -> Markup:
    kinds = (("as-is", one.before), ("cleaned", one.after))
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
