"""Certified coverage in simulated catalogues, beside the threshold that is chosen in hindsight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row
from product_classifier.evaluate.certificate import certify
from product_classifier.evaluate.coverage import coverage
from product_classifier.evaluate.hierarchy import accepted, certify_heights
from tests.evaluate.simulated import LABEL_NOISE, SHAPES, Products, products

CATALOGUES, EVERYBODY, DELTA = 500, 200_000, 0.05
LUCK = 2 * (DELTA * (1 - DELTA) / CATALOGUES) ** 0.5
GIVEN_UP = {0.95: 0.04, 0.98: 0.09}  # coverage, at most


class Found(NamedTuple):
    """The true accuracies of a rule's thresholds, over all simulated catalogues of a shape."""

    broken: float  # share of catalogues whose accepted products are right less often than promised
    coverage: float  # mean


def run(shared: Path) -> Iterator[Row]:
    """Simulate calibration parts of two sizes, and judge thresholds by all products there are."""
    for count in (1000, 5000):
        for target in (0.95, 0.98):
            yield from thresholds(count, target)
            yield from deepest(count, target)


def thresholds(count: int, target: float) -> Iterator[Row]:
    """Certify, and choose in hindsight, from the same products."""
    found = {}
    for noise, names in ((0.0, SHAPES), (LABEL_NOISE, ("two kinds",))):
        for shape in names:
            found[shape, noise] = simulated(shape, noise, count, target)
    label = f"{count:,} calibration products, {target:.0%}"
    worst = max(found, key=lambda key: found[key][0].broken)
    ours, hindsight, _ = found[worst]
    yield Row(
        f"{label}: broken promises",
        f"{ours.broken:.1%}",
        f"in hindsight {hindsight.broken:.0%}",
        f"<= {DELTA + LUCK:.1%}",
        ours.broken <= DELTA + LUCK,
    )
    clean = [figures for (_, noise), figures in found.items() if not noise]
    mean = float(np.mean([best - ours.coverage for ours, _, best in clean]))
    bar = GIVEN_UP[target] if count == 5000 else None
    yield Row(
        "  … coverage given up, mean of shapes",
        f"{100 * mean:.1f} points",
        f"of {np.mean([best for *_, best in clean]):.1%}",
        f"<= {100 * bar:.0f} points" if bar else "reported",
        mean <= bar if bar else None,
    )
    ours, _, best = found["two kinds", LABEL_NOISE]
    yield Row(
        f"  … where {LABEL_NOISE:.0%} of the labels are wrong",
        f"{100 * (best - ours.coverage):.1f} points",
        f"of {best:.1%}",
        "reported",
    )


def simulated(shape: str, noise: float, count: int, target: float) -> tuple[Found, Found, float]:
    """Judge both rules on a shape; also returns the largest coverage that keeps the target."""
    everybody = products(shape, np.random.default_rng(0), EVERYBODY, noise)
    score, chance = everybody.score[:, 0], everybody.chance[:, 0]
    covered = np.zeros((CATALOGUES, 2))
    broken = np.zeros((CATALOGUES, 2), dtype=bool)
    for catalogue in range(CATALOGUES):
        rng = np.random.default_rng([catalogue, count])
        some = products(shape, rng, count, noise)
        right = some.drawn(rng)[:, 0]
        kept = certify(some.score[:, 0], right, target, 1 - DELTA)
        threshold = kept.threshold if kept else None
        for k, lowest in enumerate(
            (threshold, coverage(some.score[:, 0], right, target).threshold)
        ):
            if lowest is not None:
                chosen = score >= lowest
                covered[catalogue, k] = chosen.mean()
                broken[catalogue, k] = chance[chosen].mean() < target
    ours, hindsight = (
        Found(float(broken[:, k].mean()), float(covered[:, k].mean())) for k in range(2)
    )
    order = np.argsort(-score)
    kept_to = np.cumsum(chance[order]) >= target * np.arange(1, EVERYBODY + 1)
    return ours, hindsight, (int(np.flatnonzero(kept_to).max(initial=-1)) + 1) / EVERYBODY


def deepest(count: int, target: float) -> Iterator[Row]:
    """Answer at the leaf, else at its parent; a promise is broken at a height of its own."""
    worst, fewer = 0.0, 0
    for shape in SHAPES:
        everybody = products(shape, np.random.default_rng(0), EVERYBODY)
        broken = np.zeros((CATALOGUES, 2), dtype=bool)
        for catalogue in range(CATALOGUES):
            rng = np.random.default_rng([catalogue, count])
            some = products(shape, rng, count)
            kept = certify_heights(some.score, some.drawn(rng), target, 1 - DELTA, leftover=True)
            answered = accepted(everybody.score, kept, leftover=True)
            alone = accepted(everybody.score, kept[:1], leftover=True)
            broken[catalogue] = accuracies(everybody, answered) < target
            fewer += int(answered.sum() < alone.sum())
        worst = max(worst, float(broken.mean(axis=0).max()))
    yield Row(
        "  … broken promises of the deepest answer, each height",
        f"{worst:.1%}",
        "",
        f"<= {DELTA + LUCK:.1%}",
        worst <= DELTA + LUCK,
    )
    yield Row("  … answers fewer than the leaf alone", str(fewer), "", "0", fewer == 0)


def accuracies(everybody: Products, answered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Compute the accuracy of the answers at each height, 1 where there are none."""
    right = (everybody.chance * answered).sum(axis=0)
    return np.where(answered.any(axis=0), right / np.maximum(answered.sum(axis=0), 1), 1.0)
