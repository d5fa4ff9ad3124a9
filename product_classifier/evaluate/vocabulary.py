"""The words of a catalogue: how many there are, how rare, and how far the commonest go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SHOWN = 40  # of the commonest
ENOUGH = 5  # products that a word should stand in
POINTS = 60  # of the curve


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the words of some products come to; the commonest stand in the most products."""

    products: int  # that were looked at
    words: int  # distinct ones
    occurrences: int
    in_one: int  # words that stand in one product only
    in_enough: int  # words that stand in ENOUGH or more
    kept: int  # so many of the commonest a bag of words keeps
    kept_occurrences: int
    commonest: list[tuple[str, int, int]]  # words, the products they stand in, their occurrences
    curve: list[tuple[int, float]]  # so many of the commonest are such a share of all occurrences


def measure_words(
    occurrences: Mapping[str, int], standing: Mapping[str, int], products: int, kept: int
) -> Vocabulary:
    """Sum up how often each word occurs, and in how many products it stands."""
    words = list(occurrences)
    often = np.fromiter(occurrences.values(), np.int64)
    spread = np.fromiter((standing[word] for word in words), np.int64)
    order = np.lexsort((-often, -spread))
    total = np.cumsum(often[order])
    ranks = np.unique(np.geomspace(1, max(len(words), 1), POINTS).round().astype(int))
    return Vocabulary(
        products,
        len(words),
        int(often.sum()),
        int((spread == 1).sum()),
        int((spread >= ENOUGH).sum()),
        kept,
        int(often[order[:kept]].sum()),
        [(words[k], int(spread[k]), int(often[k])) for k in order[:SHOWN]],
        [(int(rank), float(total[rank - 1] / total[-1])) for rank in ranks] if words else [],
    )
