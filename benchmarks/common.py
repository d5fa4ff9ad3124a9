"""Shared parts of the benchmarks: rows of the table, a peer, and measuring a process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.records import Product
from product_classifier.sources.formats import SourceOptions, open_source

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Row:
    """A figure beside its peer."""

    figure: str
    ours: str
    peer: str
    bar: str
    met: bool | None = None  # None: reported without a bar

    def __str__(self) -> str:
        verdict = {True: "met", False: "MISSED", None: "–"}[self.met]
        return f"{self.figure:<58} {self.ours:>16} {self.peer:>30} {self.bar:>22}  {verdict}"


HEADER = f"{'figure':<58} {'ours':>16} {'peer':>30} {'bar':>22}"


def logistic_regression(
    features: csr_matrix,
    labels: NDArray[np.int64],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return predictions and scores of test rows by scikit-learn's default LogisticRegression."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=1000).fit(features[train], labels[train])
    probabilities = model.predict_proba(features[test])
    return model.classes_[probabilities.argmax(axis=1)], probabilities.max(axis=1)


@dataclass(frozen=True)
class Process:
    """The duration and output of a finished process."""

    seconds: float
    output: str
    errors: str


def measure(*command: object) -> Process:
    """Run a Python module or script. Raises CalledProcessError if it fails."""
    words = [sys.executable, *map(str, command)]
    started = time.monotonic()
    process = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - started
    if process.returncode not in (0, 3):
        raise subprocess.CalledProcessError(process.returncode, words, stderr=process.stderr)
    return Process(seconds, process.stdout, process.stderr)


def read_products(folder: Path) -> list[Product]:
    """Return the products of a catalogue with pictures beside its products.csv."""
    source = open_source("csv", SourceOptions(path=folder / "products.csv", images=folder))
    return [entry for entry in source.entries() if isinstance(entry, Product)]


def percent(values: Sequence[float]) -> str:
    """Return shares as percentages, separated by slashes."""
    return " / ".join(f"{value:.2%}" for value in values)
