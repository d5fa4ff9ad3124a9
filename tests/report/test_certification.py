"""What is promised is said in a line; what is not, with what it would take."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from product_classifier.evaluate.certification import (
    Certification,
    Cost,
    LevelCertification,
    RuleCost,
    ThresholdResult,
    certify_experiment,
)
from product_classifier.evaluate.reliability import reliability
from product_classifier.predictions import Certificate, PredictedPaths
from product_classifier.report.certification import certification_text, certification_values

SCORE = np.array([0.9, 0.8])
RELIABLE = reliability(SCORE, np.array([True, True]))
KEPT = LevelCertification(
    Certificate(target=0.95, confidence=0.95, threshold=0.7132, accepted=810, wrong=21, total=1000),
    1000,
    None,
    ThresholdResult(1620, 1557, 2000, (0.952, 0.969)),
)
MISSING = LevelCertification(None, 200, 290, ThresholdResult(0, 0, 2000, (0, 1)))
HOPELESS = dataclasses.replace(MISSING, needed=None)


def text(
    levels: dict[float, list[LevelCertification]], deepest: dict[float, list[LevelCertification]]
) -> list[str]:
    return list(
        certification_text(
            Certification(
                levels=levels,
                deepest=deepest,
                before=RELIABLE,
                after=RELIABLE,
                aurc=0.01,
                augrc=0.005,
            )
        )
    )


def test_a_certificate_is_a_line_with_its_threshold_and_its_result_on_test_products() -> None:
    assert text({0.95: [KEPT]}, {}) == [
        "  95% certified coverage: 81%  (score ≥ 0.7132, holds with 95% confidence; "
        "on test rows: 81% covered, 96.1% right [95.2, 96.9])",
        "  Calibration error of scores: 15.00% (ECE; 15.00% before temperature scaling); "
        "AURC 0.0100, AUGRC 0.0050",
    ]


def test_targets_that_cannot_be_certified_share_a_line_that_says_what_they_need() -> None:
    assert text({0.95: [MISSING], 0.995: [HOPELESS]}, {})[0] == (
        "  95% and 99.5% certified coverage: none  (200 calibration products; more labelled "
        "products that would suffice: about 1,800 for 95%)"
    )
    assert "too few, or too many wrong at high scores" in text({0.95: [HOPELESS]}, {})[0]


def test_levels_with_few_products_are_left_out() -> None:
    rare = dataclasses.replace(HOPELESS, calibrated=3)
    lines = text({0.95: [KEPT, KEPT, KEPT, rare]}, {})
    titles = [line.partition("95%")[0].strip() for line in lines[:-1]]
    assert titles == ["", "Parent", "Grandparent"]


def test_the_deepest_answers_are_counted_by_level_and_a_person_checks_the_rest() -> None:
    parent = dataclasses.replace(KEPT, tested=ThresholdResult(100, 96, 2000, (0.9, 0.99)))
    assert text({}, {0.95: [KEPT, parent, MISSING]})[0] == (
        "  95% certified, as deep as possible: leaf 81% (96.1% right [95.2, 96.9]), "
        "parent 5% (96.0% right [90.0, 99.0]), a person 14%"
    )


def test_the_threshold_that_costs_least_is_named_and_priced() -> None:
    found = Certification(
        levels={}, deepest={}, before=RELIABLE, after=RELIABLE, aurc=0.01, augrc=0.005
    )
    found = dataclasses.replace(
        found,
        rule_costs=[
            RuleCost(1.0, Cost(None, 0.5, 0.5, 0.5), False),
            RuleCost(0.98, Cost(0.881, 0.2034, 0.15, 0.25), True),
            RuleCost(0.0, Cost(0.0, 0.4, 0.3, 0.5), False),
        ],
    )
    assert list(certification_text(found))[-1] == (
        "  Cost per product: 0.5 [0.5, 0.5] if a person checks all; 0.2034 [0.15, 0.25] at 98% "
        "certified, the lowest by the calibration rows; 0.4 [0.3, 0.5] if nobody checks"
    )


def test_an_experiment_without_calibration_rows_says_so() -> None:
    [line] = certification_text(None)
    assert "without calibration rows" in line


def part(leaves: int) -> PredictedPaths:
    """Products whose leaf is right and alone below the root."""
    rows = np.arange(leaves)
    score = np.full((leaves, 1), 0.9)
    answers = np.ones((leaves, 1), dtype=np.int64)
    return PredictedPaths(
        product=rows,
        answers=answers,
        score=score,
        uncalibrated=score,
        row=rows,
        truth=answers[:, 0],
        above=np.array([[0], [1]]),
    )


def test_values_are_json_whatever_could_be_certified() -> None:
    for calibration, test in ((part(100), part(200)), (part(1), part(0))):
        values = certification_values(certify_experiment(calibration, test, (0.95,), 0.95))
        found = json.loads(json.dumps(values, allow_nan=False))
        assert found["levels"]["0.95"][0]["calibrated"] == len(calibration.product)
    assert found["aurc"] is None
