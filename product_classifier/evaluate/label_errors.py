"""Labels that are probably wrong, how many there are, and categories that might be one.

All of it is told by out-of-sample probabilities, [n, classes], each row with a sum of 1: a network
that had seen a label would repeat it. Products are rows 0..n-1; their given labels are pairs of a
row and a category, each pair once, and every product has one or more.
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
    """Score how suspicious the given labels of each product are, [n], 0 to 1.

    m / (m + g + u): the probabilities m of the likeliest category that is not given and g of the
    given ones together, and the share u of the other products like it that have these labels too:
    for each category the share among what is predicted as it, averaged by the product's own
    probabilities. So a label is the less suspicious the more often it is found on what is predicted
    so, and one of several that fits is enough. 0 where every category is given. row, category:
    [pairs].
    """
    own = probabilities[row]
    labelled = csr_matrix((np.ones(len(row)), (category, row)), probabilities.T.shape)
    alike = (labelled @ probabilities)[category] - own  # [pairs, classes], the others of the label
    everything = probabilities.sum(axis=0, dtype=np.float64) - own
    alike /= np.maximum(everything, 1e-6)  # of nothing, rounding errors would make a share
    usual = np.einsum("pc,pc->p", own, np.maximum(alike, 0))
    fitting = np.bincount(row, probabilities[row, category] + usual, len(probabilities))
    other = _others(probabilities, row, category).max(axis=1, initial=0)
    whole = other + fitting
    return np.asarray(np.divide(other, whole, out=np.zeros(len(whole)), where=whole > 0))


def suggested(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Find the most probable category of each product that is not given, [n]; -1 without any."""
    others = _others(probabilities, row, category)
    return np.where(others.max(axis=1, initial=-1) < 0, -1, others.argmax(axis=1))


def estimated_noise(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> float:
    """Estimate the share of labels that are wrong, 0 to 1, by the confident joint; nan if none."""
    joint = confident_joint(probabilities, row, category)
    return float(1 - np.trace(joint) / joint.sum()) if joint.any() else float("nan")


def overlapping(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64], k: int = 10
) -> list[tuple[int, int, float]]:
    """Find the k pairs of categories that might be one: (category, category, share).

    The share of their products that is confidently of one and labelled as the other, in the
    confident joint: about 0.5 where nothing tells them apart; only pairs above 0, largest first.
    """
    joint = confident_joint(probabilities, row, category)
    one, other = np.triu_indices(len(joint), 1)
    mixed = joint[one, other] + joint[other, one]
    share = mixed / np.maximum(mixed + joint[one, one] + joint[other, other], 1)
    best = np.argsort(-share, kind="stable")[:k]
    return [(int(one[i]), int(other[i]), float(share[i])) for i in best if share[i] > 0]


def confident_joint(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Estimate how many labels of each category (rows) truly are of which (columns).

    Northcutt et al., Confident Learning, arXiv 1911.00068: [classes, classes]. A product counts
    where some category is at least as probable as on average among the products labelled with it;
    of several the most probable. Where that is one of the product's labels, all of them are right.
    Each row is scaled to the number of its labels; one where no product counts is all right.
    """
    classes = probabilities.shape[1]
    labels = np.bincount(category, minlength=classes)
    total = np.bincount(category, probabilities[row, category], classes)
    usual = np.where(labels, total / np.maximum(labels, 1), np.inf)
    confident = np.where(probabilities >= usual, probabilities, -1)
    sure, found = (confident.max(axis=1, initial=-1) >= 0)[row], confident.argmax(axis=1)[row]
    right = np.bincount(row[found == category], minlength=len(probabilities))[row] > 0
    true = np.where(right, category, found)
    joint = np.zeros((classes, classes))
    np.add.at(joint, (category[sure], true[sure]), 1)
    empty = np.flatnonzero(joint.sum(axis=1) == 0)
    joint[empty, empty] = 1
    return np.asarray(joint * (labels / joint.sum(axis=1))[:, None])


def _others(
    probabilities: Floats, row: NDArray[np.int64], category: NDArray[np.int64]
) -> NDArray[np.floating]:
    """Take the given categories out, [n, classes]: they are -1."""
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
    """Put the wrong ones of n calibration rows in the order of what a look at each is worth.

    score, right: [n]. suspicion: [n], the chance that a look shows the label to be wrong. Returns
    rows, at most `most` of them. Each place goes to the error that most probably lifts what stops a
    target: of those above the first threshold that fails, the most suspicious; errors that have a
    place count as far as a look is expected to leave them. What stops several targets is worth as
    much more.
    """
    tested = {target: thresholds(score, fewest_rows(target, confidence))[1] for target in targets}
    order = np.argsort(-score, kind="stable")
    place = np.empty(len(score), dtype=np.int64)
    place[order] = np.arange(len(score))
    expected = (~right).astype(np.float64)  # errors that looks so far are expected to leave
    rows = order[~right[order]]  # those still without a place, highest scores first
    found: list[int] = []
    while len(rows) and len(found) != most:
        errors = np.cumsum(expected[order])
        stopped = np.zeros(len(rows), dtype=np.int64)  # targets that each of them helps to stop
        for target, ends in tested.items():
            failing = ends[upper_bound(errors[ends], ends + 1, confidence) > 1 - target]
            if len(failing):
                stopped += place[rows] <= max(failing[0], place[rows[0]])
        best = np.lexsort((-suspicion[rows], -stopped * suspicion[rows]))[0]
        expected[rows[best]] = 1 - suspicion[rows[best]]
        found.append(int(rows[best]))
        rows = np.delete(rows, best)
    return np.array(found, dtype=np.int64)
