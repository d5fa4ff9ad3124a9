"""Networks whose layers can be trained: where each comes from, and what of it is trained."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones import keras_networks
from product_classifier.backbones.backbone import (
    INCEPTION,
    INSTEAD,
    MINI,
    Backbone,
    load_backbone,
    of_layers,
)
from product_classifier.backbones.inception_2015 import read_inception
from product_classifier.backbones.keras_networks import (
    APPLICATIONS,
    FULL_PRECISION,
    KerasNetwork,
    load_application,
    save_network,
)
from product_classifier.backbones.runtime import load_keras, predictor
from product_classifier.backbones.student import Student, save_student
from product_classifier.console import Console
from product_classifier.errors import FeatureError, ModelError, UnreachableError
from product_classifier.retraining.distortions import Distortions
from product_classifier.retraining.keras_student import blocks, folded, new_pupil, unfold

HEAD, ALL = "head", "all"


@dataclass(frozen=True)
class Tunable:
    """A network as a frozen backbone and, with the same weights, as layers that can be trained."""

    backbone: Backbone
    model: Any  # keras.Model: uint8 pictures [n, size, size, 3] → float32 [n, width]
    blocks: Sequence[Sequence[Any]]  # layers with weights, and perhaps others, from the pictures on
    save: Callable[[Path, Mapping[str, Any]], str]  # with a note on how it came to be; its SHA-256
    cut: Callable[[int], Cut | None]  # before its last blocks, so many

    def trained_blocks(self, part: str) -> int:
        """Count the blocks that head, last:N or all mean. Raises ModelError where N is too many."""
        if part in (HEAD, ALL):
            return 0 if part == HEAD else len(self.blocks)
        asked = int(part.partition(":")[2])
        if asked > len(self.blocks):
            raise ModelError(
                f"{self.backbone.name} has {len(self.blocks)} blocks; pass --fine-tune "
                f"last:{len(self.blocks)} at most, or all"
            )
        return asked

    def freeze_but(self, count: int) -> None:
        """Let training change the last blocks, so many, and nothing else."""
        first = len(self.blocks) - count
        for number, block in enumerate(self.blocks):
            for layer in block:
                layer.trainable = number >= first


@dataclass(frozen=True)
class Cut:
    """A network in two: what stays as it is, and what is trained."""

    trunk: Backbone  # gives the map between the two, flat
    tail: Any  # keras.Model: such maps [n, values] → float32 [n, width]


def load_tunable(
    name: str | None,
    weights: Path | None,
    precision: str,
    console: Console,
) -> Tunable:
    """Load a network to fine-tune; without a name Keras' Inception v3, or mini out of its reach.

    Raises FeatureError for one whose layers are not known, with the ways out.
    """
    if name is None and weights is None:
        try:
            return load_tunable(INCEPTION, None, precision, console)
        except UnreachableError as error:
            console.say(f"{INSTEAD} ({str(error).partition(';')[0]})")
            name = MINI
    name = name or INCEPTION
    if name in APPLICATIONS:
        loaded, sha256 = load_application(name, weights)
        return _of_network(of_layers(name, loaded, sha256), loaded, precision)
    if name.startswith(("http://", "https://")):
        raise FeatureError(
            f"{name} cannot be fine-tuned: its layers are not known; pass one of "
            f"{', '.join(APPLICATIONS)}, mini, or a .npz file of retrain.py"
        )
    backbone = load_backbone(name, weights=weights)
    if backbone.student:
        return _of_student(backbone, backbone.student, precision)
    return _of_network(
        backbone, backbone.network or read_inception(Path(name), backbone), precision
    )


def _of_network(backbone: Backbone, kept: KerasNetwork, precision: str) -> Tunable:
    network = keras_networks.in_precision(kept, precision)
    groups = keras_networks.blocks(network)
    ends = [group[0].input for group in groups]  # what each block is given

    def cut(count: int) -> Cut | None:
        if not 0 < count < len(groups):
            return None
        keras = load_keras()
        start = keras_networks.blocks(kept)[-count][0].input
        flat = keras.Model(kept.model.input, keras.layers.Flatten(dtype="float32")(start))
        trunk = of_layers(
            backbone.name,
            KerasNetwork(kept.architecture, flat),
            _part_of(backbone, count),
        )
        return Cut(trunk, _tail(ends[-count], network.model.output))

    return Tunable(
        backbone,
        network.on_pictures(),
        groups,
        lambda path, about: save_network(network, about, path),
        cut,
    )


def _of_student(backbone: Backbone, student: Student, precision: str) -> Tunable:
    shape = student.shape
    pupil = new_pupil(shape, precision, with_layouts=True)
    unfold(student, pupil)
    groups = blocks(pupil, shape)
    ends = [group[0].input for group in groups]

    def cut(count: int) -> Cut | None:
        stage = len(shape.depths) - count  # the first one that is trained
        if not count or stage < 0 or any(shape.cells[: max(stage - 1, 0)]):
            return None  # or a layout would go past the cut
        keras = load_keras()
        flat = keras.layers.Flatten(dtype="float32")(ends[-count])
        predict = predictor(keras.Model(pupil.input, flat))

        def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
            return predict(np.round(pictures * 255).astype(np.uint8))

        name = _part_of(backbone, count)
        frozen = replace(backbone, sha256=name, width=flat.shape[1], embed=embed)
        return Cut(frozen, _tail(ends[-count], pupil.output))

    def save(path: Path, about: Mapping[str, Any]) -> str:
        told = {**about, "start": dict(student.about)}
        return save_student(replace(folded(pupil, shape), about=told), path)

    pictures = load_keras().Input((shape.size, shape.size, 3), dtype="uint8")
    model = load_keras().Model(pictures, pupil(pictures))
    return Tunable(backbone, model, groups, save, cut)


def _tail(start: Any, end: Any) -> Any:
    """Describe the rest of a network, from flat maps on."""
    keras = load_keras()
    flat = keras.Input((int(np.prod(start.shape[1:])),))
    rest = keras.Model(start, end)
    given = rest(keras.layers.Reshape(start.shape[1:])(flat))
    return keras.Model(flat, keras.ops.cast(given, "float32"))


def _part_of(backbone: Backbone, count: int) -> str:
    """Hash what all but the last blocks of a network are."""
    return hashlib.sha256(f"{backbone.sha256} without {count} blocks".encode()).hexdigest()


def is_part(text: str) -> bool:
    """Tell whether a text is head, last:N or all."""
    return text in (HEAD, ALL) or bool(re.fullmatch(r"last:[1-9]\d{0,3}", text))


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
