"""The deepest certified answer: the leaf, else its parent, else further up, else a person decides.

Heights count from the predicted leaf, which is 0, up to the category below the root. The score of a
category is the sum of the scores of all leaves below it, and nan above the end of a path.
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
    """Return whether each answer is a true category or an ancestor of one, [n, heights].

    answers: [n, heights], categories, -1 where a path ends. row, truth: [pairs], the true
    categories of row n. above: [categories, depths], each category and its ancestors without the
    root, -1 beyond.
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
    """Return the certificate of each height, None for a height without; score, right: [n, heights].

    leftover: certify each height on the rows that no lower height answers, else on all rows with
    that height. The rows left to a parent are the doubtful ones: a threshold certified on all rows
    would be too loose for these.
    """
    certificates: list[Certificate | None] = []
    left = np.ones(len(score), dtype=bool)
    for height in range(score.shape[1]):
        rows = left & ~np.isnan(score[:, height])
        certificate = certify(score[rows, height], right[rows, height], target, confidence)
        certificates.append(certificate)
        if leftover:
            left &= ~_reached(score[:, height], certificate)
    return certificates


def accepted(
    score: NDArray[np.float64], certificates: Sequence[Certificate | None], *, leftover: bool
) -> NDArray[np.bool_]:
    """Return whether each row is answered at each height, [n, heights].

    leftover: only at the lowest such height. A row without any answer is for a person.
    """
    columns = [_reached(score[:, k], certificate) for k, certificate in enumerate(certificates)]
    reached = np.stack(columns, axis=1)
    return reached & (reached.cumsum(axis=1) == 1) if leftover else reached


def _reached(score: NDArray[np.float64], certificate: Certificate | None) -> NDArray[np.bool_]:
    if certificate is None:
        return np.zeros(len(score), dtype=bool)
    return score >= certificate.threshold  # never true of nan
