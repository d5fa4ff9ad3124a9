"""Heads for the levels of a small tree, and what is said of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from product_classifier.errors import ModelError
from product_classifier.features.dataset_features import Features
from product_classifier.models.base import Targets, Task
from product_classifier.models.choices import Choices
from product_classifier.models.experiment import (
    accuracy_by_level,
    levels_of,
    run_experiment,
    with_levels,
)
from product_classifier.models.fitting import fit_network
from product_classifier.models.network import softmax
from product_classifier.records import Category, Dataset, Item
from tests.models import test_training

PATHS = ["women/jeans/bootcut", "women/jeans/flare", "women/belts", "men/hats/caps"]
ABOVE = [("women/jeans", "women"), ("women/jeans", "women"), ("women",), ("men/hats", "men")]
BOOTCUT, FLARE, BELTS, CAPS = range(4)

short_rounds = test_training.short_rounds


def dataset(paths: list[str], above: list[tuple[str, ...]], each: int = 1) -> Dataset:
    categories = tuple(
        Category(id=path, name=path, parent=None, path=path, leaf=True) for path in paths
    )
    parts = ("train", "train", "train", "train", "tuning", "calibration", "test")
    items = tuple(
        Item(
            id=f"{path}-{k:02}",
            text=path.replace("/", " "),
            image=None,
            labels=(number,),
            part=parts[k % len(parts)],
        )
        for number, path in enumerate(paths)
        for k in range(each)
    )
    return Dataset(
        categories=categories,
        above=tuple(above),
        items=items,
        name="clothes",
        split="split",
        left_out=(),
        settings={},
    )


def test_a_leaf_is_its_own_node_below_its_level() -> None:
    women_men, middle, leaves = levels_of(dataset(PATHS, ABOVE)).tolist()
    assert women_men == [0, 0, 0, 1]
    assert middle == [0, 0, 1, 2]  # jeans, jeans, belts, hats
    assert leaves == [0, 1, 2, 3]


def test_a_level_of_one_category_is_left_out() -> None:
    assert levels_of(dataset(PATHS[:3], ABOVE[:3])).tolist() == [[0, 0, 1], [0, 1, 2]]


def test_a_level_that_repeats_a_partition_is_left_out() -> None:
    deeper = [*PATHS[:3], "men/hats/caps/flat"], [*ABOVE[:3], ("men/hats/caps", "men/hats", "men")]
    assert len(levels_of(dataset(*deeper))) == 3


def test_leaves_that_are_all_on_one_level_are_refused() -> None:
    with pytest.raises(ModelError, match="leave out --levels"):
        levels_of(dataset(PATHS[:2], ABOVE[:2]))


def test_the_accuracy_of_each_level_stands_beside_chance() -> None:
    levels = levels_of(dataset(PATHS, ABOVE))
    predicted = np.array([FLARE, BELTS, BOOTCUT, CAPS])
    truth = [(BOOTCUT,), (BELTS, CAPS), (CAPS,), ()]  # the last product has no label
    top, middle, leaf = accuracy_by_level(levels, predicted, truth)
    assert top == {"categories": 2, "chance": 1 / 2, "accuracy": 2 / 3}
    assert middle == {"categories": 3, "chance": 1 / 3, "accuracy": 2 / 3}
    assert leaf == {"categories": 4, "chance": 1 / 4, "accuracy": 1 / 3}


@pytest.mark.slow
def test_heads_learn_a_leaf_with_a_single_product() -> None:
    words = test_training.words()
    words.resize((words.shape[0], 6))
    labels = [(k % 3,) for k in range(120)]
    labels[0] = (3,)
    levels = np.array([[0, 0, 1, 1], [0, 1, 2, 3]])
    learning = Targets.of(range(90), labels)
    task = Task(
        features=Features(words),
        learning=learning,
        tuning=Targets.of(range(90, 105), labels),
        classes=4,
    )
    fitted = with_levels(fit_network, levels)(task)
    logits = np.asarray(fitted.classifier.logits(np.arange(105, 120)))
    assert logits.argmax(axis=1).tolist() == [k % 3 for k in range(105, 120)]
    # a leaf's probability is the product of its nodes' shares on both levels
    assert (logits <= 0).all()
    assert (softmax(logits)[:, 3] < 0.1).all()


@pytest.mark.slow
def test_an_experiment_records_its_levels() -> None:
    data = dataset(PATHS, ABOVE, each=35)
    rows = np.zeros((len(data.items), 4), np.float32)
    rows[np.arange(len(rows)), [item.labels[0] for item in data.items]] = 1
    features = dataclasses.replace(Features(), words=csr_matrix(rows))
    experiment, _ = run_experiment(data, features, Choices(levels=True), 0.0)
    assert [level["accuracy"] for level in experiment.settings["levels"]] == [1.0, 1.0, 1.0]
    assert experiment.settings["heads"] == "levels"
