"""A head for each level of the category tree, counted from the top.

A leaf that ends above the lowest level is its own node on the levels below, so that every level
partitions the leaves. The probability of a leaf is the product of its nodes' probabilities on all
levels, so a prediction is always a path of the tree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.models.base import Fit, Fitted, Task
from product_classifier.records import Dataset

Levels = NDArray[np.int64]  # [levels, classes], the number of each class's node at each level


def levels_of(dataset: Dataset) -> Levels:
    """Return the node of each leaf at each level, without levels that repeat another partition.

    Raises ModelError if fewer than two levels remain.
    """
    paths = [
        [*reversed(above), category.id]
        for category, above in zip(dataset.categories, dataset.above, strict=True)
    ]
    levels = []
    for level in range(max(map(len, paths))):
        nodes = [path[min(level, len(path) - 1)] for path in paths]
        numbers = {node: k for k, node in enumerate(dict.fromkeys(nodes))}
        partition = [numbers[node] for node in nodes]
        if len(numbers) > 1 and partition not in levels:
            levels.append(partition)
    if len(levels) < 2:
        raise ModelError(
            "the chosen categories are all on one level of the tree; leave out --levels"
        )
    return np.array(levels, np.int64)


def with_levels(fit: Fit, levels: Levels) -> Fit:
    """Return a network's fit that trains a head for each level."""

    def levelled(task: Task) -> Fitted:
        return fit(dataclasses.replace(task, levels=levels))

    return levelled


def accuracy_by_level(
    levels: Levels, predicted: NDArray[np.int64], labels: Sequence[Sequence[int]]
) -> list[dict[str, Any]]:
    """Return the number of categories, the chance and the accuracy of each level, from the top.

    predicted: [items], classes; labels: [items], the true classes of each. The accuracy is None
    without labels.
    """
    results = []
    for nodes in levels:
        right = [
            nodes[k] in nodes[list(true)]
            for k, true in zip(predicted.tolist(), labels, strict=True)
            if true
        ]
        count = int(nodes.max()) + 1
        share = float(np.mean(right)) if right else None
        results.append({"categories": count, "chance": 1 / count, "accuracy": share})
    return results
