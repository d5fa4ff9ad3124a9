"""The Inception v3 of 2015 as a SavedModel's variables → Keras' layers, checked by its answers.

That network has its norms folded into kernels and biases: a bias becomes a norm's offset, the rest
of the norm does nothing.
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
    in_order,
    new_network,
)
from product_classifier.backbones.runtime import load_keras, muted_stderr, tensorflow
from product_classifier.errors import FeatureError

VARIABLE = re.compile(r"^(?P<layer>(mixed(_\d+)?_|conv).*?)_?(?P<kind>kernel|bias)/\.ATTRIBUTES/")
MOST_DIFFERENT = 1e-3  # of the length of a bottleneck; both compute in single precision


def read_inception(folder: Path, backbone: Backbone) -> KerasNetwork:
    """Read the weights of a SavedModel, a backbone already, into the layers of Inception v3.

    Raises FeatureError where the variables are not those of that network, or where the layers
    do not give what the SavedModel gives.
    """
    keras = load_keras()
    network = new_network(INCEPTION_2015)
    kernels, biases = (_variables(folder, kind) for kind in ("kernel", "bias"))
    convolutions = in_order(network.model.layers, "Conv2D")
    norms = in_order(network.model.layers, "BatchNormalization")
    names = sorted(kernels, key=_place)
    shapes = [kernels[name].shape for name in names]
    fits = names == sorted(biases, key=_place) and backbone.size == network.size
    if not fits or shapes != [convolution.kernel.shape for convolution in convolutions]:
        raise _refusal(folder, "its variables are not those of Inception v3 of 2015")
    for name, convolution, norm in zip(names, convolutions, norms, strict=True):
        bias = biases[name]
        convolution.set_weights([kernels[name]])
        norm.set_weights([bias, np.zeros_like(bias), np.ones_like(bias) - norm.epsilon])
    pictures = _probe(network.size)
    model = network.on_pictures("float32", 255.0)
    given = keras.ops.convert_to_numpy(model.predict_on_batch(pictures))
    wanted = backbone.embed(pictures)
    error = np.linalg.norm(given - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    if not error.max() < MOST_DIFFERENT:
        raise _refusal(
            folder, f"read as Inception v3 of 2015 its answers differ by {error.max():.1%}"
        )
    return network


def _probe(size: int) -> NDArray[np.float32]:
    """Draw patterns, from coarse to fine, to compare networks on: as many as a backbone takes."""
    chance = np.random.default_rng(0)
    drawn = []
    for cells in (2, 3, 5, 8, 13, 21, 34, 55):
        coarse = chance.random((cells, cells, 3), np.float32)
        place = np.arange(size) * cells // size
        drawn.append(coarse[place][:, place])
    return np.stack(drawn)


def _variables(folder: Path, kind: str) -> Mapping[str, NDArray[np.float32]]:
    """Read the kernels or the biases by the names of their layers."""
    tf = tensorflow()
    try:
        with muted_stderr():
            reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        found = {}
        for name in reader.get_variable_to_shape_map():
            if (match := VARIABLE.match(name)) and match["kind"] == kind:
                found[match["layer"]] = reader.get_tensor(name).astype(np.float32)
    except (tf.errors.OpError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise _refusal(folder, f"its variables cannot be read: {reason}") from None
    return found


def _place(layer: str) -> tuple[int, int, int, int]:
    """Order layers as Keras makes them: by block, tower, then the depth in the tower."""
    found = re.fullmatch(
        r"(?P<block>mixed(_(?P<number>\d+))?(?=_))?_?(?P<tower>tower(_(?P<which>\d+))?(?=_))?_?"
        r"(?P<split>mixed_)?conv(_(?P<depth>\d+))?",
        layer,
    )
    if not found:
        return (99, 0, 0, 0)  # no layer of this network: the names differ, and that is told
    block = int(found["number"] or 0) if found["block"] else -1
    tower = int(found["which"] or 0) + 1 if found["tower"] else 0
    return block, tower, int(bool(found["split"])), int(found["depth"] or 0)


def _refusal(folder: Path, reason: str) -> FeatureError:
    return FeatureError(
        f"{folder} cannot be fine-tuned: {reason}; pass --backbone mini, or one of Keras' networks "
        "by name, with --weights FILE.h5 where it cannot be fetched"
    )
