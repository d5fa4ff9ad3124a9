"""The levels of the category tree, from the top: each is learned by a head of its own.

A leaf that ends above the lowest level stands for itself further down, so that every level parts
all the leaves. A leaf is as likely as its nodes of all levels together; what is predicted is
therefore always one path of the tree.
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
    """List the node of each leaf at each level; one that parts them no further is left out.

    Raises ModelError where there are fewer than two others.
    """
    paths = [
        [*reversed(above), category.id]
        for category, above in zip(dataset.categories, dataset.above, strict=True)
    ]
    found = []
    for level in range(max(map(len, paths))):
        nodes = [path[min(level, len(path) - 1)] for path in paths]
        numbers = {node: k for k, node in enumerate(dict.fromkeys(nodes))}
        if len(numbers) > 1 and (parted := [numbers[node] for node in nodes]) not in found:
            found.append(parted)
    if len(found) < 2:
        raise ModelError("the chosen leaves all lie on one level of the tree; leave out --levels")
    return np.array(found, np.int64)


def with_levels(fit: Fit, levels: Levels) -> Fit:
    """Let a fit of a network train a head for each level."""

    def levelled(task: Task) -> Fitted:
        return fit(dataclasses.replace(task, levels=levels))

    return levelled


def judged_by_level(
    levels: Levels, predicted: NDArray[np.int64], labels: Sequence[Sequence[int]]
) -> list[dict[str, Any]]:
    """Tell, from the top, how many nodes each level has, chance, and the share of right ones.

    predicted: [items], classes; labels: [items], of each the right classes.
    """
    told = []
    for nodes in levels:
        right = [
            nodes[k] in nodes[list(true)]
            for k, true in zip(predicted.tolist(), labels, strict=True)
            if true
        ]
        count = int(nodes.max()) + 1
        share = float(np.mean(right)) if right else None
        told.append({"categories": count, "chance": 1 / count, "accuracy": share})
    return told
