"""Experiments side by side: two or more compared, or all in one table, the leaderboard."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import Coverages, Interval, LeaderboardEntry, Pairs
from product_classifier.evaluate.requirements import metrics
from product_classifier.printable import unbroken
from product_classifier.report.pages import Section, Table, aligned, render
from product_classifier.report.wording import between, model_name, percent, share, without_nan


def comparison_text(evaluations: Sequence[Evaluation], coverages: Coverages, pairs: Pairs) -> str:
    """Return a block for each experiment, and a paragraph for each pair."""
    lines = []
    for evaluation in evaluations:
        leaf = evaluation.figures.leaf
        lines.append(f"#{evaluation.experiment.id}: {unbroken(evaluation.experiment.name)}")
        lines.append(f"  accuracy {leaf.accuracy:.2%} {between(*leaf.interval, 2)}")
        covered = [
            f"{c.observed:.0%} {between(c.low, c.high, 0)} at {percent(target)}"
            for target, c in coverages[evaluation.experiment.id].items()
        ]
        lines.append(f"  coverage in hindsight {', '.join(covered)}")
        certified = [
            f"{share:.0%} at {name.removeprefix('certified')}%"
            for name, share in metrics(evaluation).items()
            if name.startswith("certified")
        ]
        lines.append(f"  certified {', '.join(certified) or 'none'}")
    for (first, second), compared in pairs.items():
        test = compared.mcnemar
        lines += [
            "",
            f"#{second} compared with #{first}:",
            f"  accuracy {_points(compared.accuracy)}; "
            f"right only in #{second}: {test.only_second:,}, only in #{first}: {test.only_first:,} "
            f"(McNemar's exact p = {test.p:.2g})",
            *(
                f"  {percent(target)} coverage in hindsight {_points(difference)}"
                for target, difference in compared.coverage.items()
            ),
        ]
    return "\n".join(lines) + "\n"


def comparison_values(
    evaluations: Sequence[Evaluation], coverages: Coverages, pairs: Pairs
) -> dict[str, Any]:
    """Return the comparison of experiments, unrounded, for --json."""
    return {
        "experiments": [
            {
                "id": evaluation.experiment.id,
                "name": evaluation.experiment.name,
                **metrics(evaluation),
                "accuracy_interval95": evaluation.figures.leaf.interval,
                "coverage": _by_target(coverages[evaluation.experiment.id]),
            }
            for evaluation in evaluations
        ],
        "pairs": [
            {
                "first": first,
                "second": second,
                **dataclasses.asdict(compared.mcnemar),
                "accuracy": dataclasses.asdict(compared.accuracy),
                "coverage": _by_target(compared.coverage),
            }
            for (first, second), compared in pairs.items()
        ],
    }


def _by_target(intervals: Mapping[float, Interval]) -> dict[str, Any]:
    return {f"{target:g}": dataclasses.asdict(interval) for target, interval in intervals.items()}


def _points(difference: Interval) -> str:
    """Return a difference of shares in percentage points, with its 95 % interval."""
    low, middle, high = (100 * x for x in (difference.low, difference.observed, difference.high))
    return f"{middle:+.1f} points [{low:+.1f}, {high:+.1f}]"


MEBIBYTE = 2**20


def leaderboard_text(entries: Sequence[LeaderboardEntry]) -> str:
    """Return a table for each split and depth, the most accurate experiment first."""
    blocks = [
        "\n".join([unbroken(title), *(f"  {line}" for line in aligned(table))])
        for title, table in _tables(entries)
    ]
    return "\n\n".join(blocks)


def leaderboard_values(entries: Sequence[LeaderboardEntry]) -> list[dict[str, Any]]:
    """Return the leaderboard for --json."""
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
                    **{
                        name: without_nan(value)
                        for name, value in metrics(entry.evaluation).items()
                    },
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
    """Return the leaderboard as sections of a page."""
    return [Section(title=title, tables=[table]) for title, table in _tables(entries)]


def leaderboard_page(entries: Sequence[LeaderboardEntry]) -> str:
    """Return the leaderboard as a page of its own: one file without scripts."""
    title = "Leaderboard"
    return render("sections.html", title=title, sections=leaderboard_sections(entries))


def _by_split(
    entries: Sequence[LeaderboardEntry],
) -> Iterator[tuple[str | None, list[LeaderboardEntry]]]:
    """Yield the experiments of each split and depth, the latest split first.

    Within a group the most accurate comes first.
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
        certified = [name for name in metrics(group[0].evaluation) if name.startswith("certified")]
        columns = (
            *("#no.", "model", "#accuracy", "#macro F1"),
            *(f"#covered at {percent(target)}" for target in targets),
            *(f"#certified at {name.removeprefix('certified')}%" for name in certified),
            *("#parent accuracy", "#seconds", "#peak MiB", "#weights"),
        )
        title = f"{leaf.total:,} test products of {name} (split {split or 'unknown'})"
        yield title, Table(columns, [_row(entry, certified) for entry in group])


def _row(entry: LeaderboardEntry, certified: Sequence[str]) -> Sequence[str]:
    evaluation, settings = entry.evaluation, entry.evaluation.experiment.settings
    values = metrics(evaluation)
    return (
        f"#{_number(entry)}",
        model_name(entry.evaluation.experiment),
        f"{values['accuracy']:.2%}",
        "–" if entry.macro_f1 is None else f"{entry.macro_f1:.3f}",
        *(share(coverage.share) for coverage in evaluation.figures.leaf.coverage.values()),
        *(_certified(values, name) for name in certified),
        f"{values['parent_accuracy']:.2%}",
        _whole(evaluation.experiment.seconds),
        _whole(settings.get("peak_bytes"), MEBIBYTE),
        _short(settings.get("parameters")),
    )


def _short(value: object) -> str:
    """Return a large number with three digits, such as 2.01 M."""
    if not isinstance(value, int | float) or not value > 0:
        return "–"
    unit, name = next((u, name) for u, name in ((10**6, "M"), (1000, "k"), (1, "")) if value >= u)
    return f"{value / unit:.3g} {name}".strip()


def _whole(value: object, unit: int = 1) -> str:
    """Return a number, or a dash where an older version stored none."""
    return f"{value / unit:,.0f}" if isinstance(value, int | float) else "–"


def _certified(values: Mapping[str, float], name: str) -> str:
    return share(values[name]) if values.get(name) else "none"


def _number(entry: LeaderboardEntry) -> int:
    return entry.evaluation.experiment.id
