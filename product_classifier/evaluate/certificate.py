"""Certified coverage: a threshold that keeps a target accuracy for products nobody checks.

Fixed-sequence testing (Angelopoulos et al., Learn then Test, arXiv 2110.01052): thresholds from
strict to loose, chosen by the scores alone, are tested on calibration rows until one fails.

In a category tree each height has such a threshold, and the certified answer is the deepest one:
the leaf, else its parent, else further up, else a person decides. Heights count from the predicted
leaf, which is 0, up to the category below the root. The score of a category is the sum of the
scores of all leaves below it, and nan above the end of a path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from product_classifier.evaluate.coverage import shortest_decimal
from product_classifier.predictions import Certificate

STEPS = 100  # thresholds tested; more of them fail earlier, fewer miss more
FEWEST_TO_HOPE = 20  # rows, to estimate how many rows would suffice


def certify(
    score: NDArray[np.float64],
    right: NDArray[np.bool_],
    target: float,
    confidence: float = 0.95,
) -> Certificate | None:
    """Return the loosest threshold that the calibration rows certify, None if they certify none.

    score, right: [n], rows independent of the model and of each other. A score of nan is accepted
    by no threshold, and its row does not count.
    """
    numbers = ~np.isnan(score)
    score, right = score[numbers], right[numbers]
    order, ends = thresholds(score, fewest_rows(target, confidence))
    ranked, wrong = score[order], np.cumsum(~right[order], dtype=np.int64)
    bounds = upper_bound(wrong[ends], ends + 1, confidence)
    failed = np.flatnonzero(bounds > 1 - target)
    passed = failed[0] if len(failed) else len(ends)
    if not passed:
        return None
    end = ends[passed - 1]
    below = float(ranked[end + 1]) if end + 1 < len(ranked) else -math.inf
    threshold = shortest_decimal(below, float(ranked[end]))
    return Certificate(
        target=target,
        confidence=confidence,
        threshold=threshold,
        accepted=int(end) + 1,
        wrong=int(wrong[end]),
        total=len(ranked),
    )


def upper_bound(
    wrong: NDArray[Any], accepted: NDArray[Any], confidence: float
) -> NDArray[np.float64]:
    """Return Clopper and Pearson's one-sided upper limit of an error rate, 1 if all are wrong.

    wrong, accepted: [..], accepted > 0; need not be whole numbers.
    """
    rest = accepted - wrong
    return np.where(rest > 0, betaincinv(wrong + 1, np.where(rest > 0, rest, 1), confidence), 1.0)


def fewest_rows(target: float, confidence: float) -> int:
    """Return the fewest error-free rows that certify a target, such as 59 for 95 % and 95 %."""
    return math.ceil(math.log(1 - confidence) / math.log(target))


def rows_needed(
    score: NDArray[np.float64],
    right: NDArray[np.bool_],
    target: float,
    confidence: float = 0.95,
) -> int | None:
    """Estimate how many calibration rows like these would certify some threshold.

    None if no number of such rows would, or if there are too few rows to estimate it.
    """
    count, fewest = len(score), fewest_rows(target, confidence)
    if count < FEWEST_TO_HOPE:
        return None
    times = np.geomspace(1, 1000, 500)
    # the place in these rows that matches the strictest threshold of `times` as many rows
    strictest = np.sqrt(fewest * count / times)
    possible = (strictest >= FEWEST_TO_HOPE) & (strictest <= count)
    times, strictest = times[possible], strictest[possible]
    wrong = np.interp(strictest, np.arange(count) + 1, np.cumsum(~right[np.argsort(-score)]))
    enough = upper_bound(wrong * times, strictest * times, confidence) <= 1 - target
    return math.ceil(times[enough][0] * count) if enough.any() else None


def thresholds(
    score: NDArray[np.float64], fewest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows by score, highest first, and the last place that each threshold accepts.

    The choice of thresholds depends on the scores alone; rows of equal score are accepted together.
    The strictest threshold accepts the geometric mean of `fewest` rows and all rows: exactly
    `fewest` rows would have to be free of errors, and some labels are wrong even among the highest
    scores of a real catalogue.
    """
    order = np.argsort(-score, kind="stable")
    ranked, count = score[order], len(score)
    if count < fewest:
        return order, np.array([], dtype=np.int64)
    strictest = math.ceil(math.sqrt(fewest * count))
    starts = np.append(np.arange(strictest, count, max(1, count // STEPS)), count) - 1
    last_of_tie = np.searchsorted(-ranked, -ranked[starts], side="right") - 1
    return order, np.unique(last_of_tie)


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
