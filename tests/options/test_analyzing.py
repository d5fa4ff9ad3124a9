"""Combinations of options that analyze.py accepts or refuses."""

from __future__ import annotations

import sys

import pytest

from product_classifier.options.analyzing import arguments


def asked(monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    monkeypatch.setattr(sys, "argv", ["analyze.py", *options.split()])
    arguments("")


@pytest.mark.parametrize("options", ["--crawl", "--catalogue", "--leaderboard"])
def test_reports_that_have_a_page_write_one(monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    asked(monkeypatch, f"{options} --output page.html")


@pytest.mark.parametrize(
    "options", ["", "--per-category", "--compare 1 2", "--label-errors 1", "--crawl --json"]
)
@pytest.mark.parametrize("name", ["report.html", "report.HTM"])
def test_text_is_not_written_where_a_browser_would_run_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: str, name: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        asked(monkeypatch, f"{options} --output {name}")
    assert ended.value.code == 2
    assert ".txt" in (said := capsys.readouterr().err) or ".json" in said
