"""Experiments, their accuracy, audit and novelty detection, as text and as values for --json."""

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
    """Return the accuracy of a new experiment on each part of the split."""
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


def figures_text(evaluations: Sequence[Evaluation]) -> str:
    """Return a block for each experiment, beginning with the lines of the earlier system."""
    return "\n\n".join(_block(evaluation) for evaluation in evaluations) + "\n"


def figures_values(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Return the figures of experiments, unrounded, for --json."""
    return [
        {
            **dataclasses.asdict(evaluation.experiment),
            "leaf": _values(evaluation.figures.leaf),
            "parent": _values(evaluation.figures.parent),
            "certified": certification_values(evaluation.certification)
            if evaluation.certification
            else None,
            "audit": dataclasses.asdict(evaluation.audit) if evaluation.audit else None,
        }
        for evaluation in evaluations
    ]


def audit_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield the result of an audit, or the number of decisions that are missing."""
    if evaluation.undecided:
        yield (
            f"  Audited accuracy: open; {evaluation.undecided:,} products of the sample are "
            "undecided"
        )
    if audit := evaluation.audit:
        doubtful = f", {audit.doubtful:,} of them ambiguous" if audit.doubtful else ""
        yield (
            f"  Audited accuracy: {audit.audited:.2%} {between(*audit.audited_interval, 2)}; by "
            f"the labels as crawled {audit.recorded:.2%}  ({audit.sampled:,} of {audit.total:,} "
            f"test products, chosen at random{doubtful})"
        )


def _block(evaluation: Evaluation) -> str:
    figures = evaluation.figures
    lines = [f"#{evaluation.experiment.id}: {unbroken(evaluation.experiment.name)}"]
    if note := depth_note(evaluation.experiment):
        lines.append(f"  {note}")
    for title, level in (("", figures.leaf), ("Parent ", figures.parent)):
        total = f" (N={level.total})" if not title else ""
        accuracy = f"{level.accuracy:.2%}" if level.total else "–"
        lines.append(f"  {title}Accuracy: {accuracy}{total}")
        lines += [
            f"  {title}{target:.0%} Accuracy Coverage: {coverage.share:.0%}"
            for target, coverage in level.coverage.items()
        ]
    if ": " in (model := model_name(evaluation.experiment)):
        lines.append(f"  Model of {unbroken(model)}")
    lines += [
        *_details(figures.leaf),
        *certification_text(evaluation.certification),
        *audit_lines(evaluation),
    ]
    if novelty := novelty_note(evaluation.experiment):
        lines.append(f"  Novelty: {novelty}")
    return "\n".join(lines)


def _details(level: LevelAccuracy) -> Iterator[str]:
    low, high = level.interval
    yield f"  Accuracy, 95% interval: {low:.2%} to {high:.2%}"
    for target, coverage in level.coverage.items():
        if coverage.threshold is None:
            yield f"  {target:.0%} in detail: no threshold reaches it; a person checks all"
        else:
            yield (
                f"  {target:.0%} in detail: score >= {coverage.threshold} accepts "
                f"{coverage.accepted:,}, {coverage.accepted - coverage.right:,} of them wrong; "
                f"a person checks {level.total - coverage.accepted:,}"
            )
    yield "  (thresholds chosen in hindsight on these products: no guarantee for new ones)"


def _values(level: LevelAccuracy) -> Mapping[str, Any]:
    return {
        "accuracy": level.accuracy if level.total else None,
        "right": level.right,
        "total": level.total,
        "interval95": level.interval,
        "coverage": {
            f"{target:g}": {
                "share": coverage.share,
                "threshold": coverage.threshold,
                "accepted": coverage.accepted,
                "right": coverage.right,
            }
            for target, coverage in level.coverage.items()
        },
    }


def novelty_note(experiment: Summary) -> str | None:
    """Return the result of novelty detection, None for an experiment without it."""
    settings = experiment.settings.get("outside")
    if not isinstance(settings, dict):
        return None
    values = {name: value for name, value in settings.items() if isinstance(value, int | float)}
    if "marked" not in values:
        return None
    threshold = f" (score >= {values['threshold']:.4f})" if "threshold" in values else ""
    marked = f"{values['marked']:,} test products marked{threshold}"
    if "auroc" not in values:
        return f"{marked}; AUROC unknown: no test product is of a left-out category"
    return (
        f"{marked}; AUROC {values['auroc']:.3f} for {values.get('left_out', 0):,} test products of "
        f"left-out categories (by largest probability: {values.get('softmax_auroc', 0):.3f}), "
        f"{share(values.get('false_alarms'))} false alarms at 95% recall"
    )
