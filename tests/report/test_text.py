"""Figures of experiments as text: the block of the earlier system, and novelty detection."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from product_classifier.evaluate.accuracy import Figures, LevelAccuracy
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.coverage import Coverage
from product_classifier.predictions import Summary
from product_classifier.report.text import figures_text, figures_values, novelty_note

SUMMARY = Summary(
    id=2,
    name="Text classification of: all (39 categories)",
    date="2026",
    kind="words",
    split="x",
    seconds=1.0,
    settings={},
)
LEAF = LevelAccuracy(
    940, 960, (0.9687, 0.9868), {0.95: Coverage(1, 0.31, 960, 940), 0.98: Coverage(0, None, 0, 0)}
)
PARENT = LevelAccuracy(
    954, 960, (0.98, 0.99), {0.95: Coverage(1, 0.31, 960, 954), 0.98: Coverage(1, 0.31, 960, 954)}
)
NOTHING = LevelAccuracy(
    0, 0, (0, 1), {0.95: Coverage(0, None, 0, 0), 0.98: Coverage(0, None, 0, 0)}
)


def test_the_lines_of_the_earlier_system_come_first() -> None:
    assert figures_text(
        [Evaluation(experiment=SUMMARY, figures=Figures(LEAF, PARENT), certification=None)]
    ) == (
        "#2: Text classification of: all (39 categories)\n"
        "  Accuracy: 97.92% (N=960)\n"
        "  95% Accuracy Coverage: 100%\n"
        "  98% Accuracy Coverage: 0%\n"
        "  Parent Accuracy: 99.38%\n"
        "  Parent 95% Accuracy Coverage: 100%\n"
        "  Parent 98% Accuracy Coverage: 100%\n"
        "  Accuracy, 95% interval: 96.87% to 98.68%\n"
        "  95% in detail: score >= 0.31 accepts 960, 20 of them wrong; a person checks 0\n"
        "  98% in detail: no threshold reaches it; a person checks all\n"
        "  (thresholds chosen in hindsight on these products: no guarantee for new ones)\n"
        "  certified coverage: unknown without calibration rows; categorize again\n"
    )


def test_the_model_is_named_if_an_experiment_records_it() -> None:
    made = dataclasses.replace(SUMMARY, settings={"model": "blend", "clean": "stemmed"})
    text = figures_text(
        [Evaluation(experiment=made, figures=Figures(LEAF, PARENT), certification=None)]
    )
    assert "\n  Model of words: blend, clean stemmed\n" in text


def test_a_report_explains_leaves_if_categories_of_a_depth_were_learned() -> None:
    made = dataclasses.replace(SUMMARY, settings={"depth": 2})
    lines = figures_text(
        [Evaluation(experiment=made, figures=Figures(LEAF, PARENT), certification=None)]
    ).splitlines()
    assert lines[1] == "  Leaves here: categories of depth 2, each with all categories below"


def test_experiments_are_separated_by_an_empty_line() -> None:
    one = Figures(LEAF, PARENT)
    assert "\n\n#2: " in figures_text(
        [Evaluation(experiment=SUMMARY, figures=one, certification=None)] * 2
    )


def test_an_experiment_without_predictions_has_no_accuracy() -> None:
    assert "Accuracy: – (N=0)" in figures_text(
        [Evaluation(experiment=SUMMARY, figures=Figures(NOTHING, NOTHING), certification=None)]
    )
    values = figures_values(
        [Evaluation(experiment=SUMMARY, figures=Figures(NOTHING, NOTHING), certification=None)]
    )
    assert json.loads(json.dumps(values, allow_nan=False))[0]["leaf"]["accuracy"] is None


def test_programs_get_the_figures_unrounded() -> None:
    [values] = figures_values(
        [Evaluation(experiment=SUMMARY, figures=Figures(LEAF, PARENT), certification=None)]
    )
    assert values["id"] == 2
    assert values["leaf"]["accuracy"] == 940 / 960
    assert values["leaf"]["coverage"]["0.95"] == {
        "share": 1,
        "threshold": 0.31,
        "accepted": 960,
        "right": 940,
    }


def told(**settings: Any) -> str | None:
    return novelty_note(
        Summary(id=1, name="", date="", kind="words", split="x", seconds=1.0, settings=settings)
    )


MEASURED = {
    **{"threshold": 0.9, "marked": 1234, "left_out": 80},
    **{"auroc": 0.91, "softmax_auroc": 0.8, "false_alarms": 0.25},
}


def test_novelty_detection_is_reported_beside_the_largest_probability() -> None:
    assert told(outside=MEASURED) == (
        "1,234 test products marked (score >= 0.9000); AUROC 0.910 for 80 test products of "
        "left-out categories (by largest probability: 0.800), 25.0% false alarms at 95% recall"
    )


def test_auroc_is_unknown_without_test_products_of_left_out_categories() -> None:
    text = told(outside={"threshold": 0.9, "marked": 0, "left_out": 0})
    assert text == (
        "0 test products marked (score >= 0.9000); "
        "AUROC unknown: no test product is of a left-out category"
    )


@pytest.mark.parametrize("damaged", [{}, {"outside": 3}, {"outside": {"marked": "many"}}])
def test_experiments_without_novelty_detection_or_with_damaged_settings_report_nothing(
    damaged: dict[str, Any],
) -> None:
    assert told(**damaged) is None
