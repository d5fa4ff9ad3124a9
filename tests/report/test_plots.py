"""Plots as a page holds them: text that can be read, colours of the page, nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from product_classifier.evaluate.catalogue_summary import LevelSizes
from product_classifier.evaluate.category_tree import Sizes
from product_classifier.evaluate.curves import risk_coverage
from product_classifier.evaluate.reliability import reliability
from product_classifier.report.catalogue_plots import imbalance_plot, picture_plot, vocabulary_plot
from product_classifier.report.plots import Point, levels_plot, reliability_plot, risk_coverage_plot

RNG = np.random.default_rng(0)
SCORE = RNG.random(3000)
RIGHT = RNG.random(3000) < SCORE
LEVEL = LevelSizes(
    3021,
    Sizes(categories=4, empty=1, largest=3000, median=20.0, smallest=1, half=1),
    [3000, 20, 1, 0],
)
LEVELS = {0.95: [("leaf", 0.7), ("parent", 0.2), ("a person", 0.1)]}
PLOTS: dict[str, tuple[Callable[[], str], list[str]]] = {
    "risk": (
        lambda: risk_coverage_plot(risk_coverage(SCORE, RIGHT), [Point(0.98, 0.4, 0.01)]),
        [
            "Error rate of accepted products by coverage",
            "98% certified",
            "share of them wrong",
        ],
    ),
    "reliability": (
        lambda: reliability_plot(reliability(SCORE**2, RIGHT), reliability(SCORE, RIGHT)),
        ["Accuracy of predictions by score", "mean score of a bin", "after"],
    ),
    "levels": (
        lambda: levels_plot(LEVELS),
        ["Share of products answered at each level", "leaf", "parent", "certified accuracy"],
    ),
    "imbalance": (
        lambda: imbalance_plot("3 leaves", LEVEL),
        [
            "3 leaves",
            "1,000",
            "median 20",
            "categories, the largest first; the solid one holds half",
        ],
    ),
    "vocabulary": (
        lambda: vocabulary_plot([(1, 0.1), (100, 0.5), (30_000, 1.0)], 20_000),
        ["Coverage of the most common words", "10,000", "share of all word occurrences"],
    ),
    "pictures": (
        lambda: picture_plot([(28, 28, 9), (31, 24, 1)]),
        ["Pictures by width and height", "width, pixels", "128"],
    ),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_one_element_of_text_and_the_pages_colours(name: str) -> None:
    draw, texts = PLOTS[name]
    svg = draw()
    assert svg.startswith("<svg viewBox=")
    assert svg.rstrip().endswith("</svg>")
    assert svg.count("<svg") == 1
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert set(texts) <= set(words)
    assert "<style" not in svg
    assert "http" not in svg.replace("http://www.w3.org", "")
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", svg)) - {"none"}
    assert {colour.partition("(")[0] for colour in colours} == {"var"}, colours


@pytest.mark.parametrize("name", PLOTS)
def test_the_same_numbers_are_the_same_plot(name: str) -> None:
    draw, _ = PLOTS[name]
    assert draw() == draw()


def test_a_curve_of_many_points_is_thinned() -> None:
    curve = risk_coverage(RNG.random(100_000), RNG.random(100_000) < 0.9)
    assert len(risk_coverage_plot(curve, [])) < 40_000


def test_an_outline_of_many_categories_is_thinned() -> None:
    many = LevelSizes(
        0,
        Sizes(
            categories=100_000, empty=0, largest=100_000, median=50_000.0, smallest=1, half=29_290
        ),
        list(range(100_000, 0, -1)),
    )
    assert len(imbalance_plot("leaves", many)) < 90_000


def test_a_single_product_is_a_plot_too() -> None:
    one = np.array([0.5])
    for right in (True, False):
        assert risk_coverage_plot(risk_coverage(one, np.array([right])), [])
        assert reliability_plot(*[reliability(one, np.array([right]))] * 2)
    assert imbalance_plot(
        "1 leaf",
        LevelSizes(1, Sizes(categories=1, empty=0, largest=1, median=1.0, smallest=1, half=1), [1]),
    )
    assert vocabulary_plot([(1, 1.0)], 20_000)
    assert picture_plot([(0, 0, 1)])
