"""The comparison of experiments, as text and as plain values for --json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import Coverages, Interval, Pairs
from product_classifier.evaluate.requirements import metrics
from product_classifier.printable import unbroken
from product_classifier.report.wording import between, percent


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
    """Return the same, unrounded, for --json."""
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
