"""In which order a person should look at labels, so that each look gains most certified coverage.

What keeps a threshold from being certified are the calibration products that count as wrong. Where
it is their label that is wrong, a look takes the error away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.certificate import fewest_rows, thresholds, upper_bound


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
