"""The time of --help of each script, beside the time to import NumPy; median of warm runs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.common import ROOT, Row

TURNS = 5
NUMPY = ("-c", "import numpy")


def run(shared: Path) -> Iterator[Row]:
    """Start each script in turns with NumPy, so that both see the same machine."""
    for script in sorted(ROOT.glob("*.py")):
        command = (str(script), "--help")
        seconds(NUMPY), seconds(command)  # to warm up
        turns = [(seconds(command), seconds(NUMPY)) for _ in range(TURNS)]
        ours, numpy = (median(column) for column in zip(*turns, strict=True))
        yield Row(
            f"{script.name} --help",
            f"{ours * 1000:.0f} ms",
            f"{numpy * 1000:.0f} ms (import numpy)",
            "at most the same",
            ours <= numpy,
        )


def seconds(arguments: Sequence[str]) -> float:
    """Return the time that Python takes with these arguments."""
    started = time.monotonic()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - started
