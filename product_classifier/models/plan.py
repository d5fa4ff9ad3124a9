"""How a network is to be fine-tuned: what of it, for how long, and in which steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from product_classifier.features.architectures import FULL_PRECISION
from product_classifier.features.distortions import Distortions
from product_classifier.models.tunable import HEAD

WARM_UP = 0.1  # share of the training in which steps grow
HEAD_RATE, RATE = 1e-3, 1e-4  # of Adam, for a head alone and for what is pre-trained


@dataclass(frozen=True)
class Plan:
    """What is trained, for how long, and how."""

    part: str = HEAD  # or last:N, or all
    epochs: int = 10  # at most
    batch_size: int = 32  # fewer, where memory runs out
    learning_rate: float = 0  # at its highest; 0: one that suits the part
    patience: int = 5  # epochs without a lower loss on the tuning pictures: first steps cost some
    precision: str = FULL_PRECISION
    seed: int = 0
    distortions: Distortions = field(default_factory=Distortions)

    def rate(self, epochs: int, share: float) -> float:
        """Tell the learning rate after some epochs and a share of another one.

        It rises in a line, then falls to zero along half a cosine.
        """
        done = (epochs + share) / self.epochs
        highest = self.learning_rate or (HEAD_RATE if self.part == HEAD else RATE)
        if done < WARM_UP:
            return highest * done / WARM_UP
        return highest * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2
