"""Networks that can be fine-tuned, and the configuration of a fine-tuning.

Read `FineTuningConfig` and `TrainableNetwork` first, then `load_trainable_network`; `Cut` divides a
network into its frozen and its trained part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones import INCEPTION, MINI, keras_networks
from product_classifier.backbones.backbone import INSTEAD, Backbone, load_backbone, of_layers
from product_classifier.backbones.inception_2015 import read_inception
from product_classifier.backbones.keras_networks import (
    APPLICATIONS,
    KerasNetwork,
    load_application,
    save_network,
)
from product_classifier.backbones.runtime import load_keras, predictor
from product_classifier.backbones.student import Student, save_student
from product_classifier.console import Console
from product_classifier.errors import FeatureError, ModelError, UnreachableError
from product_classifier.retraining.keras_student import (
    blocks,
    folded,
    load_student,
    new_keras_student,
)

HEAD, ALL = "head", "all"


@dataclass(frozen=True, kw_only=True)
class TrainableNetwork:
    """A network as a frozen backbone and, with the same weights, as trainable layers."""

    backbone: Backbone
    model: Any  # keras.Model: uint8 pictures [n, size, size, 3] → float32 [n, width]
    blocks: Sequence[Sequence[Any]]  # layers, in the order of the computation
    save: Callable[[Path, Mapping[str, Any]], str]  # path, about → SHA-256 of the file
    cut: Callable[[int], Cut | None]  # number of trained blocks → the network cut before them

    def trained_blocks(self, part: str) -> int:
        """Return how many blocks head, last:N or all train. Raises ModelError if N is too large."""
        if part in (HEAD, ALL):
            return 0 if part == HEAD else len(self.blocks)
        count = int(part.partition(":")[2])
        if count > len(self.blocks):
            raise ModelError(
                f"{self.backbone.name} has {len(self.blocks)} blocks; pass --fine-tune "
                f"last:{len(self.blocks)} at most, or all"
            )
        return count

    def freeze_but(self, count: int) -> None:
        """Make the last blocks, count of them, trainable and freeze the others."""
        first = len(self.blocks) - count
        for number, block in enumerate(self.blocks):
            for layer in block:
                layer.trainable = number >= first


@dataclass(frozen=True)
class Cut:
    """A network cut in two: the frozen trunk and the trained tail."""

    trunk: Backbone  # its bottleneck is the feature map between the two, flattened
    tail: Any  # keras.Model: feature maps [n, values] → float32 [n, width]


def load_trainable_network(
    name: str | None,
    weights: Path | None,
    precision: str,
    console: Console,
) -> TrainableNetwork:
    """Return a network to fine-tune: by default Keras' Inception v3, or mini without a connection.

    Raises FeatureError if the layers of the network are unknown; the message lists alternatives.
    """
    if name is None and weights is None:
        try:
            return load_trainable_network(INCEPTION, None, precision, console)
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


def _of_network(backbone: Backbone, loaded: KerasNetwork, precision: str) -> TrainableNetwork:
    network = keras_networks.in_precision(loaded, precision)
    groups = keras_networks.blocks(network)
    block_inputs = [group[0].input for group in groups]

    def cut(count: int) -> Cut | None:
        if not 0 < count < len(groups):
            return None
        keras = load_keras()
        start = keras_networks.blocks(loaded)[-count][0].input
        flat = keras.Model(loaded.model.input, keras.layers.Flatten(dtype="float32")(start))
        trunk = of_layers(
            backbone.name,
            KerasNetwork(loaded.architecture, flat),
            _part_of(backbone, count),
        )
        return Cut(trunk, _tail(block_inputs[-count], network.model.output))

    return TrainableNetwork(
        backbone=backbone,
        model=network.on_pictures(),
        blocks=groups,
        save=lambda path, about: save_network(network, about, path),
        cut=cut,
    )


def _of_student(backbone: Backbone, student: Student, precision: str) -> TrainableNetwork:
    shape = student.shape
    keras_model = new_keras_student(shape, precision, with_layouts=True)
    load_student(student, keras_model)
    groups = blocks(keras_model, shape)
    block_inputs = [group[0].input for group in groups]

    def cut(count: int) -> Cut | None:
        stage = len(shape.depths) - count  # the first one that is trained
        if not count or stage < 0 or any(shape.cells[: max(stage - 1, 0)]):
            return None  # a layout of an earlier stage would bypass the cut
        keras = load_keras()
        flat = keras.layers.Flatten(dtype="float32")(block_inputs[-count])
        predict = predictor(keras.Model(keras_model.input, flat))

        def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
            return predict(np.round(pictures * 255).astype(np.uint8))

        name = _part_of(backbone, count)
        frozen = replace(backbone, sha256=name, width=flat.shape[1], embed=embed)
        return Cut(frozen, _tail(block_inputs[-count], keras_model.output))

    def save(path: Path, about: Mapping[str, Any]) -> str:
        about = {**about, "start": dict(student.about)}
        return save_student(replace(folded(keras_model, shape), about=about), path)

    pictures = load_keras().Input((shape.size, shape.size, 3), dtype="uint8")
    model = load_keras().Model(pictures, keras_model(pictures))
    return TrainableNetwork(backbone=backbone, model=model, blocks=groups, save=save, cut=cut)


def _tail(start: Any, end: Any) -> Any:
    """Return the part of a network from start to end, whose input is the flattened start."""
    keras = load_keras()
    flat = keras.Input((int(np.prod(start.shape[1:])),))
    rest = keras.Model(start, end)
    outputs = rest(keras.layers.Reshape(start.shape[1:])(flat))
    return keras.Model(flat, keras.ops.cast(outputs, "float32"))


def _part_of(backbone: Backbone, count: int) -> str:
    """Return a SHA-256 that identifies a network without its last blocks, for the cache."""
    return hashlib.sha256(f"{backbone.sha256} without {count} blocks".encode()).hexdigest()
