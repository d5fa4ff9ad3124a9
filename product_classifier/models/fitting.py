"""Training of a network with early stopping on the tuning rows."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.console import SILENT, Console
from product_classifier.features.bottlenecks import ahead
from product_classifier.models.base import Fit, Fitted, Score, Targets, Task
from product_classifier.models.choices import LEARNING_RATE, Schedule
from product_classifier.models.layers import PLAIN, Design
from product_classifier.models.network import Network, softmax

SMALLEST_BATCH, LARGEST_BATCH = 32, 512
BATCHES = 150  # in an epoch, within the limits of the batch size
FEWEST_STEPS = 100  # in a round, which for a small catalogue is several epochs
PATIENCE = 5  # rounds without a better tuning loss
LEAST_GAIN = 0.001  # of the tuning loss, to count as better
MAX_ROUNDS = 100
ROUNDS_WITHOUT_TUNING = 10
NONE = Targets.of([], [])


Batch = tuple[list[Any], NDArray[np.int32], NDArray[np.float32]]  # inputs, labels, weights
OnRound = Callable[[int, Score, Score], None]  # step, on the round's batches, on tuning rows


def network_fit(design: Design) -> Fit:
    """Return the fit of a network of this design."""
    return functools.partial(fit_network, design=design)


def fit_network(task: Task, design: Design = PLAIN) -> Fitted:
    """Train a network until the tuning loss stops falling; keep the weights of the best round.

    Its refit continues for one round with the tuning rows among the training rows.
    """
    learning, tuning = task.learning, task.tuning
    design = dataclasses.replace(design, levels=task.levels)
    batch_size = int(np.clip(len(learning.rows) / BATCHES, SMALLEST_BATCH, LARGEST_BATCH))
    # larger batches take fewer steps, so a higher rate; scaling by the square root was too high
    rate = LEARNING_RATE * (batch_size / SMALLEST_BATCH) ** 0.25
    round_steps = max(FEWEST_STEPS, math.ceil(len(learning.rows) / batch_size))
    rounds, patience = (MAX_ROUNDS, PATIENCE) if len(tuning.rows) else (ROUNDS_WITHOUT_TUNING, None)
    schedule = Schedule(
        batch_size=batch_size,
        steps=rounds * round_steps,
        round_steps=round_steps,
        patience=patience,
        learning_rate=rate,
    )
    network = Network.new(task.features, np.unique(learning.rows), task.classes, task.seed, design)
    best = fit(network, learning, tuning, schedule, seed=task.seed, console=task.console)
    settings = {"best_round": best, **design.settings, **dataclasses.asdict(schedule)}

    def refit(learning: Targets) -> Network:
        refitted = Network.restored(network.state(), task.features, task.seed)
        one_round = dataclasses.replace(schedule, steps=round_steps, patience=None)
        fit(refitted, learning, NONE, one_round, seed=task.seed)
        return refitted

    return Fitted(network, network.model.count_params(), settings, refit=refit)


def fit(
    network: Network,
    learning: Targets,
    tuning: Targets,
    schedule: Schedule,
    *,
    seed: int,
    console: Console = SILENT,
    on_round: OnRound | None = None,
) -> int:
    """Train a network in place; return the number of the round whose weights it has in the end."""
    import keras

    optimizer = keras.optimizers.Adam if schedule.adam else keras.optimizers.SGD
    model = network.model
    model.compile(
        optimizer(schedule.learning_rate),
        network.loss,
        weighted_metrics=["accuracy"] if on_round else None,  # metrics take time
    )
    batches = _batches(len(learning.rows), schedule.batch_size, np.random.default_rng(seed))
    best, best_loss, best_weights = 0, math.inf, model.get_weights()

    def read(chosen: NDArray[np.int64]) -> Batch:
        inputs = network.batch(learning.rows[chosen], training=True)
        return inputs, learning.labels[chosen], learning.weights[chosen]

    starts = range(0, schedule.steps, schedule.round_steps)
    for number, start in enumerate(console.progress(iter(starts), "training rounds"), 1):
        steps = min(schedule.round_steps, schedule.steps - start)
        with ThreadPoolExecutor(1) as reader:
            ready = ahead(reader, 1, read, itertools.islice(batches, steps))
            on_batches = [model.train_on_batch(*batch) for batch in ready]
        on_tuning = tuning.score(softmax(network.logits(tuning.rows)))
        if on_round:
            on_round(start + steps, Score(*np.mean(on_batches, axis=0).tolist()), on_tuning)
        if schedule.patience is None or on_tuning.loss < best_loss - LEAST_GAIN:
            best, best_loss, best_weights = number, on_tuning.loss, model.get_weights()
        elif number - best >= schedule.patience:
            break
    model.set_weights(best_weights)
    return best


def _batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield batches of places below count, shuffled again in each epoch, without end."""
    while True:
        order = rng.permutation(count)
        for start in range(0, count, size):
            yield order[start : start + size]
