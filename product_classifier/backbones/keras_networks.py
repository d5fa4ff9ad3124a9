"""Networks as Keras' layers, by the name of their architecture, and where their blocks end."""

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
from typing import Any, NamedTuple

import numpy as np

from product_classifier.backbones.keras_weights import check_weights_file, largest_weights_file
from product_classifier.backbones.network_file import Archive, write_archive
from product_classifier.backbones.runtime import load_keras
from product_classifier.errors import FeatureError, UnreachableError

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


DOWNLOAD_TIMEOUT = 15.0  # seconds without a byte
LONGEST_REASON = 120  # characters of what Keras says


APPLICATIONS = tuple(name for name in ARCHITECTURES if name != INCEPTION_2015)


def load_application(name: str, weights: Path | None) -> tuple[KerasNetwork, str]:
    """Load a network of APPLICATIONS, and hash its weights, whatever file they came from.

    weights: a file of its weights without the top, as Keras saves or publishes them (.h5); None:
    ImageNet's, fetched once. Only numbers are read from a file. Raises FeatureError for a file of
    another network or one that is not whole, UnreachableError where nothing can be fetched.
    """
    if weights is not None:
        _insist_on_file(weights, name)
        network = new_network(name)
        read_weights(network.model, weights, name)
    else:
        load_keras()  # here, so that only what fails in fetching is taken for that
        network = _fetched(lambda: new_network(name, "imagenet"), name)
    digest = hashlib.sha256(name.encode())
    for array in network.model.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())
    return network, digest.hexdigest()


def _fetched(make: Callable[[], Any], name: str) -> Any:
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras draws a bar there
            return make()
    except Exception as error:  # Keras raises a bare Exception where a download fails
        raise UnreachableError(
            f"the weights of {name} are not cached and cannot be fetched "
            f"({(str(error) or type(error).__name__).splitlines()[0]}); connect to the internet "
            "once, pass a file of them as --weights, or pass --backbone mini"
        ) from None
    finally:
        socket.setdefaulttimeout(previous)


def _insist_on_file(weights: Path, name: str) -> None:
    if not weights.is_file():
        raise FeatureError(f"there is no file {weights}; pass the weights of {name}")
    if weights.suffix not in (".h5", ".hdf5"):
        raise FeatureError(f"{weights} is no file of Keras' weights: these end in .h5")


def read_weights(model: Any, weights: Path, name: str) -> None:
    """Read a file of Keras' weights into a model; name: as messages call it.

    Raises FeatureError for a file that is damaged, too large, or of another network.
    """
    if (size := weights.stat().st_size) > (most := largest_weights_file(model)):
        raise FeatureError(
            f"{weights} has {size:,} bytes, and the weights of {name} have at most {most:,}; "
            "pass a file of its weights alone"
        )
    before = [array.copy() for array in model.get_weights()]
    try:
        check_weights_file(weights, model)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # that some layers keep their random numbers
            model.load_weights(weights)
    except Exception as error:  # whatever h5py and Keras say of bytes that they did not write
        reason = (str(error) or type(error).__name__).strip().splitlines()[0][:LONGEST_REASON]
        raise FeatureError(
            f"{weights} is damaged, or holds the weights of another network than {name} without "
            f"its top ({reason})"
        ) from None
    after = model.get_weights()
    if all(map(np.array_equal, before, after)):
        raise FeatureError(f"{weights} has no weights of {name}")
    if not all(np.isfinite(array).all() for array in after):
        raise FeatureError(f"{weights} is damaged: not all of its numbers are finite")


FORMAT = 1


def save_network(network: KerasNetwork, about: Mapping[str, Any], path: Path) -> str:
    """Keep a network's weights in float32, and how it came to be; returns the file's SHA-256.

    Raises FeatureError where it cannot be written.
    """
    weights = network.model.get_weights()
    head = {
        "format": FORMAT,
        "architecture": network.architecture,  # which stands for its scaling, too
        "size": network.size,
        "about": dict(about),
    }
    arrays = {f"weights/{k}": array.astype(np.float32) for k, array in enumerate(weights)}
    return write_archive(path, head, arrays, compressed=False)


def is_network(archive: Archive) -> bool:
    """Tell such a file from a student's."""
    return "architecture" in archive.head


def read_network(archive: Archive) -> KerasNetwork:
    """Read a network that was saved. Raises FeatureError for one of another kind or version."""
    head, path = archive.head, archive.path
    if head["format"] != FORMAT or str(head["architecture"]) not in ARCHITECTURES:
        raise FeatureError(
            f"{path} holds format {head['format']} of {head['architecture']!r}, which this version "
            "does not read; fine-tune it again, or use the version that made it"
        )
    network = new_network(head["architecture"])
    shapes = [tuple(variable.shape) for variable in network.model.weights]
    try:
        archive.insist_on({f"weights/{k}": (np.float32, shape) for k, shape in enumerate(shapes)})
    except ValueError as error:
        what = f"its weights are not those of {head['architecture']}"
        raise ValueError(f"{what}: {error}") from None
    weights = [archive.arrays[f"weights/{k}"] for k in range(len(shapes))]
    if not all(np.isfinite(array).all() for array in weights):
        raise ValueError("not all of its weights are finite")
    network.model.set_weights(weights)
    return network
