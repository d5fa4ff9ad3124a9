"""Experiments side by side, and what one has over another, as text and as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import Coverages, Interval, Pairs
from product_classifier.evaluate.requirements import metrics
from product_classifier.printable import unbroken
from product_classifier.report.wording import between, percent


def comparison_text(judged: Sequence[Evaluation], coverages: Coverages, pairs: Pairs) -> str:
    """Write a table of the experiments, and a paragraph for each pair."""
    lines = []
    for found in judged:
        leaf = found.figures.leaf
        lines.append(f"#{found.experiment.id}: {unbroken(found.experiment.name)}")
        lines.append(f"  accuracy {leaf.accuracy:.2%} {between(*leaf.interval, 2)}")
        covered = [
            f"{c.observed:.0%} {between(c.low, c.high, 0)} at {percent(target)}"
            for target, c in coverages[found.experiment.id].items()
        ]
        lines.append(f"  coverage in hindsight {', '.join(covered)}")
        certified = [
            f"{share:.0%} at {name.removeprefix('certified')}%"
            for name, share in metrics(found).items()
            if name.startswith("certified")
        ]
        lines.append(f"  certified {', '.join(certified) or 'none'}")
    for (first, second), compared in pairs.items():
        alone = compared.mcnemar
        lines += [
            "",
            f"#{second} beside #{first}:",
            f"  accuracy {_points(compared.accuracy)}; "
            f"right alone: #{second} {alone.only_second:,} times, #{first} {alone.only_first:,} "
            f"(McNemar's exact p = {alone.p:.2g})",
            *(
                f"  {percent(target)} coverage in hindsight {_points(difference)}"
                for target, difference in compared.coverage.items()
            ),
        ]
    return "\n".join(lines) + "\n"


def comparison_values(
    judged: Sequence[Evaluation], coverages: Coverages, pairs: Pairs
) -> dict[str, Any]:
    """Lay out the same, unrounded, for --json."""
    return {
        "experiments": [
            {
                "id": found.experiment.id,
                "name": found.experiment.name,
                **metrics(found),
                "accuracy_interval95": found.figures.leaf.interval,
                "coverage": _by_target(coverages[found.experiment.id]),
            }
            for found in judged
        ],
        "pairs": [
            {
                "first": first,
                "second": second,
                **dataclasses.asdict(found.mcnemar),
                "accuracy": dataclasses.asdict(found.accuracy),
                "coverage": _by_target(found.coverage),
            }
            for (first, second), found in pairs.items()
        ],
    }


def _by_target(intervals: Mapping[float, Interval]) -> dict[str, Any]:
    return {f"{target:g}": dataclasses.asdict(found) for target, found in intervals.items()}


def _points(difference: Interval) -> str:
    """Write a difference of shares in points, with its 95 % interval."""
    low, middle, high = (100 * x for x in (difference.low, difference.observed, difference.high))
    return f"{middle:+.1f} points [{low:+.1f}, {high:+.1f}]"
