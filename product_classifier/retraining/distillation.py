"""Distillation: a student learns to reproduce its teacher's bottlenecks, without any labels.

In each epoch the student sees another view of each picture, beside the teacher's bottleneck of that
same view. The teacher runs once for each view, which takes most of the time; its bottlenecks are
cached. Read `distil` first, then `_train_epoch` and `_evaluate`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.student import Shape, Student, refuse_large
from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks, cache_name
from product_classifier.models.scaling import Scaling
from product_classifier.retraining.checkpoint import Checkpoint
from product_classifier.retraining.config import DistillationConfig
from product_classifier.retraining.keras_student import folded, load_student, new_keras_student
from product_classifier.retraining.teacher_targets import TeacherTargets
from product_classifier.selection import TRAIN, TUNING

PREDICTION_BATCH = 128
FEWEST_PICTURES = 200  # to learn from; with fewer, a student does not match on other pictures
FEWEST_TUNING = 10  # pictures
WARM_UP_STEPS = 200
WEIGHT_DECAY = 0.02
LONGEST_GRADIENT = 1.0
EARLY = 0.5  # share of the epochs that use smaller pictures, which train as well in less time
EARLY_SIZE = 0.75  # side of those pictures, as a share of the student's
AGREEMENT = "likeness"  # the key of the agreement in a checkpoint


class Agreement(NamedTuple):
    """The agreement of a student with its teacher on pictures that it has not learned from."""

    explained: float  # share of the teacher's variance, mean over the bottleneck's values
    cosine: float  # of the two bottlenecks, mean over pictures


OnEpoch = Callable[[int, float, Agreement], None]  # epoch, training loss, on the tuning pictures


class DistillationProgress(NamedTuple):
    """The number of finished epochs, and the best epoch with its weights."""

    epoch: int = 0  # finished epochs
    best_epoch: int = 0
    agreement: Agreement = Agreement(-math.inf, 0.0)  # of the best epoch
    weights: Sequence[NDArray[Any]] = ()  # of the best epoch

    def after(self, agreement: Agreement, weights: Sequence[NDArray[Any]]) -> DistillationProgress:
        """Return the progress after one more epoch, which is the best one if it agrees more."""
        epoch = self.epoch + 1
        if agreement.explained > self.agreement.explained:
            return DistillationProgress(epoch, epoch, agreement, weights)
        return self._replace(epoch=epoch)

    def numbers(self) -> dict[str, Any]:
        """Return the numbers that a checkpoint records."""
        return {
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            AGREEMENT: self.agreement,
        }


@dataclass(frozen=True)
class Distilled:
    """A student, its agreement with the teacher, and the pictures that could not be read."""

    student: Student
    agreement: Agreement
    lost: tuple[str, ...]


def distil(
    targets: TeacherTargets,
    parts: NDArray[np.str_],
    shape: Shape,
    config: DistillationConfig,
    *,
    state_path: Path,
    on_epoch: OnEpoch = lambda epoch, loss, agreement: None,
    start: Student | None = None,
) -> Distilled:
    """Train a student on the training pictures; keep the epoch that agrees most on tuning pictures.

    parts: [images], TRAIN or TUNING. start: a student of the same shape whose weights training
    starts from; random weights without. An interrupted training resumes after the last epoch that
    state_path holds. Raises ModelError if the student would be too large, there are too few
    pictures, or state_path belongs to a training with other settings.
    """
    try:
        refuse_large(shape)
    except ValueError as error:
        raise ModelError(
            f"no student of this size: {error}; pass a smaller --student_size"
        ) from None
    plain = targets.bottlenecks_of_view(0, np.arange(len(parts)))
    rows = {part: np.flatnonzero(plain.present & (parts == part)) for part in (TRAIN, TUNING)}
    for part, fewest in ((TRAIN, FEWEST_PICTURES), (TUNING, FEWEST_TUNING)):
        if len(rows[part]) < fewest:
            raise ModelError(
                f"{len(rows[part])} pictures in the {part} part are too few to distil a student "
                f"from; at least {fewest} are needed, and thousands are better: add pictures"
            )
    training = [targets.images[row] for row in rows[TRAIN].tolist()]
    targets = replace(targets, mixup_partners=sorted(training, key=lambda image: str(image.sha256)))
    by_view = [
        plain,
        *(targets.bottlenecks_of_view(view, rows[TRAIN]) for view in range(1, config.views)),
    ]
    deviation = _deviation(plain, rows[TRAIN])
    model = new_keras_student(shape, config.precision, config.seed)
    _compile(model, deviation, config, len(rows[TRAIN]))
    checkpoint = Checkpoint(state_path, _key(targets, rows, shape, config))
    if start:
        load_student(start, model)
    done = _restore(model, checkpoint)
    early = round(EARLY * config.epochs)
    while done.epoch < config.epochs and done.epoch - max(done.best_epoch, early) < config.patience:
        size = shape.size if done.epoch >= early else round(EARLY_SIZE * shape.size)
        epoch = _Epoch(done.epoch, rows[TRAIN], size)
        loss = _train_epoch(model, targets, by_view, epoch, config)
        views = _Epoch(0, rows[TUNING], shape.size)
        agreement = _evaluate(model, targets, plain, views, deviation)
        done = done.after(agreement, model.get_weights())
        variables = [variable.numpy() for variable in model.optimizer.variables]
        checkpoint.save(
            done.numbers(), now=model.get_weights(), best=done.weights, optimizer=variables
        )
        on_epoch(done.epoch, loss, agreement)
    model.set_weights(done.weights)
    about = _about(targets, rows, config, done) | ({"start": start.about} if start else {})
    student = replace(folded(model, shape), about=about)
    return Distilled(student, done.agreement, plain.lost)


def agreement_of(outputs: NDArray[np.floating], wanted: NDArray[np.floating]) -> Agreement:
    """Return the agreement of a student's outputs with a teacher's, both [pictures, width]."""
    error = np.square(wanted - outputs).mean(axis=0)
    lengths = np.linalg.norm(outputs, axis=1) * np.linalg.norm(wanted, axis=1)
    return Agreement(
        1 - float(error.mean() / wanted.var(axis=0).mean()),
        float(np.mean((outputs * wanted).sum(axis=1) / np.maximum(lengths, 1e-12))),
    )


def _restore(model: Any, checkpoint: Checkpoint) -> DistillationProgress:
    """Load an interrupted training into the model and return its progress."""
    weights = model.get_weights()
    model.optimizer.build(model.trainable_variables)
    numbers, groups = checkpoint.load(
        DistillationProgress().numbers(),
        now=weights,
        best=weights,
        optimizer=model.optimizer.variables,
    )
    if not numbers:
        return DistillationProgress()
    model.set_weights(groups["now"])
    for variable, value in zip(model.optimizer.variables, groups["optimizer"], strict=True):
        variable.assign(value)
    return DistillationProgress(
        numbers["epoch"],
        numbers["best_epoch"],
        Agreement(*numbers[AGREEMENT]),
        groups["best"],
    )


def _about(
    targets: TeacherTargets,
    rows: Mapping[str, NDArray[np.int64]],
    config: DistillationConfig,
    done: DistillationProgress,
) -> dict[str, Any]:
    """Return what a student's file records about its training."""
    return {
        "teacher": targets.teacher.name,
        "teacher_sha256": targets.teacher.sha256,
        "pictures": {part: len(part_rows) for part, part_rows in rows.items()},
        "course": asdict(config),
        "best_epoch": done.best_epoch,
        **done.agreement._asdict(),
    }


