"""The leaderboard: its rows, their order, and the names of models."""

from __future__ import annotations

from typing import Any

import pytest

from product_classifier.evaluate.accuracy import Figures, LevelAccuracy
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import LeaderboardEntry
from product_classifier.evaluate.coverage import Coverage
from product_classifier.predictions import Summary
from product_classifier.report.comparison import (
    leaderboard_page,
    leaderboard_text,
    leaderboard_values,
)
from product_classifier.report.wording import model_name
from tests.report.test_errors_page import Page


def entry(
    number: int, right: int, split: str | None = "one", kind: str = "words", **settings: Any
) -> LeaderboardEntry:
    level = LevelAccuracy(right, 10, (0.1, 0.9), {0.95: Coverage(0.4, 0.9, 4, 0)})
    summary = Summary(
        id=number,
        name="Text classification of: all (2 categories)",
        date="",
        kind=kind,
        split=split,
        seconds=12.4,
        settings=settings,
    )
    return LeaderboardEntry(
        Evaluation(experiment=summary, figures=Figures(level, level), certification=None), 0.5
    )


def test_the_most_accurate_comes_first_with_its_time_and_memory() -> None:
    entries = [
        entry(1, 7, model="network", parameters=1234, peak_bytes=3 * 2**20),
        entry(2, 9, model="blend"),
    ]
    assert leaderboard_text(entries).splitlines() == [
        "10 test products of all (2 categories) (split one)",
        "  no.  model           accuracy  macro F1  covered at 95%  parent accuracy  seconds"
        "  peak MiB  weights",
        "   #2  words: blend      90.00%     0.500           40.0%           90.00%       12"
        "         –        –",
        "   #1  words: network    70.00%     0.500           40.0%           70.00%       12"
        "         3   1.23 k",
    ]


def test_experiments_on_the_same_test_products_share_a_table() -> None:
    entries = [entry(1, 7), entry(2, 9, split="other"), entry(3, 5), entry(4, 5, split=None)]
    values = leaderboard_values(entries)
    numbers = [[one["id"] for one in table["experiments"]] for table in values]
    assert numbers == [[4], [1, 3], [2]]  # the table with the latest experiment first
    assert leaderboard_text(entries).count("test products of") == 3


def test_experiments_of_another_depth_have_a_table_of_their_own() -> None:
    entries = [entry(1, 7), entry(2, 9, depth=1), entry(3, 5), entry(4, 9, depth=2)]
    values = leaderboard_values(entries)
    tables = [(table["depth"], [one["id"] for one in table["experiments"]]) for table in values]
    assert tables == [(2, [4]), (None, [1, 3]), (1, [2])]


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        ("words", {"model": "logistic", "balance": "weights"}, "logistic, balance weights"),
        ("words", {"model": "sequence", "clean": "stemmed"}, "sequence"),
        ("words", {"model": "linear", "text_words": 3}, "linear, text words 3"),
        ("words", {"model": "linear", "clean": "none"}, "linear, clean none"),
        ("images", {"backbone": "nets/mine/", "head": "256"}, "mine, head 256"),
        ("images", {"backbone": "mini", "images_per_product": 3}, "mini, images per product 3"),
        ("images", {"backbone": "mini", "marked_pictures": 7}, "mini, marked pictures 7"),
        ("both", {"fusion": "concat", "model": "network", "backbone": "mini"}, "concat, mini"),
        ("both", {"fusion": "late", "model": "linear", "backbone": "mini"}, "late, linear, mini"),
    ],
)
def test_a_model_name_mentions_unusual_settings(
    kind: str, settings: dict[str, Any], expected: str
) -> None:
    assert (
        model_name(entry(1, 5, kind=kind, **settings).evaluation.experiment)
        == f"{kind}: {expected}"
    )


def test_an_experiment_of_an_older_program_has_its_kind_for_a_name() -> None:
    assert model_name(entry(1, 5).evaluation.experiment) == "words"


def test_the_page_holds_text_alone_whatever_a_setting_says() -> None:
    page = leaderboard_page([entry(1, 5, model="<script>alert(1)</script>", parameters="many")])
    assert "script" not in Page(page).tags
    assert "&lt;script&gt;" in page
