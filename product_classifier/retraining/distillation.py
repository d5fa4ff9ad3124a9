"""Distillation: a student learns to give what a teacher gives for the same pictures, unlabelled.

In each epoch it sees another view of each picture beside the teacher's bottleneck of that very
view. What costs is the teacher, once for each view; its bottlenecks are cached.
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

from product_classifier.backbones.keras_networks import FULL_PRECISION
from product_classifier.backbones.student import Shape, Student, refuse_large
from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks, cache_name
from product_classifier.models.scaling import Scaling
from product_classifier.models.split import TRAIN, TUNING
from product_classifier.retraining.checkpoint import Checkpoint
from product_classifier.retraining.keras_student import folded, new_pupil, unfold
from product_classifier.retraining.teacher_targets import Lessons

PREDICTION_BATCH = 128
FEWEST_PICTURES = 200  # to learn from; fewer teach nothing that holds for other pictures
FEWEST_TUNING = 10
WARM_UP_STEPS = 200
WEIGHT_DECAY = 0.02
LONGEST_GRADIENT = 1.0
EARLY = 0.5  # share of the epochs in which smaller pictures teach the same in less time
EARLY_SIZE = 0.75  # of those pictures


@dataclass(frozen=True)
class Course:
    """How long and how to learn."""

    epochs: int = 40  # at most
    views: int = 8  # of each picture, one an epoch, in turn
    batch_size: int = 128
    learning_rate: float = 0.002  # at its highest; it falls to zero along a cosine
    patience: int = 10  # late epochs without a closer match on the tuning pictures
    precision: str = FULL_PRECISION
    seed: int = 0
    start: str = ""  # SHA-256 of the student to go on from


class Likeness(NamedTuple):
    """How close a student comes to its teacher on pictures it has not learned from."""

    explained: float  # share of the teacher's variance, mean over its values
    cosine: float  # of the two bottlenecks, mean over pictures


Observe = Callable[[int, float, Likeness], None]  # epoch, training loss, on the tuning pictures


class Progress(NamedTuple):
    """How far a training has come, and the best of it."""

    epoch: int = 0  # finished ones
    best_epoch: int = 0
    likeness: Likeness = Likeness(-math.inf, 0.0)  # of the best epoch
    weights: Sequence[NDArray[Any]] = ()  # of the best epoch

    def after(self, found: Likeness, weights: Sequence[NDArray[Any]]) -> Progress:
        """Count an epoch, and keep what it led to if that is closer than anything before."""
        epoch = self.epoch + 1
        if found.explained > self.likeness.explained:
            return Progress(epoch, epoch, found, weights)
        return self._replace(epoch=epoch)


@dataclass(frozen=True)
class Taught:
    """A student, how close it comes to its teacher, and the pictures that could not be read."""

    student: Student
    likeness: Likeness
    lost: tuple[str, ...]


def distil(
    lessons: Lessons,
    parts: NDArray[np.str_],
    shape: Shape,
    course: Course,
    state_path: Path,
    observe: Observe = lambda epoch, loss, likeness: None,
    start: Student | None = None,
) -> Taught:
    """Train a student on the training pictures; keep what is closest on the tuning pictures.

    parts: [images]; start: a student of the same shape to go on from, else it begins with random
    weights. Interrupted, it goes on after the last epoch that state_path holds. Raises
    ModelError for too large a student, where there are too few pictures, or where state_path is of
    another course.
    """
    try:
        refuse_large(shape)
    except ValueError as error:
        raise ModelError(
            f"no student of this size: {error}; pass a smaller --student_size"
        ) from None
    plain = lessons.answers(0, np.arange(len(parts)))
    rows = {part: np.flatnonzero(plain.present & (parts == part)) for part in (TRAIN, TUNING)}
    for part, fewest in ((TRAIN, FEWEST_PICTURES), (TUNING, FEWEST_TUNING)):
        if len(rows[part]) < fewest:
            raise ModelError(
                f"{len(rows[part])} pictures in the {part} part are too few to distil a student "
                f"from; {fewest} are the least, and thousands are better: add pictures"
            )
    learned_from = (lessons.images[row] for row in rows[TRAIN].tolist())
    lessons = replace(lessons, mates=sorted(learned_from, key=lambda image: str(image.sha256)))
    views = range(1, course.views)
    taught = [plain, *(lessons.answers(view, rows[TRAIN]) for view in views)]
    deviation = _deviation(plain, rows[TRAIN])
    pupil = new_pupil(shape, course.precision, course.seed)
    _compile(pupil, deviation, course, len(rows[TRAIN]))
    checkpoint = Checkpoint(state_path, _key(lessons, rows, shape, course))
    if start:
        unfold(start, pupil)
    done = _restore(pupil, checkpoint)
    early = round(EARLY * course.epochs)
    while done.epoch < course.epochs and done.epoch - max(done.best_epoch, early) < course.patience:
        size = shape.size if done.epoch >= early else round(EARLY_SIZE * shape.size)
        loss = _epoch(pupil, lessons, taught, rows[TRAIN], size, course, done.epoch)
        found = _judge(pupil, lessons, plain, rows[TUNING], deviation, shape.size)
        done = done.after(found, pupil.get_weights())
        variables = [variable.numpy() for variable in pupil.optimizer.variables]
        numbers = done._replace(weights=())._asdict()
        checkpoint.save(numbers, now=pupil.get_weights(), best=done.weights, optimizer=variables)
        observe(done.epoch, loss, found)
    pupil.set_weights(done.weights)
    about = _about(lessons, rows, course, done) | ({"start": start.about} if start else {})
    student = replace(folded(pupil, shape), about=about)
    return Taught(student, done.likeness, plain.lost)


def _restore(pupil: Any, checkpoint: Checkpoint) -> Progress:
    weights, like = pupil.get_weights(), Progress()._replace(weights=())._asdict()
    pupil.optimizer.build(pupil.trainable_variables)
    numbers, groups = checkpoint.load(
        like, now=weights, best=weights, optimizer=pupil.optimizer.variables
    )
    if not numbers:
        return Progress()
    pupil.set_weights(groups["now"])
    for variable, value in zip(pupil.optimizer.variables, groups["optimizer"], strict=True):
        variable.assign(value)
    likeness = Likeness(*numbers["likeness"])
    return Progress(**{**numbers, "likeness": likeness, "weights": groups["best"]})


def _about(
    lessons: Lessons, rows: Mapping[str, NDArray[np.int64]], course: Course, done: Progress
) -> dict[str, Any]:
    """Tell how a student came to be."""
    return {
        "teacher": lessons.teacher.name,
        "teacher_sha256": lessons.teacher.sha256,
        "pictures": {part: len(found) for part, found in rows.items()},
        "course": asdict(course),
        "best_epoch": done.best_epoch,
        **done.likeness._asdict(),
    }


def _key(
    lessons: Lessons, rows: Mapping[str, NDArray[np.int64]], shape: Shape, course: Course
) -> str:
    """Hash all that a training depends on."""
    pictures = {part: [lessons.images[row].sha256 for row in rows[part]] for part in rows}
    parts = [cache_name(lessons.teacher), asdict(shape), asdict(course), pictures]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _epoch(
    pupil: Any,
    lessons: Lessons,
    taught: Sequence[Bottlenecks],
    rows: NDArray[np.int64],
    size: int,
    course: Course,
    epoch: int,
) -> float:
    """Learn from one view of each picture, another one in each epoch; returns the mean loss."""
    rows = np.random.default_rng([course.seed, epoch]).permutation(rows)
    views = (rows + epoch) % course.views
    label = f"epoch {epoch + 1} of {course.epochs}"
    losses = []
    for where, pixels in lessons.batches(rows, views, size, course.batch_size, label):
        pairs = zip(rows[where], views[where], strict=True)
        wanted = np.concatenate([taught[view][np.array([row])] for row, view in pairs])
        losses.append(float(pupil.train_on_batch(pixels, wanted)))
    return float(np.mean(losses))


def _deviation(plain: Bottlenecks, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """How much each of the teacher's values varies, [width]; by this an error is measured."""
    deviation = Scaling.fit(plain, rows).deviation
    least = deviation.mean() / 10  # a value that hardly varies must not count most
    return np.asarray(np.maximum(deviation, least), np.float32)


