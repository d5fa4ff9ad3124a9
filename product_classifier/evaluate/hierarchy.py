"""The deepest certified answer: the leaf, else its parent, else further up, else ask a person.

Heights count from the predicted leaf, which is 0, up to the category below the root; a score there
is the sum of the scores of all leaves below that category. Where a path ends earlier, it is nan.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.certificate import certify
from product_classifier.predictions import Certificate


def right_answers(
    answers: NDArray[np.int64],
    row: NDArray[np.int64],
    truth: NDArray[np.int64],
    above: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which answers are a true category, or lie above one.

    answers: [n, heights], categories, -1 where a path ends. row, truth: [pairs], the true
    categories of row n. above: [categories, depths], each category and all that lie above it, the
    root left out, -1 beyond.
    """
    hits = answers[row][:, :, None] == np.where(above[truth] < 0, -2, above[truth])[:, None, :]
    right = np.zeros(answers.shape, dtype=bool)
    np.logical_or.at(right, row, hits.any(axis=2))
    return right


def certify_heights(
    score: NDArray[np.float64],
    right: NDArray[np.bool_],
    target: float,
    confidence: float = 0.95,
    *,
    leftover: bool,
) -> list[Certificate | None]:
    """Certify a threshold for each height; score, right: [n, heights].

    leftover: for the rows that no lower height answers, else for all that have a path so high. What
    a parent answers after the leaf are the doubtful rows: a threshold for all rows would promise
    too much for these.
    """
    found: list[Certificate | None] = []
    left = np.ones(len(score), dtype=bool)
    for height in range(score.shape[1]):
        rows = left & ~np.isnan(score[:, height])
        found.append(certify(score[rows, height], right[rows, height], target, confidence))
        if leftover:
            left &= ~_reached(score[:, height], found[-1])
    return found


def accepted(
    score: NDArray[np.float64], certificates: Sequence[Certificate | None], *, leftover: bool
) -> NDArray[np.bool_]:
    """Tell which rows are answered at which height, [n, heights]; leftover: at the lowest alone.

    A row without any answer is for a person.
    """
    reached = np.stack([_reached(score[:, k], kept) for k, kept in enumerate(certificates)], axis=1)
    return reached & (reached.cumsum(axis=1) == 1) if leftover else reached


def _reached(score: NDArray[np.float64], certificate: Certificate | None) -> NDArray[np.bool_]:
    if certificate is None:
        return np.zeros(len(score), dtype=bool)
    return score >= certificate.threshold  # never true of nan