def _key(
    targets: TeacherTargets,
    rows: Mapping[str, NDArray[np.int64]],
    shape: Shape,
    config: DistillationConfig,
) -> str:
    """Return the SHA-256 of everything that a training depends on."""
    pictures = {part: [targets.images[row].sha256 for row in rows[part]] for part in rows}
    parts = [cache_name(targets.teacher), asdict(shape), asdict(config), pictures]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class _Epoch(NamedTuple):
    number: int  # finished epochs before this one
    rows: NDArray[np.int64]
    size: int  # pixels of a picture's side


def _train_epoch(
    model: Any,
    targets: TeacherTargets,
    by_view: Sequence[Bottlenecks],
    epoch: _Epoch,
    config: DistillationConfig,
) -> float:
    """Train on one view of each picture, another one in each epoch; return the mean loss."""
    rows = np.random.default_rng([config.seed, epoch.number]).permutation(epoch.rows)
    views = (rows + epoch.number) % config.views
    label = f"epoch {epoch.number + 1} of {config.epochs}"
    losses = []
    for where, pixels in targets.batches(rows, views, epoch.size, config.batch_size, label):
        pairs = zip(rows[where], views[where], strict=True)
        wanted = np.concatenate([by_view[view][np.array([row])] for row, view in pairs])
        losses.append(float(model.train_on_batch(pixels, wanted)))
    return float(np.mean(losses))


def _evaluate(
    model: Any,
    targets: TeacherTargets,
    plain: Bottlenecks,
    tuning: _Epoch,
    deviation: NDArray[np.float32],
) -> Agreement:
    """Return the agreement on the undistorted tuning pictures."""
    views = np.zeros_like(tuning.rows)
    batches = targets.batches(tuning.rows, views, tuning.size, PREDICTION_BATCH, "tuning pictures")
    outputs = np.concatenate([model.predict_on_batch(pixels) for _, pixels in batches])
    return agreement_of(outputs / deviation, plain[tuning.rows] / deviation)


def _deviation(plain: Bottlenecks, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the standard deviation of each of the teacher's values, [width]; errors are in it."""
    deviation = Scaling.fit(plain, rows).deviation
    least = deviation.mean() / 10  # a value that hardly varies must not count most
    return np.asarray(np.maximum(deviation, least), np.float32)


def _compile(
    model: Any, deviation: NDArray[np.float32], config: DistillationConfig, pictures: int
) -> None:
    import keras

    steps = config.epochs * math.ceil(pictures / config.batch_size)
    scale = keras.ops.convert_to_tensor(1 / deviation)

    def error(wanted: Any, outputs: Any) -> Any:
        return keras.ops.mean(keras.ops.square((wanted - outputs) * scale), axis=-1)

    warm_up = min(WARM_UP_STEPS, math.ceil(steps / 10))
    rate = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / warm_up,
        steps - warm_up + 1,
        warmup_target=config.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=WEIGHT_DECAY, global_clipnorm=LONGEST_GRADIENT
    )
    model.compile(optimizer, error)
