"""Experiments on the same products in one table: what each model is worth on this catalogue."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.evaluate.comparison import LeaderboardEntry
from product_classifier.evaluate.requirements import metrics
from product_classifier.printable import unbroken
from product_classifier.report.pages import Section, Table, aligned, render
from product_classifier.report.wording import known, model_name, percent, share

MEBIBYTE = 2**20


def leaderboard_text(entries: Sequence[LeaderboardEntry]) -> str:
    """Write a table for each split and depth, the most accurate first."""
    blocks = [
        "\n".join([unbroken(title), *(f"  {line}" for line in aligned(table))])
        for title, table in _tables(entries)
    ]
    return "\n\n".join(blocks)


def leaderboard_values(entries: Sequence[LeaderboardEntry]) -> list[dict[str, Any]]:
    """Lay out the same for --json."""
    return [
        {
            "split": split,
            "depth": group[0].evaluation.experiment.settings.get("depth"),
            "test_products": group[0].evaluation.figures.leaf.total,
            "experiments": [
                {
                    "id": entry.evaluation.experiment.id,
                    "model": model_name(entry.evaluation.experiment),
                    "macro_f1": entry.macro_f1,
                    **{name: known(value) for name, value in metrics(entry.evaluation).items()},
                    "seconds": entry.evaluation.experiment.seconds,
                    "peak_bytes": entry.evaluation.experiment.settings.get("peak_bytes"),
                    "parameters": entry.evaluation.experiment.settings.get("parameters"),
                    "settings": dict(entry.evaluation.experiment.settings),
                }
                for entry in group
            ],
        }
        for split, group in _by_split(entries)
    ]


def leaderboard_sections(entries: Sequence[LeaderboardEntry]) -> list[Section]:
    """Lay out the same for a page."""
    return [Section(title=title, tables=[table]) for title, table in _tables(entries)]


def leaderboard_page(entries: Sequence[LeaderboardEntry]) -> str:
    """Write the same as a page of its own: one file, no script."""
    title = "What each model is worth"
    return render("sections.html", title=title, sections=leaderboard_sections(entries))


def _by_split(
    entries: Sequence[LeaderboardEntry],
) -> Iterator[tuple[str | None, list[LeaderboardEntry]]]:
    """Group what learned to tell the same products apart as finely; the latest split first.

    Within a group the best comes first.
    """

    def split(entry: LeaderboardEntry) -> tuple[str, int]:
        experiment = entry.evaluation.experiment
        depth = experiment.settings.get("depth") or 0
        return experiment.split or f"unknown {experiment.id}", depth

    groups = [list(group) for _, group in itertools.groupby(sorted(entries, key=split), split)]
    groups.sort(key=lambda group: -max(entry.evaluation.experiment.id for entry in group))
    for group in groups:
        group.sort(key=lambda entry: (-entry.evaluation.figures.leaf.accuracy, _number(entry)))
        yield group[0].evaluation.experiment.split, group


def _tables(entries: Sequence[LeaderboardEntry]) -> Iterator[tuple[str, Table]]:
    for split, group in _by_split(entries):
        leaf = group[0].evaluation.figures.leaf
        targets = list(leaf.coverage)
        name = group[0].evaluation.experiment.name.partition(": ")[2]
        promised = [name for name in metrics(group[0].evaluation) if name.startswith("certified")]
        columns = (
            *("#no.", "model", "#accuracy", "#macro F1"),
            *(f"#covered at {percent(target)}" for target in targets),
            *(f"#certified at {name.removeprefix('certified')}%" for name in promised),
            *("#parent accuracy", "#seconds", "#peak MiB", "#weights"),
        )
        title = f"{leaf.total:,} test products of {name} (split {split or 'unknown'})"
        yield title, Table(columns, [_row(entry, promised) for entry in group])


def _row(entry: LeaderboardEntry, promised: Sequence[str]) -> Sequence[str]:
    judged, settings = entry.evaluation, entry.evaluation.experiment.settings
    found = metrics(judged)
    return (
        f"#{_number(entry)}",
        model_name(entry.evaluation.experiment),
        f"{found['accuracy']:.2%}",
        "–" if entry.macro_f1 is None else f"{entry.macro_f1:.3f}",
        *(share(one.share) for one in judged.figures.leaf.coverage.values()),
        *(_promised(found, name) for name in promised),
        f"{found['parent_accuracy']:.2%}",
        _whole(judged.experiment.seconds),
        _whole(settings.get("peak_bytes"), MEBIBYTE),
        _short(settings.get("parameters")),
    )


def _short(value: object) -> str:
    """Write a large number with three digits, such as 2.01 M."""
    if not isinstance(value, int | float) or not value > 0:
        return "–"
    unit, name = next((u, name) for u, name in ((10**6, "M"), (1000, "k"), (1, "")) if value >= u)
    return f"{value / unit:.3g} {name}".strip()


def _whole(value: object, unit: int = 1) -> str:
    """Write a number that experiments of older programs have not."""
    return f"{value / unit:,.0f}" if isinstance(value, int | float) else "–"


def _promised(found: Mapping[str, float], name: str) -> str:
    return share(found[name]) if found.get(name) else "none"


def _number(entry: LeaderboardEntry) -> int:
    return entry.evaluation.experiment.id
