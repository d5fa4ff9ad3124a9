"""Reproducible streams of random numbers, which depend on names and seeds alone.

`random.Random` with an integer seed gives the same numbers in every process and Python version;
Python's own hash() does not.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def number_of(*names: object) -> int:
    """Return a 64-bit hash of the names."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def stream(*names: object) -> random.Random:
    """Return a random generator seeded by the names."""
    return random.Random(number_of(*names))


def pick(rng: random.Random, weights: Mapping[T, float]) -> T:
    """Return a random key, with its value as weight."""
    point = rng.random() * sum(weights.values())
    for key, weight in weights.items():
        point -= weight
        if point < 0:
            return key
    return next(reversed(list(weights)))


def some(rng: random.Random, choices: Sequence[T], most: int) -> list[T]:
    """Return up to `most` different choices in random order."""
    return rng.sample(list(choices), min(most, len(choices)))
