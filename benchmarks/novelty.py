"""Novelty detection of left-out categories, beside the largest probability as a score."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.common import Row
from benchmarks.cuts import Catalogue, read_catalogues
from benchmarks.models import features_of
from product_classifier.models.choices import Choices
from product_classifier.models.fits import fit_of
from product_classifier.models.novelty import measure_novelty
from product_classifier.models.training import Trained, train
from product_classifier.selection import TEST, TRAIN, TUNING

TURNS = 3  # each leaves out different categories
CASES = (
    ("instacart", Choices(kind="words")),
    ("fashion, 3 words", Choices(kind="words")),
    ("fashion, 3 words", Choices(kind="images")),
    ("fashion, 3 words", Choices(kind="both")),
    ("flipkart", Choices(kind="words", model="linear")),
    ("flipkart", Choices(kind="images")),
    ("flipkart", Choices(kind="both")),
)


def run(shared: Path) -> Iterator[Row]:
    """Yield the figures of each case, without a tenth of the categories, three times each."""
    with tempfile.TemporaryDirectory() as place:
        catalogues = read_catalogues(shared, Path(place))
        for name, choices in CASES:
            turns = [measured(catalogues[name], choices, turn) for turn in range(TURNS)]
            ours, peer, alarms = (fmean(values) for values in zip(*turns, strict=True))
            title = f"outside, {name}, {choices.kind}: AUROC, false alarms at 95 % recall"
            bar = "> largest probability"
            yield Row(title, f"{ours:.3f}, {alarms:.0%}", f"{peer:.3f}", bar, ours > peer)


def measured(catalogue: Catalogue, choices: Choices, turn: int) -> tuple[float, float, float]:
    """Return the AUROC of the score and of the largest probability, and the false alarms."""
    learning, tuning, test = catalogue.cuts[turn % len(catalogue.cuts)]
    features = features_of(catalogue, choices, learning)
    classes = int(catalogue.labels.max()) + 1

    def train_on(labels: object) -> Trained:
        return train(features, labels, learning, tuning, classes, fit=fit_of(choices))  # type: ignore[arg-type]

    labels = [(label,) for label in catalogue.labels.tolist()]
    rows = {TRAIN: learning, TUNING: tuning, TEST: np.asarray(test)}
    novelty = measure_novelty(
        train_on(labels), train_on, features, labels, rows=rows, classes=classes, seed=turn
    )
    return novelty.auroc, novelty.softmax_auroc, novelty.false_alarms
