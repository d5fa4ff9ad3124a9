"""Requirements on the metrics of an experiment, such as coverage98>=0.5 (analyze.py --require)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from product_classifier.errors import ReportError

if TYPE_CHECKING:  # options/ imports this file and must not wait for SciPy
    from product_classifier.evaluate.certification import Evaluation

COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
FORM = re.compile(r"\s*([a-z_]+[\d.]*)\s*(>=|<=|>|<)\s*(\d*\.?\d+)\s*")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A metric, a comparison and the number to compare with."""

    metric: str
    comparison: str
    number: float

    def is_met(self, value: float) -> bool:
        """Return whether a value of the metric meets the requirement; nan never does."""
        return COMPARED[self.comparison](value, self.number)


def requirement(text: str) -> Requirement:
    """Return the requirement of a text such as coverage98>=0.5, or raise ValueError."""
    match = FORM.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not of the form coverage98>=0.5")
    return Requirement(match[1], match[2], float(match[3]))


def metrics(evaluation: Evaluation) -> dict[str, float]:
    """Return the metrics that can be required, by name: shares, 0 to 1."""
    figures, certification = evaluation.figures, evaluation.certification
    values = {"accuracy": figures.leaf.accuracy, "parent_accuracy": figures.parent.accuracy}
    for target, hindsight in figures.leaf.coverage.items():
        values[f"coverage{100 * target:g}"] = hindsight.share
    for target, (leaf, *_) in (certification.levels if certification else {}).items():
        certificate = leaf.certificate
        share = certificate.accepted / certificate.total if certificate else 0.0
        values[f"certified{100 * target:g}"] = share
    return values


def unmet(requirement: Requirement, values: Mapping[str, float]) -> str | None:
    """Return how a requirement is missed, None if it is met.

    Raises ReportError for an unknown metric.
    """
    if requirement.metric not in values:
        raise ReportError(
            f"there is no metric {requirement.metric}; the metrics are {', '.join(values)}"
        )
    value = values[requirement.metric]
    if requirement.is_met(value):
        return None
    return (
        f"{requirement.metric} is {value:.4g}, not {requirement.comparison} {requirement.number:g}"
    )
