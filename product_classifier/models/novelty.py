"""A score for products that belong to none of the learned categories, whatever the softmax says.

The score adds up, each in deviations from what tuning products have, how unsure the classifier is,
how small its largest logit is (Hendrycks et al., arXiv 1911.11132), and how little the most alike
of the learned products is alike, by words and by picture. Weights learned from categories left out
were worse: they fit those. How well it does is measured by leaving a tenth of the categories out of
a training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.evaluate.novelty import auroc, false_positive_rate, marking_threshold
from product_classifier.features.dataset_features import Features
from product_classifier.features.neighbours import highest_similarity
from product_classifier.models.network import softmax
from product_classifier.models.scaling import CHUNK
from product_classifier.models.split import TEST, TRAIN, TUNING
from product_classifier.models.training import Trained

LEFT_OUT = 0.1  # of the categories
FEWEST_CATEGORIES = 4
FARTHEST = 5.0  # deviations that a signal may count
MARKED = 0.05  # of the tuning products, at most

OF_CLASSIFIER = 2  # of the signals; the others are of likeness

Labels = Sequence[Sequence[int]]
Train = Callable[[Labels], Trained]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Novelty:
    """How far test products are from all that was learned, and how well that can be told."""

    score: Floats  # [test rows], 0 to 1; 1 without any evidence
    threshold: float  # marked from here on
    auroc: float  # for products of left-out categories
    softmax_auroc: float  # the same, if one minus the largest probability were the score
    false_alarms: float  # of other products, where 95 % of these are marked
    left_out: int  # test products of the categories left out

    @property
    def marked(self) -> NDArray[np.bool_]:
        """Which products a person should look at, [test rows]."""
        return self.score >= self.threshold


def measure_novelty(
    trained: Trained,
    train: Train,
    features: Features,
    labels: Labels,
    rows: Mapping[str, NDArray[np.int64]],
    classes: int,
    seed: int = 0,
) -> Novelty:
    """Score the test rows of a trained classifier.

    train: trains such a classifier on other labels; rows without any are left out. rows: by part.
    Takes one training. Raises ModelError where there are too few categories to leave any out, or
    no tuning rows.
    """
    if classes < FEWEST_CATEGORIES:
        raise ModelError(f"{classes} categories are too few to leave some out; omit --novelty")
    if not features.has_features()[rows[TUNING]].any():
        raise ModelError("there are no tuning products to know others from; omit --novelty")
    tuning, score = _scores(trained, features, rows[TUNING], rows[TEST], rows[TRAIN])
    order = np.random.default_rng(seed).permutation(classes)
    left_out = set(order[: max(1, int(LEFT_OUT * classes))].tolist())
    return Novelty(
        score,
        min(marking_threshold(tuning, MARKED), 1.0),
        *_measure(train, features, labels, rows, left_out),
    )


def signals(
    trained: Trained,
    features: Features,
    rows: NDArray[np.int64],
    learned: NDArray[np.int64],
) -> Floats:
    """Lay out what tells that items are unlike all that was learned, [rows, signals].

    Log-odds of the most probable category, the largest logit, the likeness of the nearest learned
    item by words and by picture; nan where an item has none.
    """
    surest, largest = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), CHUNK):
        some = slice(start, start + CHUNK)
        logits = np.asarray(trained.classifier.logits(rows[some]), np.float64)
        largest[some] = logits.max(axis=1, initial=-np.inf) / trained.temperature
        surest[some] = softmax(logits / trained.temperature).max(axis=1, initial=0)
    clipped = np.clip(surest, 1e-6, 1 - 1e-6)
    columns = [np.log(clipped / (1 - clipped)), largest]
    for modality in (features.words_alone, features.pictures_alone):
        if modality.words is not None or modality.pictures is not None:
            alike = highest_similarity(modality, rows, learned)
            alike[~modality.has_features()[rows]] = np.nan
            columns.append(alike)
    return np.stack(columns, axis=1)


def _measure(
    train: Train,
    features: Features,
    labels: Labels,
    rows: Mapping[str, NDArray[np.int64]],
    left_out: set[int],
) -> tuple[float, float, float, int]:
    """Train without some categories, and see which of the test products are theirs."""
    kept = [() if left_out.intersection(found) else tuple(found) for found in labels]
    trained = train(kept)
    tested = np.array([row for row in rows[TEST] if labels[row]], np.int64)
    tuning, learned = (
        np.array([row for row in rows[part] if kept[row]], np.int64) for part in (TUNING, TRAIN)
    )
    outside = np.array([not kept[row] for row in tested], bool)
    _, score = _scores(trained, features, tuning, tested, learned)
    surest = signals(trained, features, tested, learned)[:, 0]
    return (
        auroc(score, outside),
        auroc(-surest, outside),
        false_positive_rate(score, outside),
        int(outside.sum()),
    )


def _scores(
    trained: Trained,
    features: Features,
    tuning: NDArray[np.int64],
    tested: NDArray[np.int64],
    learned: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """Score the tuning rows and the tested ones; what has no evidence is outside for sure."""
    usual = signals(trained.before_refit, features, tuning, learned)
    known = np.ma.masked_invalid(usual)
    mean, deviation = known.mean(axis=0).filled(0), known.std(axis=0).filled(1)
    scores = []
    others = signals(trained, features, tested, learned)
    for rows, found in ((tuning, usual), (tested, others)):
        apart = (mean - found) / np.maximum(deviation, 1e-6)
        unlike = np.ma.masked_invalid(apart).clip(-FARTHEST, FARTHEST)
        modalities = (
            unlike[:, :OF_CLASSIFIER],
            unlike[:, OF_CLASSIFIER:],
        )  # what is missing is left out
        total = sum(modality.mean(axis=1).filled(0) for modality in modalities)
        score = 1 / (1 + np.exp(-total))
        score[~features.has_features()[rows]] = 1.0
        scores.append(score)
    return scores[0], scores[1]
