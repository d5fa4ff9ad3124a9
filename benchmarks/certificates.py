"""Certified coverage in simulated catalogues, beside thresholds chosen in hindsight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row
from product_classifier.evaluate.certificate import accepted, certify, certify_heights
from product_classifier.evaluate.coverage import coverage
from tests.evaluate.simulated import LABEL_NOISE, SHAPES, Products, products

CATALOGUES, POPULATION, DELTA = 500, 200_000, 0.05
LUCK = 2 * (DELTA * (1 - DELTA) / CATALOGUES) ** 0.5
GIVEN_UP = {0.95: 0.04, 0.98: 0.09}  # coverage, at most


class Outcome(NamedTuple):
    """The true performance of a rule's thresholds over all simulated catalogues of a shape."""

    broken: float  # share of catalogues whose accepted products miss the target accuracy
    coverage: float  # mean


def run(shared: Path) -> Iterator[Row]:
    """Simulate calibration parts of two sizes, and evaluate thresholds on the whole population."""
    for count in (1000, 5000):
        for target in (0.95, 0.98):
            yield from thresholds(count, target)
            yield from deepest(count, target)


def thresholds(count: int, target: float) -> Iterator[Row]:
    """Compare certified thresholds with those chosen in hindsight on the same products."""
    outcomes = {}
    for noise, names in ((0.0, SHAPES), (LABEL_NOISE, ("two kinds",))):
        for shape in names:
            outcomes[shape, noise] = simulated(shape, noise, count, target)
    label = f"{count:,} calibration products, {target:.0%}"
    worst = max(outcomes, key=lambda key: outcomes[key][0].broken)
    ours, hindsight, _ = outcomes[worst]
    yield Row(
        f"{label}: broken promises",
        f"{ours.broken:.1%}",
        f"in hindsight {hindsight.broken:.0%}",
        f"<= {DELTA + LUCK:.1%}",
        ours.broken <= DELTA + LUCK,
    )
    clean = [figures for (_, noise), figures in outcomes.items() if not noise]
    mean = float(np.mean([best - ours.coverage for ours, _, best in clean]))
    bar = GIVEN_UP[target] if count == 5000 else None
    yield Row(
        "  … coverage given up, mean of shapes",
        f"{100 * mean:.1f} points",
        f"of {np.mean([best for *_, best in clean]):.1%}",
        f"<= {100 * bar:.0f} points" if bar else "reported",
        mean <= bar if bar else None,
    )
    ours, _, best = outcomes["two kinds", LABEL_NOISE]
    yield Row(
        f"  … where {LABEL_NOISE:.0%} of the labels are wrong",
        f"{100 * (best - ours.coverage):.1f} points",
        f"of {best:.1%}",
        "reported",
    )


def simulated(
    shape: str, noise: float, count: int, target: float
) -> tuple[Outcome, Outcome, float]:
    """Return the outcomes of both rules on a shape, and the largest coverage at the target."""
    population = products(shape, np.random.default_rng(0), POPULATION, noise)
    score, chance = population.score[:, 0], population.chance[:, 0]
    covered = np.zeros((CATALOGUES, 2))
    broken = np.zeros((CATALOGUES, 2), dtype=bool)
    for catalogue in range(CATALOGUES):
        rng = np.random.default_rng([catalogue, count])
        sample = products(shape, rng, count, noise)
        right = sample.drawn(rng)[:, 0]
        certificate = certify(sample.score[:, 0], right, target, 1 - DELTA)
        threshold = certificate.threshold if certificate else None
        for k, lowest in enumerate(
            (threshold, coverage(sample.score[:, 0], right, target).threshold)
        ):
            if lowest is not None:
                chosen = score >= lowest
                covered[catalogue, k] = chosen.mean()
                broken[catalogue, k] = chance[chosen].mean() < target
    ours, hindsight = (
        Outcome(float(broken[:, k].mean()), float(covered[:, k].mean())) for k in range(2)
    )
    order = np.argsort(-score)
    on_target = np.cumsum(chance[order]) >= target * np.arange(1, POPULATION + 1)
    return ours, hindsight, (int(np.flatnonzero(on_target).max(initial=-1)) + 1) / POPULATION


def deepest(count: int, target: float) -> Iterator[Row]:
    """Evaluate predictions at the leaf or else at its parent, each height by itself."""
    worst, fewer = 0.0, 0
    for shape in SHAPES:
        population = products(shape, np.random.default_rng(0), POPULATION)
        broken = np.zeros((CATALOGUES, 2), dtype=bool)
        for catalogue in range(CATALOGUES):
            rng = np.random.default_rng([catalogue, count])
            sample = products(shape, rng, count)
            certificates = certify_heights(
                sample.score, sample.drawn(rng), target, 1 - DELTA, leftover=True
            )
            answered = accepted(population.score, certificates, leftover=True)
            alone = accepted(population.score, certificates[:1], leftover=True)
            broken[catalogue] = accuracies(population, answered) < target
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


def accuracies(population: Products, answered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the accuracy of the accepted predictions at each height, 1 if there are none."""
    right = (population.chance * answered).sum(axis=0)
    return np.where(answered.any(axis=0), right / np.maximum(answered.sum(axis=0), 1), 1.0)
