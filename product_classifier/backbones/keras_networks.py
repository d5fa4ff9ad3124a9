"""Networks of Keras layers: architectures, pretrained weights, and files of fine-tuned networks.

In reading order: `ARCHITECTURES` names the networks of keras.applications and the pattern of their
blocks; `new_network`, `in_precision` and `blocks` build them and take them apart;
`load_application` loads one with ImageNet's weights or with a .h5 file's; `save_network` and
`read_network` keep a fine-tuned one in a .npz file.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import re
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from product_classifier.backbones import FULL_PRECISION
from product_classifier.backbones.keras_weights import check_weights_file, largest_weights_file
from product_classifier.backbones.network_file import Archive, write_archive
from product_classifier.backbones.runtime import load_keras
from product_classifier.errors import FeatureError, UnreachableError

INCEPTION_2015 = "inception_v3_2015"


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A network's module and class in keras.applications, and the pattern of its blocks.

    block: a regular expression that finds the block's name in a layer's name; a layer without a
    match belongs to the block before it. ends: whether a match is the last layer of its block.
    """

    module: str
    name: str
    block: str
    size: int = 224  # pixels of its training pictures' sides
    ends: bool = False


ARCHITECTURES: Mapping[str, Architecture] = {
    "vgg16": Architecture(module="vgg16", name="VGG16", block=r"^block\d+"),
    "vgg19": Architecture(module="vgg19", name="VGG19", block=r"^block\d+"),
    "resnet50": Architecture(module="resnet", name="ResNet50", block=r"^conv\d+(?=_)"),
    "resnet101": Architecture(module="resnet", name="ResNet101", block=r"^conv\d+(?=_)"),
    "mobilenet_v2": Architecture(
        module="mobilenet_v2", name="MobileNetV2", block=r"^(expanded_conv|block_\d+)(?=_)"
    ),
    "efficientnet_b0": Architecture(
        module="efficientnet", name="EfficientNetB0", block=r"^block\d+"
    ),
    "inception_v3": Architecture(
        module="inception_v3", name="InceptionV3", block=r"^mixed\d+$", size=299, ends=True
    ),
    INCEPTION_2015: Architecture(
        module="inception_v3", name="InceptionV3", block=r"^mixed\d+$", size=299, ends=True
    ),
}
APPLICATIONS = tuple(name for name in ARCHITECTURES if name != INCEPTION_2015)
DOWNLOAD_TIMEOUT = 15.0  # seconds without a byte
LONGEST_REASON = 120  # characters of an error message of Keras
FORMAT = 1  # of files of fine-tuned networks


@dataclass(frozen=True)
class KerasNetwork:
    """A Keras model and the name of its architecture, which defines how pictures are scaled."""

    architecture: str
    model: Any  # keras.Model: outputs of `scaled` → [n, width]

    @property
    def size(self) -> int:
        """Return the side of the input pictures in pixels."""
        return ARCHITECTURES[self.architecture].size

    def scaled(self, values: Any) -> Any:
        """Return pictures scaled for the model; values: float32 [n, size, size, 3] in [0, 255]."""
        if self.architecture == INCEPTION_2015:
            return (values - 128.0) / 128.0
        return _module(self.architecture).preprocess_input(values)

    def on_pictures(self, dtype: str = "uint8", factor: float = 1.0) -> Any:
        """Return a model of unscaled pictures; values of `dtype` times factor are in [0, 255]."""
        keras = load_keras()
        pictures = keras.Input((self.size, self.size, 3), dtype=dtype)
        scaled = self.scaled(keras.ops.cast(pictures, "float32") * factor)
        outputs = self.model(scaled)
        return keras.Model(pictures, keras.ops.cast(outputs, "float32"))


def new_network(
    architecture: str, weights: str | None = None, precision: str = FULL_PRECISION
) -> KerasNetwork:
    """Return a network without its classification layer, with random weights by default.

    weights: "imagenet" fetches pretrained ones.
    """
    keras = load_keras()
    design = ARCHITECTURES[architecture]
    make = getattr(_module(architecture), design.name)
    with _policy(keras, precision):
        model = make(
            include_top=False,
            pooling="avg",
            input_shape=(design.size, design.size, 3),
            weights=weights,
        )
        if architecture == INCEPTION_2015:
            model = _with_maximum(keras, model)
    return KerasNetwork(architecture, model)


def in_precision(network: KerasNetwork, precision: str) -> KerasNetwork:
    """Return a network that computes in a precision with the same weights, kept in float32."""
    if precision == FULL_PRECISION:
        return network
    other = new_network(network.architecture, precision=precision)
    other.model.set_weights(network.model.get_weights())
    return other


def blocks(network: KerasNetwork) -> list[list[Any]]:
    """Return a network's layers grouped into the blocks of its architecture, from the input on.

    Layers before the first block are a block of their own, unless the architecture's pattern marks
    the ends of blocks; layers after the last block belong to it.
    """
    design = ARCHITECTURES[network.architecture]
    groups: list[list[Any]] = [[]]
    current, ended = "", False
    for layer in network.model.layers:
        match = re.search(design.block, layer.name)
        starts = ended if design.ends else match is not None and match[0] != current
        if starts and any(earlier.weights for earlier in groups[-1]):
            groups.append([])
        current, ended = (match[0], True) if match else (current, False)
        groups[-1].append(layer)
    if not any(layer.weights for layer in groups[-1]):  # only the final pooling
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def layers_in_order(layers: Sequence[Any], kind: str) -> list[Any]:
    """Return the layers of a class in order of creation, by the numbers that Keras gives them."""

    def number(layer: Any) -> int:
        match = re.search(r"_(\d+)$", layer.name)
        return int(match[1]) if match else 0

    return sorted((layer for layer in layers if type(layer).__name__ == kind), key=number)


