"""Simulated catalogues whose truth is known: scores, and how probable it is that they are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Products(NamedTuple):
    """Products of a catalogue, [n, heights]: the leaf and its parent."""

    score: Floats
    chance: Floats  # of being right, whatever the score says

    def drawn(self, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Draw which predictions are right; if a leaf is right, so is its parent."""
        return rng.random((len(self.chance), 1)) < self.chance


def _clear(rng: np.random.Generator, count: int) -> Floats:
    return 1 / (1 + np.exp(-rng.normal(4, 2.6, count)))


def _two_kinds(rng: np.random.Generator, count: int) -> Floats:
    easy = rng.random(count) < 0.7
    return np.where(easy, rng.beta(60, 0.6, count), rng.beta(3, 2, count))


def _vague(rng: np.random.Generator, count: int) -> Floats:
    return rng.beta(5, 0.62, count)


SHAPES: dict[str, Callable[[np.random.Generator, int], tuple[Floats, Floats]]] = {
    "clear": lambda rng, count: (chance := _clear(rng, count), chance),
    "two kinds": lambda rng, count: (chance := _two_kinds(rng, count), chance),
    "vague": lambda rng, count: (chance := _vague(rng, count), chance),
    "overconfident": lambda rng, count: ((chance := _clear(rng, count)) ** 0.3, chance),
    "with ties": lambda rng, count: (np.round(chance := _two_kinds(rng, count), 2), chance),
    "noisy score": lambda rng, count: (
        np.clip((chance := _clear(rng, count)) + rng.normal(0, 0.02, count), 0, 1),
        chance,
    ),
}
LABEL_NOISE = 0.01  # of an additional shape: even the surest predictions meet wrong labels


def products(shape: str, rng: np.random.Generator, count: int, noise: float = 0.0) -> Products:
    """Draw products; the margin of a parent's score over its leaf's differs between products."""
    score, chance = SHAPES[shape](rng, count)
    closer = rng.beta(2, 1, count)
    return Products(
        np.column_stack([score, score + (1 - score) * closer]),
        (1 - noise) * np.column_stack([chance, chance + (1 - chance) * closer]),
    )
