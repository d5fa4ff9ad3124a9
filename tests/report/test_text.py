"""The block that users of the earlier system know, to the letter."""

import dataclasses
import json

from product_classifier.evaluate.accuracy import Figures, LevelAccuracy
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.coverage import Coverage
from product_classifier.predictions import Summary
from product_classifier.report.text import figures_text, figures_values

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
        "  certified coverage: unknown without calibration rows; run its categorizer again\n"
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
