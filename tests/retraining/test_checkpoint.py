"""Checkpoints of interrupted trainings: resumed, damaged, or of another training."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from product_classifier.errors import ModelError
from product_classifier.retraining.checkpoint import Checkpoint

NUMBERS = {"epoch": 3, "best": (0.5, float("-inf"))}
WEIGHTS = [np.ones((2, 3), np.float32), np.zeros(4, np.float32)]
STEP = [np.array(7, np.int64)]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    saved = Checkpoint(tmp_path / "network.state", "key")
    saved.save(NUMBERS, now=WEIGHTS, optimizer=STEP)
    return saved


def load(checkpoint: Checkpoint) -> Any:
    return checkpoint.load(NUMBERS, now=WEIGHTS, optimizer=STEP)


def test_a_checkpoint_restores_numbers_and_arrays(checkpoint: Checkpoint) -> None:
    numbers, groups = load(checkpoint)
    assert numbers == {"epoch": 3, "best": [0.5, float("-inf")]}
    assert [array.tolist() for array in groups["now"]] == [w.tolist() for w in WEIGHTS]
    assert groups["optimizer"] == STEP


def test_a_missing_checkpoint_is_empty(tmp_path: Path) -> None:
    assert load(Checkpoint(tmp_path / "none.state", "key")) == ({}, {})


@pytest.mark.parametrize(
    "groups",
    [
        {"now": [np.ones((2, 4), np.float32), WEIGHTS[1]], "optimizer": STEP},
        {"now": [np.ones((2, 3), np.float64), WEIGHTS[1]], "optimizer": STEP},
        {"now": WEIGHTS[:1], "optimizer": STEP},
        {"now": WEIGHTS, "optimizer": STEP, "more": STEP},
        {"now": [np.zeros(10**8, np.int8), *WEIGHTS], "optimizer": STEP},
    ],
)
def test_arrays_of_another_training_are_refused(
    checkpoint: Checkpoint, groups: dict[str, Any]
) -> None:
    checkpoint.save(NUMBERS, **groups)
    with pytest.raises(ModelError, match=r"is damaged .*; remove it to start again"):
        load(checkpoint)


@pytest.mark.parametrize(
    "numbers",
    [
        {"epoch": 3},
        {"epoch": -1, "best": [0, 0]},
        {"epoch": 10**30, "best": [0, 0]},
        {"epoch": "3", "best": [0, 0]},
        {"epoch": 3, "best": [0]},
        {"epoch": 3, "best": [None, 0]},
        {"epoch": True, "best": [0, 0]},
        {"epoch": 3, "best": [0, 0], "more": 1},
    ],
)
def test_numbers_of_another_training_are_refused(
    checkpoint: Checkpoint, numbers: dict[str, Any]
) -> None:
    checkpoint.save(numbers, now=WEIGHTS, optimizer=STEP)
    with pytest.raises(ModelError, match="is damaged"):
        load(checkpoint)


@pytest.mark.parametrize("head", ["[" * 100_000, "[]", "null", json.dumps({"key": "other"})])
def test_an_invalid_head_or_one_of_another_training_is_refused(
    checkpoint: Checkpoint, head: str
) -> None:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, head=np.array(head))
    checkpoint.path.write_bytes(file.getvalue())
    with pytest.raises(ModelError, match=r"is damaged|belongs to a training"):
        load(checkpoint)
