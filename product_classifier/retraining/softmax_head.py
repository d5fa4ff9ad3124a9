"""The classic retraining: a softmax regression on the bottlenecks of labelled pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.console import SILENT, Console
from product_classifier.errors import ModelError
from product_classifier.features.dataset_features import Features
from product_classifier.models.base import Targets
from product_classifier.models.choices import Schedule
from product_classifier.models.fitting import OnRound, fit
from product_classifier.models.network import Network
from product_classifier.models.split import duplicate_groups, part_of
from product_classifier.records import Image
from product_classifier.selection import TEST, TRAIN, TUNING


@dataclass(frozen=True)
class Retrained:
    """A trained softmax regression and its predictions for the test pictures."""

    network: Network
    rows: Mapping[str, NDArray[np.int64]]  # part → readable pictures
    predicted: NDArray[np.int64]  # [test rows], labels

    @property
    def test_rows(self) -> NDArray[np.int64]:
        """The rows of the test pictures."""
        return self.rows[TEST]


def split_images(
    images: Sequence[Image], validation_percentage: float, testing_percentage: float
) -> NDArray[np.str_]:
    """Return the part of each picture, [images], by hash: train, tuning or test.

    Pictures with equal bytes, or equal names before "_nohash_", stay together.
    """
    bounds = (
        (validation_percentage / 100, TUNING),
        ((validation_percentage + testing_percentage) / 100, TEST),
        (1.0, TRAIN),
    )
    stems = [re.sub(r"_nohash_.*$", "", image.address) for image in images]
    hashes = [str(image.sha256) for image in images]
    groups = duplicate_groups(stems, hashes)
    names: dict[int, str] = {}
    for group, sha256 in zip(groups, hashes, strict=True):
        names[group] = min(sha256, names.get(group, sha256))
    return np.array([part_of(names[group], bounds) for group in groups])


def train_softmax_head(
    features: Features,
    labels: Sequence[str],
    *,
    label_of: Sequence[int],
    parts: NDArray[np.str_],
    schedule: Schedule,
    seed: int = 0,
    validation_batch_size: int = -1,
    test_batch_size: int = -1,
    console: Console = SILENT,
    on_round: OnRound | None = None,
) -> Retrained:
    """Train on the training pictures and predict the test pictures.

    label_of, parts: [images], the number of the label and the part. validation_batch_size,
    test_batch_size: the number of tuning and test pictures to use, drawn once; -1 for all. Raises
    ModelError if a label has no training picture, or if there is no test picture.
    """
    readable = features.has_features()
    rows = {part: np.flatnonzero(readable & (parts == part)) for part in (TRAIN, TUNING, TEST)}
    learned = set(np.asarray(label_of)[rows[TRAIN]].tolist())
    if lacking := [label for k, label in enumerate(labels) if k not in learned]:
        raise ModelError(
            f"no picture of {lacking[0]!r} is in the training part; add pictures of it"
        )
    if not len(rows[TEST]):
        raise ModelError("no picture is in the test part; add pictures or raise the percentage")
    singles = [(label,) for label in label_of]
    rows[TUNING] = _sample(rows[TUNING], validation_batch_size, seed)
    rows[TEST] = _sample(rows[TEST], test_batch_size, seed)
    network = Network.new(features, rows[TRAIN], len(labels), seed)
    fit(
        network,
        Targets.of(rows[TRAIN], singles),
        Targets.of(rows[TUNING], singles),
        schedule,
        seed=seed,
        console=console,
        on_round=on_round,
    )
    return Retrained(network, rows, network.logits(rows[TEST]).argmax(axis=1))


def _sample(rows: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    if count < 0 or count >= len(rows):
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))
