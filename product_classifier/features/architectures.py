"""Networks as Keras' layers, by the name of their architecture, and where their blocks end."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from product_classifier.features.runtime import load_keras

FULL_PRECISION, HALF_PRECISION = "float32", "bfloat16"
INCEPTION_2015 = "inception_v3_2015"


class Architecture(NamedTuple):
    """Where a network is in keras.applications, and what it is made of.

    block: finds the name of a layer's block in the layer's name; a layer without one belongs to the
    block before it. ends: the layer that it finds is the last one of its block.
    """

    module: str
    name: str
    block: str
    size: int = 224  # pixels that it was trained on
    ends: bool = False


ARCHITECTURES: Mapping[str, Architecture] = {
    "vgg16": Architecture("vgg16", "VGG16", r"^block\d+"),
    "vgg19": Architecture("vgg19", "VGG19", r"^block\d+"),
    "resnet50": Architecture("resnet", "ResNet50", r"^conv\d+(?=_)"),
    "resnet101": Architecture("resnet", "ResNet101", r"^conv\d+(?=_)"),
    "mobilenet_v2": Architecture("mobilenet_v2", "MobileNetV2", r"^(expanded_conv|block_\d+)(?=_)"),
    "efficientnet_b0": Architecture("efficientnet", "EfficientNetB0", r"^block\d+"),
    "inception_v3": Architecture("inception_v3", "InceptionV3", r"^mixed\d+$", 299, ends=True),
    INCEPTION_2015: Architecture("inception_v3", "InceptionV3", r"^mixed\d+$", 299, ends=True),
}


@dataclass(frozen=True)
class KerasNetwork:
    """A network that takes pictures as its architecture does."""

    architecture: str
    model: Any  # keras.Model: what `scaled` gives → [n, width]

    @property
    def size(self) -> int:
        """Pixels of a picture's side."""
        return ARCHITECTURES[self.architecture].size

    def scaled(self, values: Any) -> Any:
        """Turn colours of 0 to 255, float32 [n, size, size, 3], into what the model takes."""
        if self.architecture == INCEPTION_2015:
            return (values - 128.0) / 128.0
        return _module(self.architecture).preprocess_input(values)

    def on_pictures(self, dtype: str = "uint8", factor: float = 1.0) -> Any:
        """Describe the model of pictures of a dtype that factor brings to 0 to 255."""
        keras = load_keras()
        pictures = keras.Input((self.size, self.size, 3), dtype=dtype)
        scaled = self.scaled(keras.ops.cast(pictures, "float32") * factor)
        given = self.model(scaled)
        return keras.Model(pictures, keras.ops.cast(given, "float32"))


def new_network(
    architecture: str, weights: str | None = None, precision: str = FULL_PRECISION
) -> KerasNetwork:
    """Build a network without its top, with random weights unless some are to be fetched."""
    keras = load_keras()
    asked = ARCHITECTURES[architecture]
    make = getattr(_module(architecture), asked.name)
    with _policy(keras, precision):
        model = make(
            include_top=False,
            pooling="avg",
            input_shape=(asked.size, asked.size, 3),
            weights=weights,
        )
        if architecture == INCEPTION_2015:
            model = _with_maximum(keras, model)
    return KerasNetwork(architecture, model)


def in_precision(network: KerasNetwork, precision: str) -> KerasNetwork:
    """Compute with the same weights in a precision; the weights stay float32."""
    if precision == FULL_PRECISION:
        return network
    other = new_network(network.architecture, precision=precision)
    other.model.set_weights(network.model.get_weights())
    return other


def blocks(network: KerasNetwork) -> list[list[Any]]:
    """Group a network's layers into the blocks of its architecture, from the pictures on.

    What comes before the first block is one of its own, unless only the ends of blocks are known;
    what comes after the last belongs to it.
    """
    asked = ARCHITECTURES[network.architecture]
    found: list[list[Any]] = [[]]
    current, ended = "", False
    for layer in network.model.layers:
        match = re.search(asked.block, layer.name)
        starts = ended if asked.ends else match is not None and match[0] != current
        if starts and any(before.weights for before in found[-1]):
            found.append([])
        current, ended = (match[0], True) if match else (current, False)
        found[-1].append(layer)
    if not any(layer.weights for layer in found[-1]):  # what only averages
        found[-2:] = [found[-2] + found[-1]]
    return found


def in_order(layers: Sequence[Any], kind: str) -> list[Any]:
    """List the layers of one kind in the order in which they were made: Keras numbers them."""

    def number(layer: Any) -> int:
        found = re.search(r"_(\d+)$", layer.name)
        return int(found[1]) if found else 0

    return sorted((layer for layer in layers if type(layer).__name__ == kind), key=number)


def _with_maximum(keras: Any, model: Any) -> Any:
    """Take the maximum in the pooling branch of the last block, as Inception v3 of 2015 does."""
    averaging = in_order(model.layers, "AveragePooling2D")[-1]

    def clone(layer: Any) -> Any:
        if layer is averaging:
            return keras.layers.MaxPooling2D(3, 1, "same", name=layer.name)
        return type(layer).from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=clone)


def _module(architecture: str) -> Any:
    load_keras()
    return importlib.import_module(f"keras.applications.{ARCHITECTURES[architecture].module}")


@contextmanager
def _policy(keras: Any, precision: str) -> Iterator[None]:
    """Describe layers in a precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy_name(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def policy_name(precision: str) -> str:
    """Name Keras' policy of a precision: weights are float32 in any."""
    return precision if precision == FULL_PRECISION else f"mixed_{precision}"
