"""What is told of products that belong nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from product_classifier.predictions import Summary
from product_classifier.report.text import novelty_note


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
