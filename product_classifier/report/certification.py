"""What can be promised of an experiment, as text for people and as plain values for programs."""

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
from product_classifier.report.wording import between, known, percent

HEIGHTS = ("leaf", "parent", "grandparent")
LABELLED = 20  # products, for one of the calibration part


def certification_text(judged: Certification | None) -> Iterator[str]:
    """Write a line for each promise; None: an experiment without calibration rows."""
    if judged is None:
        yield "  certified coverage: none without calibration rows; run its categorizer once more"
        return
    targets = list(judged.levels)
    for height, promises in enumerate(zip(*judged.levels.values(), strict=True)):
        title = f"{height_name(height).capitalize()} " if height else ""
        if height and promises[0].calibrated < FEWEST_TO_HOPE:
            continue  # few paths are so long
        for target, promise in zip(targets, promises, strict=True):
            if kept := promise.certificate:
                told = _promise(kept, judged.levels[target][0].calibrated, promise.tested)
                yield f"  {title}{percent(target)} certified coverage: {told}"
        missing = {t: p for t, p in zip(targets, promises, strict=True) if not p.certificate}
        if missing:
            named = " and ".join(map(percent, missing))
            yield f"  {title}{named} certified coverage: none  ({why_not(missing)})"
    for target, deepest in judged.deepest.items():
        yield f"  {percent(target)} certified, as deep as can be: {_deepest(deepest)}"
    yield (
        f"  Calibration error of scores: {judged.after.ece:.2%} (ECE; {judged.before.ece:.2%} "
        f"before the temperature); AURC {judged.aurc:.4f}, AUGRC {judged.augrc:.4f}"
    )
    if judged.rule_costs:
        yield f"  Cost per product: {'; '.join(map(_price, judged.rule_costs))}"


def certification_values(judged: Certification) -> Mapping[str, Any]:
    """Lay out the same, unrounded, for --json."""
    return {
        "levels": {f"{target:g}": _values(found) for target, found in judged.levels.items()},
        "deepest": {f"{target:g}": _values(found) for target, found in judged.deepest.items()},
        "ece": {
            "uncalibrated": known(judged.before.ece),
            "calibrated": known(judged.after.ece),
        },
        "aurc": known(judged.aurc),
        "augrc": known(judged.augrc),
        "prices": [
            {
                "target": price.target,
                "threshold": price.cost.threshold,
                "mean": known(price.cost.mean),
                "interval95": [known(price.cost.low), known(price.cost.high)],
                "best": price.best,
            }
            for price in judged.rule_costs
        ],
    }


def why_not(missing: Mapping[float, LevelCertification]) -> str:
    """Say why some targets are not certified, and how many more products would do."""
    have = next(iter(missing.values())).calibrated
    more = {}
    for target, promise in missing.items():
        if promise.needed:
            labelled = (promise.needed - have) * LABELLED
            rough = 10 ** max(len(str(labelled)) - 2, 0)
            more[target] = f"{math.ceil(labelled / rough) * rough:,} for {percent(target)}"
    if more:
        would_do = f"more labelled products that would do: about {', '.join(more.values())}"
    else:
        would_do = "too few, or too many of the surest wrong, to tell how many would do"
    return f"{have:,} calibration products; {would_do}"


def rule_name(price: RuleCost) -> str:
    """Name the rule that a price is for."""
    rules = {1.0: "if a person checks all", 0.0: "if nobody checks"}
    return rules.get(price.target, f"at {percent(price.target)} certified")


def height_name(height: int) -> str:
    """Name a height above the predicted leaf."""
    return HEIGHTS[height] if height < len(HEIGHTS) else f"{height} above the leaf"


def _promise(kept: Certificate, calibrated: int, tested: ThresholdResult) -> str:
    tests = "none covered"
    if tested.accepted:
        tests = f"{tested.accepted / tested.total:.0%} covered, {_right(tested)}"
    return (
        f"{kept.accepted / calibrated:.0%}  (score ≥ {kept.threshold:g}, holds with "
        f"{percent(kept.confidence)} confidence; on test rows: {tests})"
    )


def _right(tested: ThresholdResult) -> str:
    return f"{tested.right / tested.accepted:.1%} right {between(*tested.interval, 1)}"


def _deepest(promises: Sequence[LevelCertification]) -> str:
    answered = [
        f"{height_name(height)} {promise.tested.accepted / promise.tested.total:.0%} "
        f"({_right(promise.tested)})"
        for height, promise in enumerate(promises)
        if promise.tested.accepted
    ]
    total = promises[0].tested.total if promises else 0
    left = total - sum(promise.tested.accepted for promise in promises)
    return ", ".join([*answered, f"a person {left / total:.0%}" if total else "no test rows"])


def _price(price: RuleCost) -> str:
    best = ", the lowest by the calibration rows" if price.best else ""
    cost = price.cost
    return f"{cost.mean:.4g} [{cost.low:.4g}, {cost.high:.4g}] {rule_name(price)}{best}"


def _values(promises: Sequence[LevelCertification]) -> list[dict[str, Any]]:
    return [
        {"height": height, **dataclasses.asdict(promise)} for height, promise in enumerate(promises)
    ]
