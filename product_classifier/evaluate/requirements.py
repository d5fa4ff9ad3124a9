"""What experiments must reach, such as coverage98>=0.5, for programs that stop when they do not."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from product_classifier.errors import ReportError

if TYPE_CHECKING:  # read by options, which must not wait for SciPy
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
    """A metric and the number that it is compared with."""

    metric: str
    comparison: str
    number: float

    def is_met(self, value: float) -> bool:
        """Compare; nan meets nothing."""
        return COMPARED[self.comparison](value, self.number)


def requirement(text: str) -> Requirement:
    """Read one. Raises ValueError where it has another form."""
    match = FORM.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not of the form coverage98>=0.5")
    return Requirement(match[1], match[2], float(match[3]))


def metrics(judged: Evaluation) -> dict[str, float]:
    """Name the figures that can be required: shares, 0 to 1."""
    figures, certification = judged.figures, judged.certification
    found = {"accuracy": figures.leaf.accuracy, "parent_accuracy": figures.parent.accuracy}
    for target, hindsight in figures.leaf.coverage.items():
        found[f"coverage{100 * target:g}"] = hindsight.share
    for target, (leaf, *_) in (certification.levels if certification else {}).items():
        kept = leaf.certificate
        found[f"certified{100 * target:g}"] = kept.accepted / kept.total if kept else 0.0
    return found


def unmet(requirement: Requirement, found: Mapping[str, float]) -> str | None:
    """Say how a requirement is missed, or nothing. Raises ReportError for an unknown metric."""
    if requirement.metric not in found:
        raise ReportError(f"there is no {requirement.metric} to require, but {', '.join(found)}")
    value = found[requirement.metric]
    if requirement.is_met(value):
        return None
    return (
        f"{requirement.metric} is {value:.4g}, not {requirement.comparison} {requirement.number:g}"
    )
