"""How many words names have, as a table of box plots."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from product_classifier.evaluate.catalogue import NameLengths
from product_classifier.evaluate.spread import Box
from product_classifier.report.pages import Section, Table

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
        "Words of names",
        tables,
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


def _quantiles(box: Box) -> str:
    return " · ".join(f"{value:g}" for value in box)
