"""The comparison of experiments, as text and as values."""

from __future__ import annotations

import json

from product_classifier.evaluate.accuracy import Figures, LevelAccuracy
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import Comparison, Interval, McNemar
from product_classifier.evaluate.coverage import Coverage
from product_classifier.predictions import Summary
from product_classifier.report.comparison import comparison_text, comparison_values

LEVEL = LevelAccuracy(90, 100, (0.8238, 0.951), {0.95: Coverage(0.75, 0.3, 75, 72)})
JUDGED = [
    Evaluation(
        experiment=Summary(
            id=k, name=name, date="2026", kind="words", split="x", seconds=1.0, settings={}
        ),
        figures=Figures(LEVEL, LEVEL),
        certification=None,
    )
    for k, name in ((1, "Text"), (3, "Image+Text"))
]
COVERAGES = {number: {0.95: Interval(0.75, 0.61, 0.88)} for number in (1, 3)}
PAIRS = {
    (1, 3): Comparison(
        McNemar(5, 17, 0.0169),
        Interval(0.12, 0.03, 0.21),
        {0.95: Interval(-0.004, -0.1, 0.08)},
    )
}


def test_a_pair_is_reported_as_the_gain_of_the_second_experiment() -> None:
    text = comparison_text(JUDGED, COVERAGES, PAIRS)
    assert text.startswith(
        "#1: Text\n  accuracy 90.00% [82.38, 95.10]\n"
        "  coverage in hindsight 75% [61, 88] at 95%\n  certified none\n#3: "
    )
    assert text.endswith(
        "#3 compared with #1:\n"
        "  accuracy +12.0 points [+3.0, +21.0]; right only in #3: 17, only in #1: 5 "
        "(McNemar's exact p = 0.017)\n"
        "  95% coverage in hindsight -0.4 points [-10.0, +8.0]\n"
    )


def test_values_are_unrounded() -> None:
    values = json.loads(json.dumps(comparison_values(JUDGED, COVERAGES, PAIRS), allow_nan=False))
    assert values["experiments"][0]["coverage95"] == 0.75
    assert values["experiments"][0]["coverage"]["0.95"]["low"] == 0.61
    [pair] = values["pairs"]
    assert (pair["first"], pair["second"], pair["only_second"]) == (1, 3, 17)
    assert pair["coverage"]["0.95"] == {"observed": -0.004, "low": -0.1, "high": 0.08}
