"""The settings of fine-tuning and distillation; light, so that --help is fast."""

from __future__ import annotations

import math
import re
from dataclasses import astuple, dataclass, field

from product_classifier.backbones import FULL_PRECISION

HEAD, ALL = "head", "all"  # parts of a network to train, beside last:N
WARM_UP = 0.1  # share of the training in which the learning rate rises
HEAD_RATE, RATE = 1e-3, 1e-4  # of Adam, for a head alone and for pre-trained layers


@dataclass(frozen=True, kw_only=True)
class Distortions:
    """Upper limits of the random changes to a picture; all zero means no distortion."""

    flip_left_right: bool = False  # mirror half of the pictures
    random_crop: int = 0  # per cent that the picture is larger than the crop
    random_scale: int = 0  # per cent that it is enlarged further, at most
    random_brightness: int = 0  # per cent, at most, up or down
    random_rotation: int = 0  # degrees, at most, either way
    random_shear: int = 0  # degrees, at most, either way

    def __bool__(self) -> bool:
        return any(astuple(self))


@dataclass(frozen=True, kw_only=True)
class FineTuningConfig:
    """The settings of a fine-tuning; a network's file records them."""

    part: str = HEAD  # or last:N, or all
    epochs: int = 10  # at most
    batch_size: int = 32  # halved when memory runs out
    learning_rate: float = 0  # at its highest; 0: HEAD_RATE or RATE, by the part
    patience: int = 5  # epochs without a lower loss on the tuning pictures; the first may raise it
    precision: str = FULL_PRECISION
    seed: int = 0
    distortions: Distortions = field(default_factory=Distortions)

    def rate(self, epochs: int, share: float) -> float:
        """Return the learning rate after some epochs and a share of the next.

        It rises linearly, then falls to zero along half a cosine.
        """
        done = (epochs + share) / self.epochs
        highest = self.learning_rate or (HEAD_RATE if self.part == HEAD else RATE)
        if done < WARM_UP:
            return highest * done / WARM_UP
        return highest * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


@dataclass(frozen=True, kw_only=True)
class DistillationConfig:
    """The settings of a distillation; a student's file records them."""

    epochs: int = 40  # at most
    views: int = 8  # of each picture, one an epoch, in turn
    batch_size: int = 128
    learning_rate: float = 0.002  # at its highest; it falls to zero along a cosine
    patience: int = 10  # late epochs without a better agreement on the tuning pictures
    precision: str = FULL_PRECISION
    seed: int = 0
    start: str = ""  # SHA-256 of the student whose weights training starts from, "" for random ones


def is_part(text: str) -> bool:
    """Return whether a text is head, last:N or all."""
    return text in (HEAD, ALL) or bool(re.fullmatch(r"last:[1-9]\d{0,3}", text))