def _compile(pupil: Any, deviation: NDArray[np.float32], course: Course, pictures: int) -> None:
    import keras

    steps = course.epochs * math.ceil(pictures / course.batch_size)
    scale = keras.ops.convert_to_tensor(1 / deviation)

    def error(wanted: Any, given: Any) -> Any:
        return keras.ops.mean(keras.ops.square((wanted - given) * scale), axis=-1)

    warm_up = min(WARM_UP_STEPS, math.ceil(steps / 10))
    rate = keras.optimizers.schedules.CosineDecay(
        course.learning_rate / warm_up,
        steps - warm_up + 1,
        warmup_target=course.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=WEIGHT_DECAY, global_clipnorm=LONGEST_GRADIENT
    )
    pupil.compile(optimizer, error)


def _judge(
    pupil: Any,
    lessons: Lessons,
    plain: Bottlenecks,
    rows: NDArray[np.int64],
    deviation: NDArray[np.float32],
    size: int,
) -> Likeness:
    wanted = plain[rows]
    views = np.zeros_like(rows)
    batches = lessons.batches(rows, views, size, PREDICTION_BATCH, "tuning pictures")
    given = np.concatenate([pupil.predict_on_batch(pixels) for _, pixels in batches])
    return likeness(given / deviation, wanted / deviation)


def likeness(given: NDArray[np.floating], wanted: NDArray[np.floating]) -> Likeness:
    """Compare bottlenecks, both [n, width]."""
    error = np.square(wanted - given).mean(axis=0)
    lengths = np.linalg.norm(given, axis=1) * np.linalg.norm(wanted, axis=1)
    return Likeness(
        1 - float(error.mean() / wanted.var(axis=0).mean()),
        float(np.mean((given * wanted).sum(axis=1) / np.maximum(lengths, 1e-12))),
    )
