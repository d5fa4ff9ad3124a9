"""Fine-tuning: a network's last blocks, or all of it, learn labels together with a softmax head.

The head starts as the softmax regression on the frozen network's bottlenecks, so that training
begins at what the frozen network can do instead of unlearning it first. All of it is Keras, over
whatever backend and accelerator there are.
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
from product_classifier.models.experiment import is_out_of_memory
from product_classifier.models.fitting import LEARNING_RATE, PATIENCE, Schedule
from product_classifier.models.split import TEST, TRAIN, TUNING
from product_classifier.retraining.checkpoint import Checkpoint
from product_classifier.retraining.trainable_network import Plan, Tunable
from product_classifier.retraining.trainer import Head, State, Tuner
from product_classifier.retraining.training_images import Album, Source

T = TypeVar("T")
# of the softmax regression that the head starts as
HEAD_START = Schedule(
    batch_size=100, steps=4000, round_steps=100, patience=PATIENCE, learning_rate=LEARNING_RATE
)
WORSE = 0.01  # of the accuracy, by which keeping a network may not change it unsaid


class Epoch(NamedTuple):
    """How an epoch went; number 0 is the frozen network with its head, before any training."""

    number: int
    on_batches: Score
    on_tuning: Score
    seconds: float


class Progress(NamedTuple):
    """How far a training has come, and the best of it."""

    batch_size: int
    best: Score  # of the best epoch, on the tuning pictures
    epoch: int = 0  # finished ones
    best_epoch: int = 0

    def after(self, found: Score) -> Progress:
        """Count an epoch; the best one has the lowest loss, or is the last with nothing to tune on.

        A training that has lost itself, with a loss of nan, is none.
        """
        epoch = self.epoch + 1
        if found.loss < self.best.loss or math.isnan(self.best.loss):
            return self._replace(epoch=epoch, best_epoch=epoch, best=found)
        return self._replace(epoch=epoch)


@dataclass(frozen=True)
class Tuned:
    """The head of the best epoch, whose weights the network now has, and how it went."""

    head: Head
    progress: Progress
    on_test: Score

    def about(self, tunable: Tunable, plan: Plan, album: Album) -> dict[str, Any]:
        """Tell how a network came to be."""
        best = self.progress.best
        return {
            "fine_tuned": tunable.backbone.name,
            "fine_tuned_sha256": tunable.backbone.sha256,
            "pictures": {part: len(rows) for part, rows in album.rows.items()},
            "labels": len(album.labels),
            "plan": asdict(plan),
            "best_epoch": self.progress.best_epoch,
            **({} if math.isnan(best.loss) else {"tuning": best._asdict()}),
        }


Observe = Callable[[Epoch], None]


def fine_tune(
    tunable: Tunable,
    network: Any,
    source: Source,
    album: Album,
    head: Head,
    plan: Plan,
    state_path: Path,
    observe: Observe = lambda epoch: None,
    console: Console = SILENT,
) -> Tuned:
    """Train a network on the training pictures; keep the best epoch by the tuning pictures' loss.

    network: the tunable's model, or the tail of it that takes what source gives. Interrupted, it
    goes on after the last epoch that state_path holds, as if nothing had been. Raises ModelError
    where memory does not even hold one picture, or where state_path is of another training.
    """
    tunable.freeze_but(tunable.trained_blocks(plan.part))
    tuner = Tuner(network, head, album, source)
    checkpoint = Checkpoint(state_path, _key(tunable, album, plan))
    train, tuning, test = (album.rows[part] for part in (TRAIN, TUNING, TEST))

    done, best = _restore(tuner, checkpoint)
    if done is None:
        best = tuner.state()
        judge = functools.partial(tuner.score, tuning)
        found, size = _in_memory(judge, plan.batch_size, tuner, console)
        done = Progress(size, found)
        observe(Epoch(0, Score(math.nan, math.nan), found, 0.0))
    while done.epoch < plan.epochs and done.epoch - done.best_epoch < plan.patience:
        started, number = time.monotonic(), done.epoch

        def learn(size: int, number: int = number) -> tuple[Score, Score]:
            rows = np.random.default_rng([plan.seed, number]).permutation(train)
            label = f"epoch {number + 1} of {plan.epochs}"
            rate = functools.partial(plan.rate, number)
            return tuner.epoch(rows, size, number, rate, label), tuner.score(tuning, size)

        (on_batches, found), size = _in_memory(learn, done.batch_size, tuner, console)
        done = done._replace(batch_size=size).after(found)
        now = tuner.state()
        best = now if done.best_epoch == done.epoch else best
        checkpoint.save(done._asdict(), now=now[0], optimizer=now[1], best=best[0])
        observe(Epoch(done.epoch, on_batches, found, time.monotonic() - started))
    tuner.set_state((best[0], tuner.state()[1]))
    on_test, _ = _in_memory(functools.partial(tuner.score, test), done.batch_size, tuner, console)
    return Tuned(tuner.head, done, on_test)


def predict_test(
    saved: Backbone, tuned: Tuned, album: Album, cache_path: Path, console: Console = SILENT
) -> NDArray[np.int64]:
    """Predict the test pictures with a network as it was saved, [test rows].

    Tells where saving it, as a student in 8 bits, has changed its accuracy.
    """
    rows = album.rows[TEST]
    images = [album.images[row] for row in rows.tolist()]
    cache = bottleneck_cache(cache_path, saved, console)
    seen = bottlenecks(images, album.folder, saved, cache, album.console)
    predicted = tuned.head.predict(seen[np.arange(len(rows))])
    accuracy = float((predicted == album.label_of[rows]).mean())
    if abs(accuracy - tuned.on_test.accuracy) > WORSE:
        console.say(
            f"before it was saved it had {tuned.on_test.accuracy:.1%} of the test pictures right"
        )
    return predicted


def _restore(tuner: Tuner, checkpoint: Checkpoint) -> tuple[Progress | None, State]:
    """Go on where a training was interrupted, if it was; its best weights, too."""
    weights, optimizer = tuner.state()
    like = Progress(1, Score(0.0, 0.0))._asdict()
    numbers, groups = checkpoint.load(like, now=weights, best=weights, optimizer=optimizer)
    if not numbers:
        return None, ([], [])
    tuner.set_state((groups["now"], groups["optimizer"]))
    done = Progress(**{**numbers, "best": Score(*numbers["best"])})
    return done, (groups["best"], [])


def _in_memory(
    work: Callable[[int], T], size: int, tuner: Tuner, console: Console
) -> tuple[T, int]:
    """Work with batches of a size or, where memory runs out, anew with half of it."""
    before = tuner.state()
    while True:
        try:
            return work(size), size
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            if size == 1:
                raise ModelError(
                    "there is not enough memory for one picture at once; pass --fine-tune head or "
                    "a smaller last:N, or a smaller --backbone"
                ) from None
        console.say(f"out of memory with {size} pictures at once; going on with {size // 2}")
        size //= 2
        tuner.set_state(before)


def _key(tunable: Tunable, album: Album, plan: Plan) -> str:
    """Hash all that a training depends on."""
    parts = [tunable.backbone.sha256, len(album.labels), asdict(plan), album.identities]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
