"""Experiments side by side, and what one has over another, as text and as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from product_classifier.errors import ReportError
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import Comparison, Interval
from product_classifier.evaluate.requirements import metrics
from product_classifier.predictions import PredictedPaths, Summary
from product_classifier.printable import unbroken
from product_classifier.report.wording import between, depth_name, percent

Pairs = Mapping[tuple[int, int], Comparison]  # by the numbers of the experiments
Coverages = Mapping[int, Mapping[float, Interval]]  # in hindsight, by number and target


def insist_on_same_products(first: int, second: int, tested: Mapping[int, PredictedPaths]) -> None:
    """Refuse to compare experiments that were tested on different products. Raises ReportError."""
    one, other = (tested[number].product for number in (first, second))
    if not len(one) or not len(other):
        old = first if not len(one) else second
        raise ReportError(f"experiment {old} has no scores to compare; categorize once more")
    if not np.array_equal(one, other):
        both = len(np.intersect1d(one, other))
        raise ReportError(
            f"experiments {first} and {second} were tested on {len(one):,} and {len(other):,} "
            f"products, of which {both:,} are the same; compare those of equal split and categories"
        )


def insist_on_same_depth(experiments: Sequence[Summary]) -> None:
    """Refuse to compare experiments of different depths. Raises ReportError."""
    first, *others = experiments
    for other in others:
        if first.settings.get("depth") != other.settings.get("depth"):
            raise ReportError(
                f"experiments {first.id} and {other.id} learned {depth_name(first)} and "
                f"{depth_name(other)}, and the one with fewer categories has it easier; compare "
                "those of one --depth"
            )


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
