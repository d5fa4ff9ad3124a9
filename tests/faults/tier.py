"""How much a test of faults plays: little in CI, much in `make soak`, where the seed is printed."""

from __future__ import annotations

import os
import random
import sys


def tier(short: int, long: int) -> tuple[int, int]:
    """Return how often, and the seed; SOAK_SEED plays a soak again."""
    if "SOAK" not in os.environ:
        return short, 0
    seed = int(os.environ.get("SOAK_SEED", random.SystemRandom().randrange(2**32)))
    sys.stderr.write(f"SOAK_SEED={seed}\n")
    return long, seed
