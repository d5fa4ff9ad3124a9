"""Suspicious labels as text, as values, and as a review file."""

from __future__ import annotations

import csv
import io
import json

from product_classifier.predictions import (
    LabelErrors,
    LabelSearchSummary,
    Mistake,
    Neighbour,
    ReviewItem,
    Summary,
)
from product_classifier.recipes.find_label_errors import review_csv
from product_classifier.report.label_errors import (
    label_errors_text,
    label_errors_values,
    near_duplicates,
)

TWIN = Neighbour("8", "Wide  belt", ("jeans/flare",), 0.97)
LIKE = Neighbour("9", "Thin belt", ("belts",), 0.99)
FAR = Neighbour("7", "Flare", ("jeans/flare",), 0.5)
SUSPICIOUS = Mistake(
    product_id="471",
    name="<b>Wide</b>\nbelt",
    description="",
    image="https://shop.example/a.jpg",
    file="ab/ab.jpg",
    predicted="jeans/flare",
    score=0.875,
    categories=("belts",),
    suspicion=0.96875,
    neighbours=(LIKE, TWIN, FAR),
)
ALONE = Mistake(
    product_id="472",
    name="",
    description="",
    image=None,
    file=None,
    predicted="",
    score=0.0,
    categories=("belts",),
    suspicion=0.0,
)
FOUND = LabelErrors(
    Summary(
        id=3,
        name="Text classification of: a,b",
        date="2026",
        kind="words",
        split="x",
        seconds=1.0,
        settings={},
    ),
    LabelSearchSummary(
        date="2026-11-27",
        products=200,
        noise=0.045,
        overlaps=[("belts", "jeans/flare", 0.123)],
        fingerprint="",
    ),
    [SUSPICIOUS, ALONE],
    [[TWIN, Neighbour("10", "Wide belt", ("belts",), 1.0)]],
)


def test_suspicious_labels_are_listed_with_suggestions_and_similar_products() -> None:
    assert label_errors_text(FOUND) == (
        "#3: Text classification of: a,b\n"
        "  200 labels examined on 2026-11-27; 4.5% of them look wrong (9), by confident learning\n"
        "\n"
        "  Most suspicious labels of products without a decision:\n"
        "    0.9688  471  Wide belt\n"
        "            belts → jeans/flare (0.88)\n"
        "            most similar: belts (0.99); jeans/flare (0.97); jeans/flare (0.50)\n"
        "            nearly the same: 8  Wide belt\n"
        "    0.0000  472  (no name)\n"
        "            belts → nothing\n"
        "\n"
        "  Categories that might be the same:\n"
        "     12.3%  belts / jeans/flare\n"
        "\n"
        "  Same picture or words, other category:\n"
        "    Wide belt: 8 (jeans/flare); 10 (belts)\n"
    )


def test_without_label_errors_the_report_has_two_lines() -> None:
    nothing = LabelErrors(
        FOUND.experiment,
        LabelSearchSummary(date="2026-11-27", products=0, noise=None, overlaps=[], fingerprint=""),
        [],
        [],
    )
    assert label_errors_text(nothing).count("\n") == 2


def test_values_hold_the_same_as_the_text() -> None:
    values = json.loads(json.dumps(label_errors_values(FOUND), allow_nan=False))
    assert values["experiment"] == 3
    assert values["suspicious"][0]["suspicion"] == 0.96875
    assert values["contradictions"][0][1]["product_id"] == "10"


def test_near_duplicates_are_similar_and_share_no_category() -> None:
    assert near_duplicates(SUSPICIOUS) == [TWIN]


def test_a_review_file_leaves_the_decision_to_a_person() -> None:
    text = review_csv([ReviewItem(SUSPICIOUS, "suspicious label")])
    [row] = csv.DictReader(io.StringIO(text))
    assert row == {
        "product_id": "471",
        "decision": "",
        "name": "Wide belt",
        "category": "belts",
        "suggested": "jeans/flare",
        "score": "0.8750",
        "suspicion": "0.9688",
        "why": "suspicious label",
        "nearly_the_same": "8",
        "picture": "ab/ab.jpg",
    }
