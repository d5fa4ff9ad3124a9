"""Plots of a catalogue: sizes of categories, vocabulary, sizes of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from product_classifier.evaluate.catalogue_summary import SMALL, LevelSizes, cell_side
from product_classifier.report.plots import INK, LINE, MAIN, OTHER, WRONG, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOWEST = 0.8  # products: the lower end of the logarithmic axis
STEPS = 1000  # of an outline: more are invisible
MARKS = (20, 100, 1000)  # products, for comparison
PALE = 0.35  # opacity
FAINTEST = 0.15


def imbalance_plot(title: str, level: LevelSizes) -> Markup:
    """Return a plot of the products of categories, the largest first, on a logarithmic scale.

    The largest categories, which together hold half of the sum, are solid.
    """

    def draw(axes: Axes) -> None:
        sizes, half = np.array([size for size in level.ordered if size]), level.sizes.half
        count = len(sizes)
        edges = np.unique([*np.linspace(0, count, min(count, STEPS) + 1, dtype=int), half])
        for part, alpha in ((edges[edges <= half], 1), (edges[edges >= half], PALE)):
            if len(part) > 1:
                heights = sizes[part[:-1]]
                axes.stairs(heights, part, baseline=LOWEST, fill=True, color=MAIN, alpha=alpha)
        median, hold = float(np.median(sizes)), "one holds" if half == 1 else f"{half:,} hold"
        axes.axhline(median, color=OTHER, linewidth=1.2, linestyle="--")
        axes.annotate(
            f"median {median:,.0f}",
            (count, median),
            (-2, 3),
            textcoords="offset points",
            horizontalalignment="right",
            color=INK,
        )
        for mark in MARKS:
            axes.axhline(mark, color=WRONG, linewidth=0.8, linestyle=":")
        axes.set_yscale("log")
        axes.set(
            title=title,
            xlabel=f"categories, the largest first; the solid {hold} half",
            ylabel="products",
            xlim=(0, count),
            ylim=(LOWEST, 1.6 * sizes.max()),
        )
        axes.locator_params(axis="x", integer=True)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
        axes.yaxis.set_minor_formatter("")

    return svg(draw, f"Products of {title}")


def vocabulary_plot(curve: Sequence[tuple[int, float]], kept: int) -> Markup:
    """Return a plot of the share of occurrences of the most common words.

    kept: the number of words in a bag of words.
    """

    def draw(axes: Axes) -> None:
        ranks, shares = zip(*curve, strict=True)
        axes.fill_between(ranks, shares, color=MAIN, alpha=FAINTEST, linewidth=0)
        axes.plot(ranks, shares, color=MAIN, linewidth=1.8)
        if kept < ranks[-1]:
            axes.axvline(kept, color=OTHER, linewidth=1.2, linestyle="--")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set(
            title="Coverage of the most common words",
            xlabel="number of most common words",
            ylabel="share of all word occurrences",
            xlim=(1, max(ranks[-1], 2)),
            ylim=(0, 1.02),
        )

    return svg(draw, "Coverage of the vocabulary", "y")


def picture_plot(cells: Sequence[tuple[int, int, int]]) -> Markup:
    """Return a plot of pictures by width and height; cells with more pictures are darker."""

    def draw(axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        most = max(count for *_, count in cells)
        for across, up, count in cells:
            left, right, low, high = (cell_side(k) for k in (across, across + 1, up, up + 1))
            strength = np.log1p(count) / np.log1p(most)
            axes.add_patch(
                Rectangle(
                    (left, low),
                    right - left,
                    high - low,
                    color=MAIN,
                    alpha=round(FAINTEST + (1 - FAINTEST) * float(strength), 2),
                    linewidth=0,
                )
            )
        sides = [
            cell_side(k) for cell in cells for k in (cell[0], cell[0] + 1, cell[1], cell[1] + 1)
        ]
        ends = min(*sides, SMALL) / 1.3, max(*sides, SMALL) * 1.3
        axes.plot(ends, ends, color=LINE, linewidth=1)
        for line in (axes.axhline, axes.axvline):
            line(SMALL, color=WRONG, linewidth=0.8, linestyle=":")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
        axes.set(
            title="Pictures by width and height",
            xlabel="width, pixels",
            ylabel="height, pixels",
            xlim=ends,
            ylim=ends,
            aspect="equal",
        )

    return svg(draw, "Sizes of pictures", height=4.6)
