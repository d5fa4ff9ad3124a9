"""Training a network by early stopping on the tuning rows, and predicting with it."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.evaluate.reliability import temperature
from product_classifier.features.features import Features
from product_classifier.models.network import CHUNK, Network, softmax
from product_classifier.records import Track, untracked

LEARNING_RATE = 0.001  # of Adam
FEWEST_STEPS = 100  # in a round; small catalogues make several epochs of one
PATIENCE = 5  # rounds without a better tuning loss
LEAST_GAIN = 0.001  # of the tuning loss, to count as better
MAX_ROUNDS = 100
ROUNDS_WITHOUT_TUNING = 10


class Score(NamedTuple):
    """How well a network does on some rows."""

    loss: float  # mean cross-entropy
    accuracy: float


@dataclass(frozen=True)
class Targets:
    """Rows with their labels; a row of k labels stands k times, with weight 1/k."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Iterable[int], labels: Sequence[Sequence[int]]) -> Targets:
        """Spread labels[row] of each of the rows."""
        pairs = [(row, label, 1 / len(labels[row])) for row in rows for label in labels[row]]
        columns = np.array(pairs, dtype=np.float64).reshape(-1, 3).T
        return cls(
            columns[0].astype(np.int64), columns[1].astype(np.int32), columns[2].astype(np.float32)
        )

    def score(self, probabilities: NDArray[np.float64]) -> Score:
        """Judge [targets, classes] probabilities; nan without targets."""
        if not len(self.rows):
            return Score(math.nan, math.nan)
        given = probabilities[np.arange(len(self.labels)), self.labels]
        loss = np.average(-np.log(np.maximum(given, 1e-12)), weights=self.weights)
        right = probabilities.argmax(axis=1) == self.labels
        return Score(float(loss), float(np.average(right, weights=self.weights)))


@dataclass(frozen=True)
class Schedule:
    """How long and how to train."""

    batch_size: int
    steps: int  # at most
    round_steps: int  # after each round the tuning loss is looked at
    patience: int | None  # rounds without a better loss; None: all steps, and keep the last
    learning_rate: float
    adam: bool = True  # else plain gradient descent


@dataclass(frozen=True)
class Trained:
    """A trained network and how its training went."""

    network: Network
    prior: NDArray[np.float64]  # [classes], share of each category among the training rows
    temperature: float  # that logits are divided by, so that scores are probabilities
    settings: dict[str, Any]


Observe = Callable[[int, Score, Score], None]  # step, of the round's batches, of the tuning rows


def train(
    features: Features,
    labels: Sequence[Sequence[int]],
    train_rows: NDArray[np.int64],
    tuning_rows: NDArray[np.int64],
    classes: int,
    seed: int = 0,
    track: Track = untracked,
) -> Trained:
    """Train on the training rows that have evidence, until the tuning loss stops falling.

    labels: [items], the positions of each item's categories. The weights of the best round are
    kept. Raises ModelError where no training row has any evidence.
    """
    evidence = features.evidence()
    learning = Targets.of(train_rows[evidence[train_rows]], labels)
    tuning = Targets.of(tuning_rows[evidence[tuning_rows]], labels)
    if not len(learning.rows):
        raise ModelError("no training product has a text or picture to learn from")
    batch_size = int(np.clip(len(learning.rows) / 500, 32, 256))
    round_steps = max(FEWEST_STEPS, math.ceil(len(learning.rows) / batch_size))
    rounds, patience = (MAX_ROUNDS, PATIENCE) if len(tuning.rows) else (ROUNDS_WITHOUT_TUNING, None)
    schedule = Schedule(batch_size, rounds * round_steps, round_steps, patience, LEARNING_RATE)
    network = Network(features, train_rows, classes, seed)
    best = fit(network, learning, tuning, schedule, seed, track)
    warmth = temperature(network.logits(tuning.rows), tuning.labels, tuning.weights)
    return Trained(
        network,
        prior(Targets.of(train_rows, labels), classes),
        warmth,
        {"seed": seed, "best_round": best, "temperature": warmth, **dataclasses.asdict(schedule)},
    )


