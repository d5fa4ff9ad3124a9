"""Certified coverage of an experiment, as text and as plain values for --json."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.evaluate.certificate import FEWEST_TO_HOPE
from product_classifier.evaluate.certification import (
    Certification,
    LevelCertification,
    RuleCost,
    ThresholdResult,
)
from product_classifier.predictions import Certificate
from product_classifier.report.wording import between, percent, without_nan

HEIGHTS = ("leaf", "parent", "grandparent")
LABELLED = 20  # labelled products for each product of the calibration part


def certification_text(certification: Certification | None) -> Iterator[str]:
    """Yield a line for each certificate; None: an experiment without calibration rows."""
    if certification is None:
        yield "  certified coverage: unknown without calibration rows; categorize again"
        return
    targets = list(certification.levels)
    for height, levels in enumerate(zip(*certification.levels.values(), strict=True)):
        title = f"{height_name(height).capitalize()} " if height else ""
        if height and levels[0].calibrated < FEWEST_TO_HOPE:
            continue  # few paths are that long
        for target, level in zip(targets, levels, strict=True):
            if certificate := level.certificate:
                text = _certified(
                    certificate, certification.levels[target][0].calibrated, level.tested
                )
                yield f"  {title}{percent(target)} certified coverage: {text}"
        missing = {t: p for t, p in zip(targets, levels, strict=True) if not p.certificate}
        if missing:
            named = " and ".join(map(percent, missing))
            yield f"  {title}{named} certified coverage: none  ({why_not(missing)})"
    for target, deepest in certification.deepest.items():
        yield f"  {percent(target)} certified, as deep as possible: {_deepest(deepest)}"
    yield (
        f"  Calibration error of scores: {certification.after.ece:.2%} (ECE; "
        f"{certification.before.ece:.2%} before temperature scaling); "
        f"AURC {certification.aurc:.4f}, AUGRC {certification.augrc:.4f}"
    )
    if certification.rule_costs:
        yield f"  Cost per product: {'; '.join(map(_price, certification.rule_costs))}"


def certification_values(certification: Certification) -> Mapping[str, Any]:
    """Return the certificates, calibration and costs, unrounded, for --json."""
    return {
        "levels": {
            f"{target:g}": _level_values(levels) for target, levels in certification.levels.items()
        },
        "deepest": {
            f"{target:g}": _level_values(levels) for target, levels in certification.deepest.items()
        },
        "ece": {
            "uncalibrated": without_nan(certification.before.ece),
            "calibrated": without_nan(certification.after.ece),
        },
        "aurc": without_nan(certification.aurc),
        "augrc": without_nan(certification.augrc),
        "prices": [
            {
                "target": price.target,
                "threshold": price.cost.threshold,
                "mean": without_nan(price.cost.mean),
                "interval95": [without_nan(price.cost.low), without_nan(price.cost.high)],
                "best": price.best,
            }
            for price in certification.rule_costs
        ],
    }


def why_not(missing: Mapping[float, LevelCertification]) -> str:
    """Return why some targets are not certified, and how many more products would suffice."""
    have = next(iter(missing.values())).calibrated
    more = {}
    for target, level in missing.items():
        if level.needed:
            labelled = (level.needed - have) * LABELLED
            rough = 10 ** max(len(str(labelled)) - 2, 0)
            more[target] = f"{math.ceil(labelled / rough) * rough:,} for {percent(target)}"
    if more:
        sufficient = f"more labelled products that would suffice: about {', '.join(more.values())}"
    else:
        sufficient = "too few, or too many wrong at high scores, to estimate how many suffice"
    return f"{have:,} calibration products; {sufficient}"


def rule_name(price: RuleCost) -> str:
    """Return the name of the filing rule that a cost is for."""
    rules = {1.0: "if a person checks all", 0.0: "if nobody checks"}
    return rules.get(price.target, f"at {percent(price.target)} certified")


def height_name(height: int) -> str:
    """Return the name of a height above the predicted leaf."""
    return HEIGHTS[height] if height < len(HEIGHTS) else f"{height} above the leaf"


def _certified(certificate: Certificate, calibrated: int, tested: ThresholdResult) -> str:
    tests = "none covered"
    if tested.accepted:
        tests = f"{tested.accepted / tested.total:.0%} covered, {_right(tested)}"
    return (
        f"{certificate.accepted / calibrated:.0%}  (score ≥ {certificate.threshold:g}, holds with "
        f"{percent(certificate.confidence)} confidence; on test rows: {tests})"
    )


def _right(tested: ThresholdResult) -> str:
    return f"{tested.right / tested.accepted:.1%} right {between(*tested.interval, 1)}"


def _deepest(levels: Sequence[LevelCertification]) -> str:
    answered = [
        f"{height_name(height)} {level.tested.accepted / level.tested.total:.0%} "
        f"({_right(level.tested)})"
        for height, level in enumerate(levels)
        if level.tested.accepted
    ]
    total = levels[0].tested.total if levels else 0
    left = total - sum(level.tested.accepted for level in levels)
    return ", ".join([*answered, f"a person {left / total:.0%}" if total else "no test rows"])


def _price(price: RuleCost) -> str:
    best = ", the lowest by the calibration rows" if price.best else ""
    cost = price.cost
    return f"{cost.mean:.4g} [{cost.low:.4g}, {cost.high:.4g}] {rule_name(price)}{best}"


def _level_values(levels: Sequence[LevelCertification]) -> list[dict[str, Any]]:
    return [{"height": height, **dataclasses.asdict(level)} for height, level in enumerate(levels)]
