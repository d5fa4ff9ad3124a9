"""Fine-tuning where a backend of Keras runs out of memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from product_classifier.console import SILENT
from product_classifier.errors import ModelError
from product_classifier.models.experiment import is_out_of_memory
from product_classifier.retraining.fine_tuning import fine_tune
from product_classifier.retraining.trainable_network import load_tunable
from product_classifier.retraining.trainer import Tuner
from product_classifier.retraining.training_images import Album, Squares
from tests.consoles import Recorder
from tests.retraining import test_fine_tuning as small_network
from tests.retraining.test_fine_tuning import PLAN, SHAPE, blank, kernels, tune

student, album = small_network.student, small_network.album


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's own."""


@pytest.mark.slow
def test_where_memory_runs_out_batches_are_halved_and_the_epoch_begins_anew(
    student: Path, album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    tunable, expected = tune(student, album, small, replace(PLAN, batch_size=8))
    train = Tuner.epoch

    def only_eight(self: Tuner, rows: Any, batch_size: int, *more: Any) -> Any:
        found = train(self, rows[:batch_size] if batch_size > 8 else rows, batch_size, *more)
        if batch_size > 8:  # after a step, which must be undone
            raise ResourceExhaustedError("OOM when allocating tensor")
        return found

    monkeypatch.setattr(Tuner, "epoch", only_eight)
    told: list[str] = []
    again = load_tunable(str(student), None, "float32", SILENT)
    source = Squares(album, SHAPE.size, PLAN.distortions, PLAN.seed)
    plan, state = replace(PLAN, batch_size=32), large / "network.state"
    found = fine_tune(
        again, again.model, source, album, blank(), plan, state, console=Recorder(told)
    )
    assert told == [
        "out of memory with 32 pictures at once; going on with 16",
        "out of memory with 16 pictures at once; going on with 8",
    ]
    assert found.progress == expected.progress
    wanted = kernels(tunable, tmp_path / "a.npz")
    for name, kernel in kernels(again, tmp_path / "b.npz").items():
        assert (kernel == wanted[name]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "told", "message"),
    [
        (ResourceExhaustedError("OOM"), ModelError, "not enough memory for one picture at once"),
        (RuntimeError("something else"), RuntimeError, "something else"),
    ],
)
def test_what_smaller_batches_do_not_mend_is_told(
    error: Exception,
    told: type[Exception],
    message: str,
    student: Path,
    album: Album,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(self: Tuner, *rest: Any) -> Any:
        raise error

    monkeypatch.setattr(Tuner, "epoch", never)
    with pytest.raises(told, match=message):
        tune(student, album, tmp_path)


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), True),  # torch
        (type("XlaRuntimeError", (RuntimeError,), {})("RESOURCE_EXHAUSTED: 3 GiB"), True),  # jax
        (ResourceExhaustedError(), True),
        (MemoryError(), True),
        (type("InternalError", (Exception,), {})("no such kernel"), False),
    ],
)
def test_each_backend_has_an_error_for_it(error: Exception, memory: bool) -> None:
    assert is_out_of_memory(error) == memory
