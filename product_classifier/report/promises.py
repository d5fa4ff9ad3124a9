"""What can be promised of an experiment, as text for people and as plain values for programs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.evaluate.judgement import Judgement, Promise

HEIGHTS = ("leaf", "parent", "grandparent")
LABELLED = 20  # products, for one of the calibration part


def promises_text(judged: Judgement | None) -> Iterator[str]:
    """Write a line for each promise; None: an experiment without calibration rows."""
    if judged is None:
        yield "  certified coverage: none without calibration rows; run its categorizer once more"
        return
    heights = range(max(map(len, judged.levels.values()), default=0))
    for height in heights:
        title = f"{height_name(height).capitalize()} " if height else ""
        for target, promises in judged.levels.items():
            told = _promise(promises[height])
            yield f"  {title}{percent(target)} certified coverage: {told}"
    for target, promises in judged.deepest.items():
        yield f"  {percent(target)} certified, as deep as can be: {_deepest(promises)}"
    yield (
        f"  Calibration error of scores: {judged.after.ece:.2%} (ECE; {judged.before.ece:.2%} "
        f"before the temperature); AURC {judged.aurc:.4f}, AUGRC {judged.augrc:.4f}"
    )


def promises_values(judged: Judgement) -> Mapping[str, Any]:
    """Lay out the same, unrounded, for --json."""
    return {
        "levels": {f"{target:g}": _values(found) for target, found in judged.levels.items()},
        "deepest": {f"{target:g}": _values(found) for target, found in judged.deepest.items()},
        "ece": {
            "uncalibrated": _number(judged.before.ece),
            "calibrated": _number(judged.after.ece),
        },
        "aurc": _number(judged.aurc),
        "augrc": _number(judged.augrc),
    }


def height_name(height: int) -> str:
    """Name a height above the predicted leaf."""
    return HEIGHTS[height] if height < len(HEIGHTS) else f"{height} above the leaf"


def percent(share: float) -> str:
    """Write a share of few digits, such as 98% or 99.5%."""
    return f"{100 * share:g}%"


def _number(value: float) -> float | None:
    """Pass a number on; JSON has no nan."""
    return None if math.isnan(value) else value


def _promise(promise: Promise) -> str:
    kept, seen = promise.certificate, promise.tested
    if kept is None:
        return f"none  ({_why_not(promise)})"
    tests = "on test rows: none covered"
    if seen.accepted:
        tests = f"on test rows: {seen.accepted / seen.total:.0%} covered, {_right(promise)}"
    return (
        f"{kept.accepted / kept.total:.0%}  (score ≥ {kept.threshold:g}, holds with "
        f"{percent(kept.confidence)} confidence; {tests})"
    )


def _why_not(promise: Promise) -> str:
    have = f"{promise.calibrated:,} calibration products"
    if promise.needed is None:
        return f"{have} give no hope of it, too few or too often wrong"
    more = (promise.needed - promise.calibrated) * LABELLED
    rough = 10 ** max(len(str(more)) - 2, 0)
    more = math.ceil(more / rough) * rough
    return f"{have} are too few; about {more:,} more labelled products would do"


def _right(promise: Promise) -> str:
    seen = promise.tested
    low, high = seen.interval
    return f"{seen.right / seen.accepted:.1%} right [{100 * low:.1f}, {100 * high:.1f}]"


def _deepest(promises: Sequence[Promise]) -> str:
    answered = [
        f"{height_name(height)} {promise.tested.accepted / promise.tested.total:.0%} "
        f"({_right(promise)})"
        for height, promise in enumerate(promises)
        if promise.tested.accepted
    ]
    total = promises[0].tested.total if promises else 0
    left = total - sum(promise.tested.accepted for promise in promises)
    return ", ".join([*answered, f"a person {left / total:.0%}" if total else "no test rows"])


def _values(promises: Sequence[Promise]) -> list[dict[str, Any]]:
    return [
        {"height": height, **dataclasses.asdict(promise)} for height, promise in enumerate(promises)
    ]
