"""Risk against coverage over all thresholds: how well a score ranks errors last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The products that each threshold accepts, strictest first; [distinct scores] each.

    Coverage is accepted / accepted[-1], and risk is wrong / accepted.
    """

    threshold: NDArray[np.float64]  # accept where score >= this
    accepted: NDArray[np.int64]
    wrong: NDArray[np.int64]  # among the accepted


def risk_coverage(score: NDArray[np.float64], right: NDArray[np.bool_]) -> RiskCoverage:
    """Return the accepted and the wrong products at each distinct score.

    score: [n]. right: [n]. Products of equal score are one point.
    """
    negated, tie = np.unique(-score, return_inverse=True)
    wrong = np.bincount(tie[~right], minlength=len(negated))
    return RiskCoverage(-negated, np.cumsum(np.bincount(tie)), np.cumsum(wrong))


def aurc(curve: RiskCoverage) -> float:
    """Return the average of (errors in the top k) / k over k = 1..n; nan without products.

    0 to 1, lower is better (Geifman et al., arXiv 1805.08206). The errors of a tie are spread
    evenly over it: their mean over all its orders. Approximate for a thinned curve.
    """
    errors = _errors(curve)
    return float(np.mean(errors / np.arange(1, len(errors) + 1))) if len(errors) else float("nan")


def augrc(curve: RiskCoverage) -> float:
    """Return the average of (errors in the top k) / n over k = 1..n; nan without products.

    0 to 1, lower is better (Traub et al., arXiv 2407.01032). Ties and thinned curves as in aurc.
    """
    errors = _errors(curve)
    return float(np.mean(errors) / len(errors)) if len(errors) else float("nan")


def thin(curve: RiskCoverage, points: int) -> RiskCoverage:
    """Return at most `points` points, evenly spaced in coverage, with the first and the last.

    points: 2 or more.
    """
    if len(curve.accepted) <= points:
        return curve
    wanted = np.linspace(curve.accepted[0], curve.accepted[-1], points)
    places = np.unique(np.searchsorted(curve.accepted, wanted))
    return RiskCoverage(curve.threshold[places], curve.accepted[places], curve.wrong[places])


def _errors(curve: RiskCoverage) -> NDArray[np.float64]:
    """Count the errors in the top k for k = 1..n, linearly within ties: [n]."""
    accepted, wrong = np.append(0, curve.accepted), np.append(0, curve.wrong)
    errors: NDArray[np.float64] = np.interp(np.arange(1, accepted[-1] + 1), accepted, wrong)
    return errors
