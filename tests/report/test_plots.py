"""Plots as a page holds them: text that can be read, colours of the page, nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from product_classifier.evaluate.curves import risk_coverage
from product_classifier.evaluate.reliability import reliability
from product_classifier.report.plots import (
    Point,
    levels_plot,
    reliability_plot,
    risk_coverage_plot,
    sizes_plot,
)

RNG = np.random.default_rng(0)
SCORE = RNG.random(3000)
RIGHT = RNG.random(3000) < SCORE
LEVELS = {0.95: [("leaf", 0.7), ("parent", 0.2), ("a person", 0.1)]}
PLOTS: dict[str, tuple[Callable[[], str], list[str]]] = {
    "risk": (
        lambda: risk_coverage_plot(risk_coverage(SCORE, RIGHT), [Point(0.98, 0.4, 0.01)]),
        [
            "Errors among the accepted, by how many are accepted",
            "98% certified",
            "share of them wrong",
        ],
    ),
    "reliability": (
        lambda: reliability_plot(reliability(SCORE**2, RIGHT), reliability(SCORE, RIGHT)),
        ["How often predictions of a score are right", "mean score of a bin", "after"],
    ),
    "levels": (
        lambda: levels_plot(LEVELS),
        ["Share of products that each level answers", "leaf", "parent", "certified accuracy"],
    ),
    "sizes": (
        lambda: sizes_plot(np.array([3000, 20, 1])),
        ["Products per leaf, the largest leaf first", "1,000", "products"],
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


def test_a_single_product_is_a_plot_too() -> None:
    one = np.array([0.5])
    for right in (True, False):
        assert risk_coverage_plot(risk_coverage(one, np.array([right])), [])
        assert reliability_plot(*[reliability(one, np.array([right]))] * 2)
    assert sizes_plot(np.array([1]))
