"""Labels that are probably wrong, their share, and categories that might be the same.

All functions take out-of-sample probabilities, [n, classes], each row with a sum of 1: a network
that had seen a label would repeat it. Products are rows 0..n-1; their labels are pairs of a row and
a category, each pair once, and every product has one label or more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.evaluate.certificate import fewest_rows, thresholds, upper_bound

Floats = NDArray[np.floating]


def suspicion(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how suspicious the labels of each product are, [n], 0 to 1.

    m / (m + g + u): m is the probability of the likeliest category that is not a label, g that of
    the labels together, and u the share of other, similarly predicted products with the same
    labels: for each category the share among the products predicted as that category, averaged by
    the product's own probabilities. So a label is less suspicious the more often it occurs among
    products with the same prediction, and one fitting label of several is enough. 0 if every
    category is a label. row, category: [pairs].
    """
    own = probabilities[row]
    labelled = csr_matrix((np.ones(len(row)), (category, row)), probabilities.T.shape)
    alike = (labelled @ probabilities)[category] - own  # [pairs, classes], without itself
    everything = probabilities.sum(axis=0, dtype=np.float64) - own
    alike /= np.maximum(everything, 1e-6)  # rounding errors must not become a share
    usual = np.einsum("pc,pc->p", own, np.maximum(alike, 0))
    fitting = np.bincount(row, probabilities[row, category] + usual, len(probabilities))
    other = _others(probabilities, row, category).max(axis=1, initial=0)
    whole = other + fitting
    return np.asarray(np.divide(other, whole, out=np.zeros(len(whole)), where=whole > 0))


def suggested(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the most probable category of each product but its labels, [n]; -1 without any."""
    others = _others(probabilities, row, category)
    return np.where(others.max(axis=1, initial=-1) < 0, -1, others.argmax(axis=1))


def estimated_noise(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> float:
    """Estimate the share of wrong labels, 0 to 1, from the confident joint; nan without labels."""
    joint = confident_joint(probabilities, row, category)
    return float(1 - np.trace(joint) / joint.sum()) if joint.any() else float("nan")


def overlapping(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64], k: int = 10
) -> list[tuple[int, int, float]]:
    """Return up to k pairs of categories that might be the same: (category, category, share).

    The share of their products that confidently belongs to one and is labelled as the other, in the
    confident joint: about 0.5 if nothing separates the two. Pairs above 0, largest share first.
    """
    joint = confident_joint(probabilities, row, category)
    first, second = np.triu_indices(len(joint), 1)
    mixed = joint[first, second] + joint[second, first]
    share = mixed / np.maximum(mixed + joint[first, first] + joint[second, second], 1)
    best = np.argsort(-share, kind="stable")[:k]
    return [(int(first[i]), int(second[i]), float(share[i])) for i in best if share[i] > 0]


def confident_joint(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Estimate how many labels of each category (rows) truly belong to each category (columns).

    Northcutt et al., Confident Learning, arXiv 1911.00068: [classes, classes]. A product counts
    if some category is at least as probable as on average among the products with that label; of
    several such categories the most probable counts. If this category is one of the product's
    labels, all its labels are right. Each row is scaled to the number of its labels; the labels of
    a row in which no product counts are all right.
    """
    classes = probabilities.shape[1]
    labels = np.bincount(category, minlength=classes)
    total = np.bincount(category, probabilities[row, category], classes)
    usual = np.where(labels, total / np.maximum(labels, 1), np.inf)
    confident = np.where(probabilities >= usual, probabilities, -1)
    sure, likeliest = (confident.max(axis=1, initial=-1) >= 0)[row], confident.argmax(axis=1)[row]
    right = np.bincount(row[likeliest == category], minlength=len(probabilities))[row] > 0
    true = np.where(right, category, likeliest)
    joint = np.zeros((classes, classes))
    np.add.at(joint, (category[sure], true[sure]), 1)
    empty = np.flatnonzero(joint.sum(axis=1) == 0)
    joint[empty, empty] = 1
    return np.asarray(joint * (labels / joint.sum(axis=1))[:, None])


def _others(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> NDArray[np.floating]:
    """Return the probabilities with -1 for the labels, [n, classes]."""
    others = probabilities.copy()
    others[row, category] = -1
    return others


def review_order(
    score: NDArray[np.float64],
    right: NDArray[np.bool_],
    suspicion: NDArray[np.float64],
    targets: Sequence[float],
    confidence: float = 0.95,
    most: int | None = None,
) -> NDArray[np.int64]:
    """Return the wrong calibration rows in the order in which a person should check their labels.

    score, right: [n]. suspicion: [n], the probability that a check finds the label wrong. Returns
    rows, at most `most`. The next row is always the error that most probably helps to certify a
    target: the most suspicious above the first threshold that fails. Errors that are already in the
    order count by the probability that a check leaves them errors. An error that stops several
    targets counts for each.
    """
    tested = {target: thresholds(score, fewest_rows(target, confidence))[1] for target in targets}
    order = np.argsort(-score, kind="stable")
    place = np.empty(len(score), dtype=np.int64)
    place[order] = np.arange(len(score))
    expected = (~right).astype(np.float64)  # errors that the checks so far are expected to leave
    rows = order[~right[order]]  # not yet ordered, highest scores first
    ordered: list[int] = []
    while len(rows) and len(ordered) != most:
        errors = np.cumsum(expected[order])
        stopped = np.zeros(len(rows), dtype=np.int64)  # targets that each row helps to stop
        for target, ends in tested.items():
            failing = ends[upper_bound(errors[ends], ends + 1, confidence) > 1 - target]
            if len(failing):
                stopped += place[rows] <= max(failing[0], place[rows[0]])
        best = np.lexsort((-suspicion[rows], -stopped * suspicion[rows]))[0]
        expected[rows[best]] = 1 - suspicion[rows[best]]
        ordered.append(int(rows[best]))
        rows = np.delete(rows, best)
    return np.array(ordered, dtype=np.int64)