def _with_maximum(keras: Any, model: Any) -> Any:
    """Return the model with max pooling in its last block, as in Inception v3 of 2015."""
    averaging = layers_in_order(model.layers, "AveragePooling2D")[-1]

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
    """Create layers in a precision within the context."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy_name(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def policy_name(precision: str) -> str:
    """Return Keras' dtype policy for a precision; weights are float32 in each."""
    return precision if precision == FULL_PRECISION else f"mixed_{precision}"


def load_application(name: str, weights: Path | None) -> tuple[KerasNetwork, str]:
    """Load a network of APPLICATIONS; returns it and a hash of its weights.

    weights: a .h5 file of the weights without the classification layer, as Keras saves or publishes
    them; None: ImageNet's, fetched once. Only numbers are read from a file. Raises FeatureError for
    a damaged file and for one of another network, UnreachableError if weights cannot be fetched.
    """
    if weights is not None:
        _check_path(weights, name)
        network = new_network(name)
        read_weights(network.model, weights, name)
    else:
        load_keras()  # here, so that _fetched catches errors of the download alone
        network = _fetched(lambda: new_network(name, "imagenet"), name)
    digest = hashlib.sha256(name.encode())
    for array in network.model.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())
    return network, digest.hexdigest()


def _fetched(make: Callable[[], Any], name: str) -> Any:
    """Return make(), which fetches weights. Raises UnreachableError if that fails."""
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras prints a progress bar there
            return make()
    except Exception as error:  # Keras raises a bare Exception if a download fails
        raise UnreachableError(
            f"the weights of {name} are not cached and cannot be fetched "
            f"({(str(error) or type(error).__name__).splitlines()[0]}); connect to the internet "
            "once, pass a file of the weights as --weights, or pass --backbone mini"
        ) from None
    finally:
        socket.setdefaulttimeout(previous)


def _check_path(weights: Path, name: str) -> None:
    if not weights.is_file():
        raise FeatureError(f"there is no file {weights}; pass the weights of {name}")
    if weights.suffix not in (".h5", ".hdf5"):
        raise FeatureError(
            f"{weights} is not a file of Keras weights, which end in .h5; pass another file"
        )


def read_weights(model: Any, weights: Path, name: str) -> None:
    """Read a file of Keras weights into a model; name: of the network, for messages.

    Raises FeatureError for a file that is damaged, too large, or of another network.
    """
    if (size := weights.stat().st_size) > (most := largest_weights_file(model)):
        raise FeatureError(
            f"{weights} has {size:,} bytes, but the weights of {name} have at most {most:,}; "
            "pass a file with its weights alone"
        )
    before = [array.copy() for array in model.get_weights()]
    try:
        check_weights_file(weights, model)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras only warns if some layers keep random weights
            model.load_weights(weights)
    except Exception as error:  # h5py and Keras raise errors of any kind for damaged files
        reason = (str(error) or type(error).__name__).strip().splitlines()[0][:LONGEST_REASON]
        raise FeatureError(
            f"{weights} is damaged, or is not of {name} without its classification layer "
            f"({reason}); pass another file"
        ) from None
    after = model.get_weights()
    if all(map(np.array_equal, before, after)):
        raise FeatureError(f"{weights} has no weights of {name}; pass another file")
    if not all(np.isfinite(array).all() for array in after):
        raise FeatureError(
            f"{weights} is damaged: not all of its weights are finite; pass another file"
        )


def save_network(network: KerasNetwork, about: Mapping[str, Any], path: Path) -> str:
    """Write a network's weights in float32 and facts about its training; returns the SHA-256.

    Raises FeatureError if the file cannot be written.
    """
    weights = network.model.get_weights()
    head = {
        "format": FORMAT,
        "architecture": network.architecture,  # implies the scaling of pictures
        "size": network.size,
        "about": dict(about),
    }
    arrays = {f"weights/{k}": array.astype(np.float32) for k, array in enumerate(weights)}
    return write_archive(path, head, arrays, compressed=False)


def is_network(archive: Archive) -> bool:
    """Return whether a file holds a network of Keras layers rather than a student."""
    return "architecture" in archive.head


def read_network(archive: Archive) -> KerasNetwork:
    """Return the network of a file of save_network.

    Raises FeatureError for an unknown architecture or format, ValueError for damaged weights.
    """
    head, path = archive.head, archive.path
    if head["format"] != FORMAT or str(head["architecture"]) not in ARCHITECTURES:
        raise FeatureError(
            f"{path} has format {head['format']} of {head['architecture']!r}, which this version "
            "does not read; fine-tune the network again, or use the version that wrote it"
        )
    network = new_network(head["architecture"])
    shapes = [tuple(variable.shape) for variable in network.model.weights]
    try:
        archive.check_arrays(
            {f"weights/{k}": (np.float32, shape) for k, shape in enumerate(shapes)}
        )
    except ValueError as error:
        raise ValueError(f"its weights are not those of {head['architecture']}: {error}") from None
    weights = [archive.arrays[f"weights/{k}"] for k in range(len(shapes))]
    if not all(np.isfinite(array).all() for array in weights):
        raise ValueError("not all of its weights are finite")
    network.model.set_weights(weights)
    return network
