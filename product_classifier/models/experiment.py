"""An experiment: a categorizer trained and tested on a data set, ready to be stored.

With a head for each level of the category tree, a prediction is a path of the tree: levels count
from the top, a leaf that ends above the lowest level is its own node on the levels below, and the
probability of a leaf is the product of its nodes' probabilities on all levels.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import math
import platform
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier import __version__
from product_classifier.console import SILENT, Console
from product_classifier.errors import ModelError
from product_classifier.features.dataset_features import Features
from product_classifier.features.neighbours import COMPARED, most_alike
from product_classifier.models.base import Fit, Fitted, Task
from product_classifier.models.choices import Choices, recorded
from product_classifier.models.fits import fit_of
from product_classifier.models.novelty import Novelty, measure_novelty
from product_classifier.models.split import CALIBRATION, TEST, TRAIN, TUNING, position_of
from product_classifier.models.training import Trained, predict, predict_paths, train
from product_classifier.predictions import Experiment, NoveltyScore, PathScores, Prediction
from product_classifier.records import Dataset

TITLES = {"words": "Text", "images": "Image", "both": "Image+Text"}
LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn", "pillow")


def run_experiment(
    dataset: Dataset,
    features: Features,
    choices: Choices,
    started: float,
    console: Console = SILENT,
) -> tuple[Experiment, Trained]:
    """Train on the training part, tune on the tuning part, predict the other two parts.

    started: time.monotonic() before the work began, for the experiment's seconds. Return the
    experiment and the trained classifier.
    """
    labels = [item.labels for item in dataset.items]
    parts = np.array([item.part for item in dataset.items])
    rows = {part: np.flatnonzero(parts == part) for part in (TRAIN, TUNING, CALIBRATION, TEST)}
    classes, learned = len(dataset.categories), _fewer(dataset, rows[TRAIN], choices)
    fit = fit_of(choices)
    levels = levels_of(dataset) if choices.levels else None
    if levels is not None:
        fit = with_levels(fit, levels)

    def train_on(labels: Sequence[Sequence[int]]) -> Trained:
        return train(
            features,
            labels,
            learned,
            rows[TUNING],
            classes,
            seed=choices.seed,
            console=console,
            fit=fit,
            balance=choices.balance,
        )

    trained = train_on(labels)
    accuracy: dict[str, float | None] = {}
    for part in (TRAIN, TUNING, CALIBRATION, TEST):
        labelled = np.array([row for row in rows[part] if labels[row]], dtype=np.int64)
        evaluated = trained.before_refit if part == TUNING else trained
        predicted, _ = predict(evaluated, features, labelled)
        right = [k in labels[row] for row, k in zip(labelled, predicted, strict=True)]
        accuracy[part] = float(np.mean(right)) if right else None
    nodes, above = _tree(dataset)
    paths = []
    for part in (CALIBRATION, TEST):
        answers, score, uncalibrated = predict_paths(trained, features, rows[part], above)
        paths.append(
            PathScores(
                part=part,
                products=[dataset.items[row].id for row in rows[part]],
                categories=nodes,
                answers=answers,
                score=score,
                uncalibrated=uncalibrated,
            )
        )
    tested = paths[1]
    wrong = _most_confident_errors(rows[TEST], tested, labels)
    predictions = [
        Prediction(product, nodes[k], float(score))
        for product, k, score in zip(
            tested.products, tested.answers[:, 0], tested.score[:, 0], strict=True
        )
    ]
    by_level = {}
    if levels is not None:
        truth = [labels[row] for row in rows[TEST]]
        by_level = {"levels": accuracy_by_level(levels, tested.answers[:, 0], truth)}
    novelty = None
    if choices.novelty:
        rows_learned = {**rows, TRAIN: learned}
        novelty = measure_novelty(
            trained,
            train_on,
            features,
            labels,
            rows=rows_learned,
            classes=classes,
            seed=choices.seed,
        )
    experiment = Experiment(
        name=f"{TITLES[choices.kind]} classification of: {dataset.name}",
        kind=choices.kind,
        split=dataset.split,
        settings={
            **dataset.settings,
            **features.settings,
            **_without_marked(dataset, features),
            **trained.settings,
            **recorded(choices),
            **by_level,
            **_novelty_metrics(novelty),
            "peak_bytes": peak_bytes(),
        },
        versions=_versions(),
        seconds=time.monotonic() - started,
        accuracy=accuracy,
        predictions=predictions,
        paths=paths,
        novelty=_novelty_scores(novelty, tested.products),
        alike=most_alike(features, [item.id for item in dataset.items], wrong),
    )
    return experiment, trained


def _without_marked(dataset: Dataset, features: Features) -> dict[str, int]:
    """Return the number of marked pictures that were left out, if any."""
    if features.pictures is None or not dataset.marked_images:
        return {}
    return {"marked_pictures": dataset.marked_images}


def _novelty_metrics(novelty: Novelty | None) -> dict[str, Any]:
    """Return the novelty-detection metrics that an experiment records."""
    if novelty is None:
        return {}
    values = {
        "threshold": novelty.threshold,
        "marked": int(novelty.marked.sum()),
        "left_out": novelty.left_out,
        "auroc": novelty.auroc,
        "softmax_auroc": novelty.softmax_auroc,
        "false_alarms": novelty.false_alarms,
    }
    return {"outside": {name: value for name, value in values.items() if math.isfinite(value)}}


def _novelty_scores(novelty: Novelty | None, products: Sequence[str]) -> list[NoveltyScore]:
    if novelty is None:
        return []
    return [
        NoveltyScore(product, float(score), bool(marked))
        for product, score, marked in zip(products, novelty.score, novelty.marked, strict=True)
    ]


def _fewer(dataset: Dataset, train_rows: NDArray[np.int64], choices: Choices) -> NDArray[np.int64]:
    """Return the training rows, at most max_per_category_train of a category, chosen by hash."""
    if choices.max_per_category_train is None:
        return train_rows

    def place(row: int) -> float:
        return position_of(f"{choices.seed} {dataset.items[row].id}")

    counts: Counter[int] = Counter()
    chosen = []
    for row in sorted(train_rows.tolist(), key=place):
        labels = dataset.items[row].labels
        if labels and all(counts[label] < choices.max_per_category_train for label in labels):
            counts.update(labels)
            chosen.append(row)
    return np.array(sorted(chosen), dtype=np.int64)


def _most_confident_errors(
    rows: NDArray[np.int64], tested: PathScores, labels: Sequence[Sequence[int]]
) -> NDArray[np.int64]:
    """Return the test rows that are predicted wrongly, highest scores first, at most COMPARED."""
    wrong = [
        k for k, row in enumerate(rows) if labels[row] and tested.answers[k, 0] not in labels[row]
    ]
    wrong.sort(key=lambda k: -tested.score[k, 0])
    return rows[wrong[:COMPARED]]


def _tree(dataset: Dataset) -> tuple[list[str], NDArray[np.int64]]:
    """Return the ids of the learned categories and their ancestors, and each one's path.

    The paths are numbers of these ids, [classes, heights], from the category up; -1 fills the rest.
    """
    numbers = {category.id: k for k, category in enumerate(dataset.categories)}
    paths = np.full((len(numbers), 1 + max(map(len, dataset.above))), -1)
    for k, above in enumerate(dataset.above):
        paths[k, 0] = k
        paths[k, 1 : 1 + len(above)] = [numbers.setdefault(node, len(numbers)) for node in above]
    return list(numbers), paths


def _versions() -> dict[str, str]:
    return {
        "product_classifier": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def peak_bytes() -> int:
    """Return the peak memory of this process, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's rusage includes the memory of the parent at the start
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


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
