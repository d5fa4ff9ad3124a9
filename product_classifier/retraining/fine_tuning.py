"""Fine-tuning: a network's last blocks, or all of it, are trained on labels with a softmax head.

The head starts as the softmax regression on the frozen network's bottlenecks, so that training
starts at the frozen network's accuracy instead of destroying pre-trained weights first. All of it
is Keras, on any backend and accelerator. Read `fine_tune` first.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.backbone import Backbone
from product_classifier.console import SILENT, Console
from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import bottleneck_cache, bottlenecks
from product_classifier.models.base import Score
from product_classifier.models.choices import LEARNING_RATE, Schedule
from product_classifier.models.fitting import PATIENCE
from product_classifier.retraining.checkpoint import Checkpoint
from product_classifier.retraining.config import FineTuningConfig
from product_classifier.retraining.trainable_network import TrainableNetwork
from product_classifier.retraining.trainer import SoftmaxHead, Trainer, TrainingState
from product_classifier.retraining.training_images import InputSource, TrainingImages
from product_classifier.selection import TEST, TRAIN, TUNING

T = TypeVar("T")
# of the softmax regression that the head starts as
HEAD_START = Schedule(
    batch_size=100, steps=4000, round_steps=100, patience=PATIENCE, learning_rate=LEARNING_RATE
)
WORSE = 0.01  # change of the accuracy by saving a network that is worth a message


class Epoch(NamedTuple):
    """The result of an epoch; number 0 is the frozen network with its head, before training."""

    number: int
    on_batches: Score
    on_tuning: Score
    seconds: float


OnEpoch = Callable[[Epoch], None]


class FineTuningProgress(NamedTuple):
    """The number of finished epochs, the best epoch, and the batch size in use."""

    batch_size: int
    best: Score  # of the best epoch, on the tuning pictures
    epoch: int = 0  # finished epochs
    best_epoch: int = 0

    def after(self, score: Score) -> FineTuningProgress:
        """Return the progress after one more epoch with this score on the tuning pictures.

        The best epoch has the lowest loss; without tuning pictures it is the last epoch. A loss of
        nan never replaces a finite one.
        """
        epoch = self.epoch + 1
        if score.loss < self.best.loss or math.isnan(self.best.loss):
            return self._replace(epoch=epoch, best_epoch=epoch, best=score)
        return self._replace(epoch=epoch)


@dataclass(frozen=True)
class FineTuned:
    """The head of the best epoch, whose weights the network now has, and the results."""

    head: SoftmaxHead
    progress: FineTuningProgress
    on_test: Score

    def about(
        self, trainable: TrainableNetwork, config: FineTuningConfig, labelled: TrainingImages
    ) -> dict[str, Any]:
        """Return what a network's file records about its training."""
        best = self.progress.best
        return {
            "fine_tuned": trainable.backbone.name,
            "fine_tuned_sha256": trainable.backbone.sha256,
            "pictures": {part: len(rows) for part, rows in labelled.rows.items()},
            "labels": len(labelled.labels),
            "plan": asdict(config),
            "best_epoch": self.progress.best_epoch,
            **({} if math.isnan(best.loss) else {"tuning": best._asdict()}),
        }


