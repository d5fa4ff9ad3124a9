"""Experiments as text for people and as plain values for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.evaluate.accuracy import LevelAccuracy
from product_classifier.evaluate.certification import Evaluation
from product_classifier.predictions import Experiment, Summary
from product_classifier.printable import unbroken
from product_classifier.records import Dataset
from product_classifier.report.certification import certification_text, certification_values
from product_classifier.report.wording import between, depth_note, model_name, share


def experiment_text(number: int, experiment: Experiment, dataset: Dataset) -> str:
    """Say how a fresh experiment did, part by part."""
    lines = [f"experiment {number}: {unbroken(experiment.name)}"]
    for part, accuracy in experiment.accuracy.items():
        count = sum(item.part == part for item in dataset.items)
        right = "–" if accuracy is None else f"{accuracy:.2%} right"
        lines.append(f"  {part:<12}{count:>8,} products  {right}")
    for place, level in enumerate(experiment.settings.get("levels", []), 1):
        right = "–" if level["accuracy"] is None else f"{level['accuracy']:.2%} right"
        name, nodes = f"level {place}", level["categories"]
        lines.append(
            f"  {name:<12}{nodes:>8,} categories  {right}, by chance {level['chance']:.2%}"
        )
    lines.append(f"  {experiment.seconds:.1f} s; see python analyze.py --experiment {number}")
    return "\n".join(lines)


def figures_text(judged: Sequence[Evaluation]) -> str:
    """For each experiment the block that users of the earlier system know, then what it lacks."""
    return "\n\n".join(_block(found) for found in judged) + "\n"


def figures_values(judged: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Lay out the same figures, unrounded, for --json."""
    return [
        {
            **dataclasses.asdict(found.experiment),
            "leaf": _values(found.figures.leaf),
            "parent": _values(found.figures.parent),
            "certified": certification_values(found.certification) if found.certification else None,
            "audit": dataclasses.asdict(found.audit) if found.audit else None,
        }
        for found in judged
    ]


def audit_lines(judged: Evaluation) -> Iterator[str]:
    """Tell what an audit has found, or what it waits for."""
    if judged.undecided:
        yield (
            f"  Audited accuracy: open; {judged.undecided:,} products of the sample wait for a "
            "decision"
        )
    if found := judged.audit:
        doubtful = f", {found.doubtful:,} of them ambiguous" if found.doubtful else ""
        yield (
            f"  Audited accuracy: {found.audited:.2%} {between(*found.audited_interval, 2)}; by "
            f"the labels as crawled {found.recorded:.2%}  ({found.sampled:,} of {found.total:,} "
            f"test products, chosen at random{doubtful})"
        )


def _block(judged: Evaluation) -> str:
    figures = judged.figures
    lines = [f"#{judged.experiment.id}: {unbroken(judged.experiment.name)}"]
    if told := depth_note(judged.experiment):
        lines.append(f"  {told}")
    for title, level in (("", figures.leaf), ("Parent ", figures.parent)):
        total = f" (N={level.total})" if not title else ""
        accuracy = f"{level.accuracy:.2%}" if level.total else "–"
        lines.append(f"  {title}Accuracy: {accuracy}{total}")
        lines += [
            f"  {title}{target:.0%} Accuracy Coverage: {found.share:.0%}"
            for target, found in level.coverage.items()
        ]
    if ": " in (model := model_name(judged.experiment)):
        lines.append(f"  Model of {unbroken(model)}")
    lines += [
        *_details(figures.leaf),
        *certification_text(judged.certification),
        *audit_lines(judged),
    ]
    if outside := novelty_note(judged.experiment):
        lines.append(f"  None of these categories: {outside}")
    return "\n".join(lines)


def _details(level: LevelAccuracy) -> Iterator[str]:
    low, high = level.interval
    yield f"  Accuracy, 95% interval: {low:.2%} to {high:.2%}"
    for target, found in level.coverage.items():
        if found.threshold is None:
            yield f"  {target:.0%} in detail: no threshold reaches it; a person checks all"
        else:
            yield (
                f"  {target:.0%} in detail: score >= {found.threshold} accepts "
                f"{found.accepted:,}, {found.accepted - found.right:,} of them wrong; "
                f"a person checks {level.total - found.accepted:,}"
            )
    yield "  (thresholds chosen in hindsight, on these very products: no promise for new ones)"


def _values(level: LevelAccuracy) -> Mapping[str, Any]:
    return {
        "accuracy": level.accuracy if level.total else None,
        "right": level.right,
        "total": level.total,
        "interval95": level.interval,
        "coverage": {
            f"{target:g}": {
                "share": found.share,
                "threshold": found.threshold,
                "accepted": found.accepted,
                "right": found.right,
            }
            for target, found in level.coverage.items()
        },
    }


def novelty_note(experiment: Summary) -> str | None:
    """Say how many are marked, and how well they are told apart; None where nobody asked."""
    found = experiment.settings.get("outside")
    if not isinstance(found, dict):
        return None
    values = {name: value for name, value in found.items() if isinstance(value, int | float)}
    if "marked" not in values:
        return None
    from_ = f" (score >= {values['threshold']:.4f})" if "threshold" in values else ""
    told = f"{values['marked']:,} test products marked{from_}"
    if "auroc" not in values:
        return f"{told}; how well they are told apart is unknown: no test product was left out"
    return (
        f"{told}; AUROC {values['auroc']:.3f} for {values.get('left_out', 0):,} test products of "
        f"categories left out (largest probability: {values.get('softmax_auroc', 0):.3f}), "
        f"{share(values.get('false_alarms'))} false alarms at 95% recall"
    )
