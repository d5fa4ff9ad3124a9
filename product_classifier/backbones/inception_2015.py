"""Conversion of Inception v3 of 2015 from a SavedModel's variables to Keras layers.

The SavedModel has its batch norms folded into kernels and biases: here a bias becomes the offset of
a batch norm that otherwise does nothing. The conversion is verified by comparing bottlenecks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.backbone import Backbone
from product_classifier.backbones.keras_networks import (
    INCEPTION_2015,
    KerasNetwork,
    layers_in_order,
    new_network,
)
from product_classifier.backbones.runtime import load_keras, muted_stderr, tensorflow
from product_classifier.errors import FeatureError

VARIABLE = re.compile(r"^(?P<layer>(mixed(_\d+)?_|conv).*?)_?(?P<kind>kernel|bias)/\.ATTRIBUTES/")
LARGEST_ERROR = 1e-3  # of the length of a bottleneck; both compute in single precision


def read_inception(folder: Path, backbone: Backbone) -> KerasNetwork:
    """Return Inception v3 in Keras layers with the weights of a SavedModel.

    folder: of the SavedModel; backbone: the same network, loaded. Raises FeatureError if the
    variables are not those of Inception v3 of 2015, or if the layers give other bottlenecks.
    """
    keras = load_keras()
    network = new_network(INCEPTION_2015)
    kernels, biases = (_variables(folder, kind) for kind in ("kernel", "bias"))
    convolutions = layers_in_order(network.model.layers, "Conv2D")
    norms = layers_in_order(network.model.layers, "BatchNormalization")
    names = sorted(kernels, key=_position)
    shapes = [kernels[name].shape for name in names]
    matches = names == sorted(biases, key=_position) and backbone.size == network.size
    if not matches or shapes != [convolution.kernel.shape for convolution in convolutions]:
        raise _unsupported(folder, "its variables are not those of Inception v3 of 2015")
    for name, convolution, norm in zip(names, convolutions, norms, strict=True):
        bias = biases[name]
        convolution.set_weights([kernels[name]])
        norm.set_weights([bias, np.zeros_like(bias), np.ones_like(bias) - norm.epsilon])
    pictures = _probe(network.size)
    model = network.on_pictures("float32", 255.0)
    outputs = keras.ops.convert_to_numpy(model.predict_on_batch(pictures))
    expected = backbone.embed(pictures)
    error = np.linalg.norm(outputs - expected, axis=1) / np.linalg.norm(expected, axis=1)
    if not error.max() < LARGEST_ERROR:
        raise _unsupported(
            folder,
            f"its bottlenecks differ from those of Inception v3 of 2015 by {error.max():.1%}",
        )
    return network


def _probe(size: int) -> NDArray[np.float32]:
    """Return a batch of random patterns, from coarse to fine, to compare two networks on."""
    rng = np.random.default_rng(0)
    patterns = []
    for cells in (2, 3, 5, 8, 13, 21, 34, 55):
        coarse = rng.random((cells, cells, 3), np.float32)
        cell = np.arange(size) * cells // size
        patterns.append(coarse[cell][:, cell])
    return np.stack(patterns)


def _variables(folder: Path, kind: str) -> Mapping[str, NDArray[np.float32]]:
    """Return the kernels or the biases by the names of their layers."""
    tf = tensorflow()
    try:
        with muted_stderr():
            reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        variables = {}
        for name in reader.get_variable_to_shape_map():
            if (match := VARIABLE.match(name)) and match["kind"] == kind:
                variables[match["layer"]] = reader.get_tensor(name).astype(np.float32)
    except (tf.errors.OpError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise _unsupported(folder, f"its variables cannot be read: {reason}") from None
    return variables


def _position(layer: str) -> tuple[int, int, int, int]:
    """Return a sort key in the order in which Keras creates layers: block, tower, depth."""
    match = re.fullmatch(
        r"(?P<block>mixed(_(?P<number>\d+))?(?=_))?_?(?P<tower>tower(_(?P<which>\d+))?(?=_))?_?"
        r"(?P<split>mixed_)?conv(_(?P<depth>\d+))?",
        layer,
    )
    if not match:
        return (99, 0, 0, 0)  # of another network: the caller's comparison fails
    block = int(match["number"] or 0) if match["block"] else -1
    tower = int(match["which"] or 0) + 1 if match["tower"] else 0
    return block, tower, int(bool(match["split"])), int(match["depth"] or 0)


def _unsupported(folder: Path, reason: str) -> FeatureError:
    return FeatureError(
        f"{folder} cannot be fine-tuned: {reason}; pass --backbone mini, or one of Keras' networks "
        "by name, with --weights FILE.h5 if its weights cannot be fetched"
    )
