"""Fine-tuning where a backend of Keras runs out of memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from product_classifier.console import SILENT
from product_classifier.errors import ModelError
from product_classifier.retraining.fine_tuning import fine_tune, is_out_of_memory
from product_classifier.retraining.trainable_network import load_trainable_network
from product_classifier.retraining.trainer import Trainer
from product_classifier.retraining.training_images import ImageInputs, TrainingImages
from tests.consoles import Recorder
from tests.retraining import test_fine_tuning as small_network
from tests.retraining.test_fine_tuning import CONFIG, SHAPE, blank, kernels, tune

student, labelled = small_network.student, small_network.labelled


class ResourceExhaustedError(Exception):
    """An error with the name of TensorFlow's."""


@pytest.mark.slow
def test_out_of_memory_the_batch_size_is_halved_and_the_epoch_restarted(
    student: Path, labelled: TrainingImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    trainable, expected = tune(student, labelled, small, replace(CONFIG, batch_size=8))
    train = Trainer.epoch

    def only_eight(self: Trainer, rows: Any, batch_size: int, *more: Any) -> Any:
        score = train(self, rows[:batch_size] if batch_size > 8 else rows, batch_size, *more)
        if batch_size > 8:  # after a step, which must be undone
            raise ResourceExhaustedError("OOM when allocating tensor")
        return score

    monkeypatch.setattr(Trainer, "epoch", only_eight)
    messages: list[str] = []
    again = load_trainable_network(str(student), None, "float32", SILENT)
    source = ImageInputs(labelled, SHAPE.size, CONFIG.distortions, CONFIG.seed)
    fine_tuned = fine_tune(
        again,
        labelled,
        replace(CONFIG, batch_size=32),
        network=again.model,
        source=source,
        head=blank(),
        state_path=large / "network.state",
        console=Recorder(messages),
    )
    assert messages == [
        "out of memory with 32 pictures at once; continuing with 16",
        "out of memory with 16 pictures at once; continuing with 8",
    ]
    assert fine_tuned.progress == expected.progress
    wanted = kernels(trainable, tmp_path / "a.npz")
    for name, kernel in kernels(again, tmp_path / "b.npz").items():
        assert (kernel == wanted[name]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (ResourceExhaustedError("OOM"), ModelError, "not enough memory for even one picture"),
        (RuntimeError("something else"), RuntimeError, "something else"),
    ],
)
def test_errors_that_smaller_batches_do_not_avoid_are_raised(
    error: Exception,
    raised: type[Exception],
    message: str,
    student: Path,
    labelled: TrainingImages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(self: Trainer, *rest: Any) -> Any:
        raise error

    monkeypatch.setattr(Trainer, "epoch", never)
    with pytest.raises(raised, match=message):
        tune(student, labelled, tmp_path)


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
def test_each_backends_out_of_memory_error_is_recognised(error: Exception, memory: bool) -> None:
    assert is_out_of_memory(error) == memory
