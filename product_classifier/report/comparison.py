"""Experiments side by side, and what one has over another, as text and as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from product_classifier.errors import ReportError
from product_classifier.evaluate.comparison import Comparison, Interval
from product_classifier.predictions import Answers
from product_classifier.report.promises import percent
from product_classifier.report.requirements import metrics
from product_classifier.report.text import Judged

Pairs = Mapping[tuple[int, int], Comparison]  # by the numbers of the experiments


def insist_on_same_products(first: int, second: int, tested: Mapping[int, Answers]) -> None:
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


def comparison_text(judged: Sequence[Judged], pairs: Pairs) -> str:
    """Write a table of the experiments, and a paragraph for each pair."""
    lines = []
    for experiment, figures, judgement in judged:
        low, high = figures.leaf.interval
        lines.append(f"#{experiment.id}: {experiment.name}")
        lines.append(f"  accuracy {figures.leaf.accuracy:.2%} [{100 * low:.2f}, {100 * high:.2f}]")
        shares = metrics(figures, judgement)
        for name in ("coverage", "certified"):
            found = [
                f"{shares[key]:.0%} at {key.removeprefix(name)}%" for key in shares if name in key
            ]
            lines.append(f"  {name} {', '.join(found) or 'none'}")
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


def comparison_values(judged: Sequence[Judged], pairs: Pairs) -> dict[str, Any]:
    """Lay out the same, unrounded, for --json."""
    return {
        "experiments": [
            {"id": experiment.id, "name": experiment.name, **metrics(figures, judgement)}
            for experiment, figures, judgement in judged
        ],
        "pairs": [
            {
                "first": first,
                "second": second,
                **dataclasses.asdict(found.mcnemar),
                "accuracy": dataclasses.asdict(found.accuracy),
                "coverage": {
                    f"{target:g}": dataclasses.asdict(difference)
                    for target, difference in found.coverage.items()
                },
            }
            for (first, second), found in pairs.items()
        ],
    }


def _points(difference: Interval) -> str:
    """Write a difference of shares in points, with its 95 % interval."""
    low, middle, high = (100 * x for x in (difference.low, difference.observed, difference.high))
    return f"{middle:+.1f} points [{low:+.1f}, {high:+.1f}]"
