"""Image networks: a name, a TF-Hub handle or a SavedModel folder → pictures in, bottlenecks out."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.features.runtime import muted_stderr, tensorflow

HANDLES = {
    "inception_v3": "https://tfhub.dev/google/imagenet/inception_v3/feature_vector/5",
}
USUAL_SIZE = 224  # pixels, for a network that accepts any
DOWNLOAD_TIMEOUT = 30.0  # seconds without a byte
BATCH_SIZE = 8


@dataclass(frozen=True)
class Backbone:
    """A frozen image network.

    embed: float32 [BATCH_SIZE, size, size, 3] in [0, 1] → float32 [BATCH_SIZE, width]. The batch
    has always that size, since the rounding of a row depends on it.
    """

    name: str
    sha256: str  # of the network's files
    size: int  # pixels
    width: int  # values of a bottleneck
    embed: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    graph: Callable[[Any], Any]  # the same for tensors of any batch size, to build graphs on


def load_backbone(name: str) -> Backbone:
    """Load a network: a name of HANDLES, a TF-Hub handle, or the folder of a SavedModel.

    Raises FeatureError, with the ways out, for one that cannot be fetched or is no image network.
    """
    folder = _fetched(name)
    tf = tensorflow()
    try:
        with muted_stderr():
            model = tf.saved_model.load(str(folder))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise FeatureError(f"{folder} is not a SavedModel: {str(error).splitlines()[0]}") from None
    names = [name for name in ("serving_default", "default") if name in model.signatures]
    if not names:
        raise FeatureError(f"{folder} has no signature 'serving_default' for pictures")
    argument, size = _input(model.signatures[names[0]], folder)

    def graph(pictures: Any) -> Any:
        # through the model, since its variables live only as long as it does
        return next(iter(model.signatures[names[0]](**{argument: pictures}).values()))

    embed = _frozen(graph, size)
    probe = embed(np.zeros((BATCH_SIZE, size, size, 3), np.float32))
    if probe.ndim != 2:
        raise FeatureError(f"{folder} gives values of shape {probe.shape}, not a vector a picture")
    return Backbone(name, _hash(folder), size, probe.shape[1], embed, graph)


def _fetched(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    handle = HANDLES.get(name, name)
    if not handle.startswith(("http://", "https://")):
        known = ", ".join(HANDLES)
        raise FeatureError(
            f"there is no backbone {name!r}: pass {known}, a TF-Hub handle or a SavedModel's folder"
        )
    tensorflow()
    with muted_stderr():
        import tensorflow_hub
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        return Path(tensorflow_hub.resolve(handle))
    except Exception as error:  # hub passes on whatever urllib, tarfile and TensorFlow raise
        raise FeatureError(
            f"the network {name} is not cached and {handle} cannot be fetched "
            f"({_first_line(error)}); connect to the internet once, set TFHUB_CACHE_DIR to a "
            "folder that has it, or pass a SavedModel's folder as --backbone"
        ) from None
    finally:
        socket.setdefaulttimeout(previous)


def _input(signature: Any, folder: Path) -> tuple[str, int]:
    """Find the name of the pictures' argument, and their height and width in pixels."""
    inputs = signature.structured_input_signature[1]
    shapes = {argument: tensor.shape for argument, tensor in inputs.items()}
    if len(shapes) != 1 or any(shape.rank != 4 or shape[3] != 3 for shape in shapes.values()):
        raise FeatureError(f"{folder} does not take pictures [n, height, width, 3]")
    [(argument, shape)] = shapes.items()
    return argument, int(shape[1] or USUAL_SIZE)


def _frozen(
    graph: Callable[[Any], Any], size: int
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    function = freeze(graph, BATCH_SIZE, size)

    def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(function(tensorflow().constant(pictures))[0])

    return embed


def freeze(graph: Callable[[Any], Any], batch_size: int | None, size: int) -> Any:
    """Turn variables into constants, so that casts and scalings of kernels are folded away.

    Returns a concrete function of float32 [batch_size, size, size, 3], named 'images'.
    """
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    tf = tensorflow()
    shape = tf.TensorSpec([batch_size, size, size, 3], tf.float32, name="images")
    with muted_stderr():
        traced = tf.function(graph, autograph=False).get_concrete_function(shape)
        return convert_variables_to_constants_v2(traced)


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name != "fingerprint.pb":  # differs between two savings of the same network
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