def fine_tune(
    trainable: TrainableNetwork,
    labelled: TrainingImages,
    config: FineTuningConfig,
    *,
    network: Any,
    source: InputSource,
    head: SoftmaxHead,
    state_path: Path,
    on_epoch: OnEpoch = lambda epoch: None,
    console: Console = SILENT,
) -> FineTuned:
    """Train a network on the training pictures; keep the epoch of the lowest tuning loss.

    network: the trainable's model, or its tail that takes the inputs of source. head: the weights
    that the softmax head starts with. An interrupted training resumes after the last epoch that
    state_path holds and ends as an uninterrupted one. Raises ModelError if memory does not suffice
    for a single picture, or if state_path belongs to another training.
    """
    trainable.freeze_but(trainable.trained_blocks(config.part))
    trainer = Trainer(network, head, labelled, source)
    checkpoint = Checkpoint(state_path, _key(trainable, labelled, config))
    train, tuning, test = (labelled.rows[part] for part in (TRAIN, TUNING, TEST))

    done, best = _restore(trainer, checkpoint)
    if done is None:
        best = trainer.state()
        score_tuning = functools.partial(trainer.score, tuning)
        score, size = _in_memory(score_tuning, config.batch_size, trainer, console)
        done = FineTuningProgress(size, score)
        on_epoch(Epoch(0, Score(math.nan, math.nan), score, 0.0))
    while done.epoch < config.epochs and done.epoch - done.best_epoch < config.patience:
        started, number = time.monotonic(), done.epoch

        def train_epoch(size: int, number: int = number) -> tuple[Score, Score]:
            rows = np.random.default_rng([config.seed, number]).permutation(train)
            label = f"epoch {number + 1} of {config.epochs}"
            rate = functools.partial(config.rate, number)
            return trainer.epoch(rows, size, number, rate, label), trainer.score(tuning, size)

        (on_batches, score), size = _in_memory(train_epoch, done.batch_size, trainer, console)
        done = done._replace(batch_size=size).after(score)
        now = trainer.state()
        best = now if done.best_epoch == done.epoch else best
        checkpoint.save(done._asdict(), now=now[0], optimizer=now[1], best=best[0])
        on_epoch(Epoch(done.epoch, on_batches, score, time.monotonic() - started))
    trainer.set_state((best[0], trainer.state()[1]))
    score_test = functools.partial(trainer.score, test)
    on_test, _ = _in_memory(score_test, done.batch_size, trainer, console)
    return FineTuned(trainer.head, done, on_test)


def predict_test(
    saved: Backbone,
    fine_tuned: FineTuned,
    labelled: TrainingImages,
    cache_path: Path,
    console: Console = SILENT,
) -> NDArray[np.int64]:
    """Return the labels that a saved network and its head predict for the test pictures, [test].

    Says so if saving the network, as a student in 8 bits, has changed its accuracy.
    """
    rows = labelled.rows[TEST]
    images = [labelled.images[row] for row in rows.tolist()]
    cache = bottleneck_cache(cache_path, saved, console)
    values = bottlenecks(images, labelled.folder, saved, cache, labelled.console)
    predicted = fine_tuned.head.predict(values[np.arange(len(rows))])
    accuracy = float((predicted == labelled.label_of[rows]).mean())
    if abs(accuracy - fine_tuned.on_test.accuracy) > WORSE:
        console.say(
            f"test accuracy of the network before it was saved: {fine_tuned.on_test.accuracy:.1%}"
        )
    return predicted


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of any Keras backend means that memory ran out."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error).lower()
    return (
        bool(names & {"ResourceExhaustedError", "OutOfMemoryError", "MemoryError"})
        or "resource_exhausted" in text
        or "out of memory" in text
    )


def _restore(
    trainer: Trainer, checkpoint: Checkpoint
) -> tuple[FineTuningProgress | None, TrainingState]:
    """Load an interrupted training, if any; return its progress and its best weights."""
    weights, optimizer = trainer.state()
    like = FineTuningProgress(1, Score(0.0, 0.0))._asdict()
    numbers, groups = checkpoint.load(like, now=weights, best=weights, optimizer=optimizer)
    if not numbers:
        return None, ([], [])
    trainer.set_state((groups["now"], groups["optimizer"]))
    done = FineTuningProgress(**{**numbers, "best": Score(*numbers["best"])})
    return done, (groups["best"], [])


def _in_memory(
    work: Callable[[int], T], size: int, trainer: Trainer, console: Console
) -> tuple[T, int]:
    """Return work(size) and size; if memory runs out, start again with half of the batch size."""
    before = trainer.state()
    while True:
        try:
            return work(size), size
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            if size == 1:
                raise ModelError(
                    "there is not enough memory for even one picture; pass --fine-tune head or "
                    "a smaller last:N, or a smaller --backbone"
                ) from None
        console.say(f"out of memory with {size} pictures at once; continuing with {size // 2}")
        size //= 2
        trainer.set_state(before)


def _key(trainable: TrainableNetwork, labelled: TrainingImages, config: FineTuningConfig) -> str:
    """Return the SHA-256 of everything that a training depends on."""
    parts = [
        trainable.backbone.sha256,
        len(labelled.labels),
        asdict(config),
        labelled.identities,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
