"""Novelty detection: a score of how likely a product belongs to none of the learned categories.

The score is a sum of signals, each in standard deviations from the mean of the tuning products: the
classifier's log-odds and largest logit (Hendrycks et al., arXiv 1911.11132), and the similarity of
the nearest learned product by words and by picture. Weights trained on left-out categories were
worse, since they overfit these. The score is evaluated by training once more without a tenth of the
categories.

The metrics at the end say how well a score separates novel products from the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.features.dataset_features import Features
from product_classifier.features.neighbours import highest_similarity
from product_classifier.models.network import softmax
from product_classifier.models.scaling import CHUNK
from product_classifier.models.training import Trained
from product_classifier.selection import TEST, TRAIN, TUNING

LEFT_OUT = 0.1  # of the categories
FEWEST_CATEGORIES = 4
FARTHEST = 5.0  # standard deviations that a signal counts at most
MARKED = 0.05  # of the tuning products, at most

OF_CLASSIFIER = 2  # signals of the classifier; the others are similarities

Labels = Sequence[Sequence[int]]
Train = Callable[[Labels], Trained]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """The novelty of test products, and an evaluation of the score on left-out categories."""

    score: Floats  # [test rows], 0 to 1; 1 without features
    threshold: float  # products with at least this score are marked
    auroc: float  # of the score, for products of left-out categories
    softmax_auroc: float  # of one minus the largest probability, for comparison
    false_alarms: float  # share of other products marked when 95 % of the novel ones are
    left_out: int  # test products of the categories left out

    @property
    def marked(self) -> NDArray[np.bool_]:
        """The products that a person should check, bool [test rows]."""
        return self.score >= self.threshold


def measure_novelty(
    trained: Trained,
    train: Train,
    features: Features,
    labels: Labels,
    *,
    rows: Mapping[str, NDArray[np.int64]],
    classes: int,
    seed: int = 0,
) -> Novelty:
    """Return the novelty of the test rows of a trained classifier, and its evaluation.

    train: trains such a classifier on other labels, where rows without labels are left out. rows:
    part → rows. Takes one training. Raises ModelError if there are too few categories to leave any
    out, or no tuning rows with features.
    """
    if classes < FEWEST_CATEGORIES:
        raise ModelError(f"{classes} categories are too few to leave some out; omit --novelty")
    if not features.has_features()[rows[TUNING]].any():
        raise ModelError("novelty needs tuning products, and there are none; omit --novelty")
    tuning, score = _scores(trained, features, rows[TUNING], rows[TEST], rows[TRAIN])
    order = np.random.default_rng(seed).permutation(classes)
    left_out = set(order[: max(1, int(LEFT_OUT * classes))].tolist())
    evaluation = _evaluate(train, features, labels, rows, left_out)
    return Novelty(score=score, threshold=min(marking_threshold(tuning, MARKED), 1.0), **evaluation)


def signals(
    trained: Trained,
    features: Features,
    rows: NDArray[np.int64],
    learned: NDArray[np.int64],
) -> Floats:
    """Return the signals of novelty, [rows, signals]; a small value suggests a new category.

    These are the log-odds of the most probable category, the largest logit, and the similarity of
    the nearest learned item by words and by picture, nan if an item has none.
    """
    probability, largest = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), CHUNK):
        chunk = slice(start, start + CHUNK)
        logits = np.asarray(trained.classifier.logits(rows[chunk]), np.float64)
        largest[chunk] = logits.max(axis=1, initial=-np.inf) / trained.temperature
        probability[chunk] = softmax(logits / trained.temperature).max(axis=1, initial=0)
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    columns = [np.log(clipped / (1 - clipped)), largest]
    for modality in (features.words_alone, features.pictures_alone):
        if modality.words is not None or modality.pictures is not None:
            similarity = highest_similarity(modality, rows, learned)
            similarity[~modality.has_features()[rows]] = np.nan
            columns.append(similarity)
    return np.stack(columns, axis=1)


class _Evaluation(TypedDict):
    auroc: float
    softmax_auroc: float
    false_alarms: float
    left_out: int


def _evaluate(
    train: Train,
    features: Features,
    labels: Labels,
    rows: Mapping[str, NDArray[np.int64]],
    left_out: set[int],
) -> _Evaluation:
    """Train without the left-out categories and return how well their test products are found."""
    remaining = [() if left_out.intersection(classes) else tuple(classes) for classes in labels]
    trained = train(remaining)
    tested = np.array([row for row in rows[TEST] if labels[row]], np.int64)
    tuning, learned = (
        np.array([row for row in rows[part] if remaining[row]], np.int64)
        for part in (TUNING, TRAIN)
    )
    is_novel = np.array([not remaining[row] for row in tested], bool)
    _, score = _scores(trained, features, tuning, tested, learned)
    log_odds = signals(trained, features, tested, learned)[:, 0]
    return {
        "auroc": auroc(score, is_novel),
        "softmax_auroc": auroc(-log_odds, is_novel),
        "false_alarms": false_positive_rate(score, is_novel),
        "left_out": int(is_novel.sum()),
    }


def _scores(
    trained: Trained,
    features: Features,
    tuning: NDArray[np.int64],
    tested: NDArray[np.int64],
    learned: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """Return the scores of the tuning and of the tested rows; 1 for rows without features."""
    of_tuning = signals(trained.before_refit, features, tuning, learned)
    valid = np.ma.masked_invalid(of_tuning)
    mean, deviation = valid.mean(axis=0).filled(0), valid.std(axis=0).filled(1)
    scores = []
    of_tested = signals(trained, features, tested, learned)
    for rows, values in ((tuning, of_tuning), (tested, of_tested)):
        distance = (mean - values) / np.maximum(deviation, 1e-6)
        clipped = np.ma.masked_invalid(distance).clip(-FARTHEST, FARTHEST)
        # the mean of those signals that a product has
        groups = clipped[:, :OF_CLASSIFIER], clipped[:, OF_CLASSIFIER:]
        total = sum(group.mean(axis=1).filled(0) for group in groups)
        score = 1 / (1 + np.exp(-total))
        score[~features.has_features()[rows]] = 1.0
        scores.append(score)
    return scores[0], scores[1]


def auroc(score: NDArray[np.float64], novel: NDArray[np.bool_]) -> float:
    """Return how often a novel product scores above a known one; a tie counts half.

    The area under the receiver operating characteristic (Mann and Whitney, Annals of Mathematical
    Statistics 18, 1947). score, novel: [n]. nan unless there are both kinds.
    """
    from scipy.stats import rankdata  # takes long to import

    positive = int(novel.sum())
    negative = len(novel) - positive
    if not positive or not negative:
        return float("nan")
    above = rankdata(score)[novel].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def false_positive_rate(
    score: NDArray[np.float64], novel: NDArray[np.bool_], recall: float = 0.95
) -> float:
    """Return the share of known products marked at the threshold that reaches a recall.

    score, novel: [n]; products of equal score are marked together. nan unless there are both kinds.
    """
    if not novel.any() or novel.all():
        return float("nan")
    ranked = np.sort(score[novel])[::-1]
    threshold = ranked[int(np.ceil(round(recall * len(ranked), 9))) - 1]
    return float((score[~novel] >= threshold).mean())


def marking_threshold(score: NDArray[np.float64], share: float) -> float:
    """Return the lowest threshold that marks at most a share of known products.

    score: [n], of known products, marked where score >= threshold. inf if even the highest score
    would mark too many.
    """
    values, counts = np.unique(score, return_counts=True)
    marked = np.cumsum(counts[::-1])[::-1]  # with at least each value
    allowed = values[marked <= share * len(score)]
    return float(allowed[0]) if len(allowed) else float("inf")
