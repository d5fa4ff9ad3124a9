"""The size of tests of faults: small in CI, large in `make soak`, which prints the seed."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
SOAK = "SOAK" in os.environ


def thinned(cases: Iterable[T], step: int) -> list[T]:
    """Return each step-th case, and all of them in `make soak`."""
    return list(cases)[:: 1 if SOAK else step]


def tier(short: int, long: int) -> tuple[int, int]:
    """Return the number of cases and the seed; SOAK_SEED repeats a soak."""
    if not SOAK:
        return short, 0
    seed = int(os.environ.get("SOAK_SEED", random.SystemRandom().randrange(2**32)))
    sys.stderr.write(f"SOAK_SEED={seed}\n")
    return long, seed