def fit(
    network: Network,
    learning: Targets,
    tuning: Targets,
    schedule: Schedule,
    seed: int,
    track: Track = untracked,
    observe: Observe | None = None,
) -> int:
    """Train a network in place; returns the number of the round whose weights it has."""
    import keras

    optimizer = keras.optimizers.Adam if schedule.adam else keras.optimizers.SGD
    model = network.model
    model.compile(
        optimizer(schedule.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=["accuracy"],
    )
    batches = _batches(len(learning.rows), schedule.batch_size, np.random.default_rng(seed))
    best, best_loss, best_weights = 0, math.inf, model.get_weights()
    starts = range(0, schedule.steps, schedule.round_steps)
    for number, start in enumerate(track(iter(starts), "training rounds"), 1):
        steps = min(schedule.round_steps, schedule.steps - start)
        model.reset_metrics()  # so that they tell of this round
        for chosen in itertools.islice(batches, steps):
            on_batches = model.train_on_batch(
                network.batch(learning.rows[chosen]),
                learning.labels[chosen],
                learning.weights[chosen],
            )
        on_tuning = tuning.score(softmax(network.logits(tuning.rows)))
        if observe:
            observe(start + steps, Score(*map(float, on_batches)), on_tuning)
        if schedule.patience is None or on_tuning.loss < best_loss - LEAST_GAIN:
            best, best_loss, best_weights = number, on_tuning.loss, model.get_weights()
        elif number - best >= schedule.patience:
            break
    model.set_weights(best_weights)
    return best


def prior(targets: Targets, classes: int) -> NDArray[np.float64]:
    """Compute the share of each category, [classes]."""
    counts = np.bincount(targets.labels, targets.weights, classes)
    return np.asarray(counts / counts.sum())


def predict(
    trained: Trained, features: Features, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Predict the category and its probability for some items.

    An item without any evidence is given the commonest category with its share as the score.
    """
    leaves = np.arange(len(trained.prior))[:, None]
    answers, score, _ = predict_paths(trained, features, rows, leaves)
    return answers[:, 0], score[:, 0]


def predict_paths(
    trained: Trained, features: Features, rows: NDArray[np.int64], paths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Predict the leaf of some items, and how probable it and all that lies above it are.

    paths: [classes, heights], the numbers of each class and of the nodes above it, -1 above the
    highest; a node is as probable as the classes below it together. Returns the paths of the
    predicted classes, their probabilities, and these before the temperature, [rows, heights] each,
    nan above the highest.
    """
    below = np.zeros((len(paths), paths.max(initial=-1) + 2))  # the last column stands for -1
    below[np.arange(len(paths))[:, None], paths] = 1
    answers = np.empty((len(rows), paths.shape[1]), np.int64)
    score, uncalibrated = np.empty(answers.shape), np.empty(answers.shape)
    for start in range(0, len(rows), CHUNK):  # all probabilities at once would be large
        some = slice(start, start + CHUNK)
        evident = features.evidence()[rows[some]]
        logits = trained.network.logits(rows[some][evident])
        cold, warm = (np.tile(trained.prior, (len(evident), 1)) for _ in range(2))
        cold[evident], warm[evident] = softmax(logits), softmax(logits / trained.temperature)
        predicted = warm.argmax(axis=1)
        answers[some] = paths[predicted]
        for probabilities, found in ((warm, score), (cold, uncalibrated)):
            sums = np.take_along_axis(probabilities @ below, answers[some], axis=1)
            found[some] = sums.clip(0, 1)
    score[answers < 0] = uncalibrated[answers < 0] = np.nan
    return answers, score, uncalibrated


def _batches(count: int, size: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Shuffle and cut into batches, for ever."""
    while True:
        order = generator.permutation(count)
        for start in range(0, count, size):
            yield order[start : start + size]
