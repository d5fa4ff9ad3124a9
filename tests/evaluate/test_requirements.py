"""Requirements are parsed, compared with metrics, and described when they are missed."""

from __future__ import annotations

import math

import pytest

from product_classifier.errors import ReportError
from product_classifier.evaluate.accuracy import Figures, LevelAccuracy
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.coverage import Coverage
from product_classifier.evaluate.requirements import Requirement, metrics, requirement, unmet
from product_classifier.predictions import Summary

LEVEL = LevelAccuracy(
    9, 10, (0.5, 1.0), {0.95: Coverage(0.75, 0.3, 3, 3), 0.995: Coverage(0, None, 0, 0)}
)

SUMMARY = Summary(id=1, name="Text", date="2026", kind="words", split="x", seconds=1.0, settings={})
JUDGED = Evaluation(experiment=SUMMARY, figures=Figures(LEVEL, LEVEL), certification=None)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("coverage98>=0.5", Requirement("coverage98", ">=", 0.5)),
        (" accuracy > .9 ", Requirement("accuracy", ">", 0.9)),
        ("certified99.5<1", Requirement("certified99.5", "<", 1.0)),
    ],
)
def test_a_requirement_is_a_metric_a_comparison_and_a_number(text: str, read: Requirement) -> None:
    assert requirement(text) == read


@pytest.mark.parametrize("text", ["", "coverage98", "coverage98=0.5", ">=0.5", "a>=b", "a>=0.5x"])
def test_other_texts_are_not_requirements(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        requirement(text)


def test_metrics_are_named_by_their_targets() -> None:
    assert metrics(JUDGED) == {
        "accuracy": 0.9,
        "parent_accuracy": 0.9,
        "coverage95": 0.75,
        "coverage99.5": 0,
    }


def test_missed_requirements_are_described_and_met_ones_are_not() -> None:
    found = metrics(JUDGED)
    assert unmet(requirement("coverage95>=0.75"), found) is None
    assert unmet(requirement("coverage95>0.75"), found) == "coverage95 is 0.75, not > 0.75"
    with pytest.raises(
        ReportError, match="there is no metric certified95; the metrics are accuracy, par"
    ):
        unmet(requirement("certified95>0"), found)


def test_nan_meets_no_requirement() -> None:
    assert unmet(requirement("a>=0"), {"a": math.nan})
    assert unmet(requirement("a<=1"), {"a": math.nan})
