"""Plots as inline SVG, in the colours of the page, light or dark, with text as text."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from product_classifier.evaluate.curves import RiskCoverage, thin
from product_classifier.evaluate.reliability import Reliability
from product_classifier.report.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# placeholder colours, replaced by CSS variables of the page in the SVG
INK, PAGE, LINE = "#010203", "#020304", "#030405"
MAIN, OTHER, WRONG = "#040506", "#050607", "#060708"
COLOURS = {INK: "ink", PAGE: "page", LINE: "line", MAIN: "main", OTHER: "other", WRONG: "wrong"}
SIZE = (5.6, 3.2)  # inches
POINTS = 400  # of a curve: more cannot be seen
ROOM_FOR_A_NAME = 0.2  # share of a bar, at least
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "product-classifier",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


class Point(NamedTuple):
    """The coverage and risk of a certified threshold on the test products."""

    target: float
    coverage: float
    risk: float


def risk_coverage_plot(curve: RiskCoverage, points: Sequence[Point]) -> Markup:
    """Return a plot of the error rate of accepted products over the coverage."""

    def draw(axes: Axes) -> None:
        shown = thin(curve, POINTS)
        coverage = shown.accepted / max(curve.accepted[-1], 1)
        axes.plot(coverage, shown.wrong / shown.accepted, color=MAIN, linewidth=1.8)
        highest = max(float(curve.wrong[-1] / curve.accepted[-1]), 0.01)
        for point in points:
            axes.axhline(1 - point.target, color=WRONG, linewidth=0.8, linestyle=":")
            axes.plot([point.coverage], [point.risk], "o", color=WRONG, markersize=6)
            axes.annotate(
                f"{percent(point.target)} certified",
                (point.coverage, point.risk),
                (-6, 8),
                textcoords="offset points",
                horizontalalignment="right",
            )
            highest = max(highest, 1 - point.target)
        axes.set(
            title="Error rate of accepted products by coverage",
            xlabel="coverage: share of the test products accepted",
            ylabel="share of them wrong",
            xlim=(0, 1.01),
            ylim=(0, 1.25 * highest),
        )

    return svg(draw, "Risk over coverage", "xy")


def reliability_plot(before: Reliability, after: Reliability) -> Markup:
    """Return a plot of accuracy over score, before and after calibration."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
        for bins, name, colour, mark in (
            (before, "before temperature scaling", OTHER, "s"),
            (after, "after", MAIN, "o"),
        ):
            axes.plot(
                bins.score,
                bins.accuracy,
                f"{mark}-",
                color=colour,
                label=name,
                markersize=4,
                linewidth=1.2,
            )
        axes.set(
            title="Accuracy of predictions by score",
            xlabel="mean score of a bin",
            ylabel="share right",
            xlim=(0, 1.02),
            ylim=(0, 1.04),
        )
        axes.legend(loc="upper left")

    return svg(draw, "Reliability diagram", "xy")


def levels_plot(answered: Mapping[float, Sequence[tuple[str, float]]]) -> Markup:
    """Return a plot of the share of products answered at each level, a bar for each target."""
    shades = (1.0, 0.6, 0.4, 0.25)

    def draw(axes: Axes) -> None:
        for row, levels in enumerate(answered.values()):
            left = 0.0
            for height, (name, share) in enumerate(levels):
                person = height == len(levels) - 1
                axes.barh(
                    row,
                    share,
                    left=left,
                    height=0.6,
                    color=OTHER if person else MAIN,
                    alpha=0.5 if person else shades[min(height, len(shades) - 1)],
                )
                if share >= ROOM_FOR_A_NAME:
                    place = (left + share / 2, row)
                    colour = INK if height else PAGE
                    axes.text(
                        *place, f"{name}\n{share:.0%}", ha="center", va="center", color=colour
                    )
                left += share
        axes.set_yticks(range(len(answered)), [percent(target) for target in answered])
        axes.grid(visible=False)
        axes.invert_yaxis()
        axes.set(
            title="Share of products answered at each level",
            xlabel="share of the test products",
            ylabel="certified accuracy",
            xlim=(0, 1),
        )

    return svg(draw, "Levels that answer", "x", height=1.2 + 0.7 * len(answered))


def svg(
    draw: Callable[[Axes], None], name: str, shares: str = "", height: float = SIZE[1]
) -> Markup:
    """Return an svg element with what `draw` draws on new axes.

    shares: which axes, x or y, are in percent; height: inches.
    """
    logging.getLogger("matplotlib").setLevel(
        logging.ERROR
    )  # its font cache is of no interest to users
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    with mpl.rc_context(STYLE):
        figure = Figure((SIZE[0], height), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_axisbelow(True)
        for axis in shares:
            getattr(axes, f"{axis}axis").set_major_formatter(PercentFormatter(1))
        figure.patch.set_alpha(0)
        axes.patch.set_alpha(0)
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        FigureCanvasSVG(figure).print_svg(file, metadata=nothing)
    text = file.getvalue()
    for sentinel, variable in COLOURS.items():
        text = text.replace(sentinel, f"var(--{variable})")
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r"font-family: [^;\"]*; ?", "", text)  # the page's own will do
    # without XML declaration and size: the plot is as wide as its place on the page
    head = re.compile(r'.*?<svg [^>]*?(viewBox="[^"]*")[^>]*>', re.DOTALL)
    text = head.sub(rf'<svg \1 role="img" aria-label="{name}">', text, count=1)
    return Markup(text)  # noqa: S704 - matplotlib escapes, and no word of a catalogue is drawn
