"""Image networks: a name, a TF-Hub handle, a folder or a file → pictures in, bottlenecks out."""

from __future__ import annotations

import hashlib
import importlib.util
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.keras_networks import (
    APPLICATIONS,
    DOWNLOAD_TIMEOUT,
    FULL_PRECISION,
    HALF_PRECISION,
    KerasNetwork,
    is_network,
    load_application,
    read_network,
)
from product_classifier.backbones.network_file import LARGEST, opened_archive
from product_classifier.backbones.onnx import onnx_embed
from product_classifier.backbones.runtime import (
    keras_runs_on_tensorflow,
    load_keras,
    muted_stderr,
    predictor,
    tensorflow,
)
from product_classifier.backbones.student import MINI_FILE, Student, read_student, tensorflow_graph
from product_classifier.console import Console
from product_classifier.errors import FeatureError, UnreachableError
from product_classifier.regular import read_bounded

INCEPTION, MINI = "inception_v3", "mini"
HANDLES = {INCEPTION: "https://tfhub.dev/google/imagenet/inception_v3/feature_vector/5"}
USUAL_SIZE = 224  # pixels, for a network that accepts any
BATCH_SIZE = 8
SMALL_BATCH_SIZE = 32  # of a network so small that calling it takes time
INSTEAD = "using mini instead of inception_v3: ten times as fast, up to 10 % fewer products right"


@dataclass(frozen=True)
class Backbone:
    """A frozen image network.

    embed: float32 [batch_size, size, size, 3] in [0, 1] → float32 [batch_size, width]. The batch
    has always that size, since the rounding of a row depends on it.
    """

    name: str
    sha256: str  # of the network's files
    size: int  # pixels
    width: int  # values of a bottleneck
    embed: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    graph: Callable[[Any], Any]  # the same for tensors of any batch size, to build graphs on
    batch_size: int = BATCH_SIZE
    precision: str = FULL_PRECISION  # of its arithmetic; what it gives is always float32
    student: Student | None = None  # where it is one
    network: KerasNetwork | None = None  # likewise


def choose_backbone(asked: str | None, console: Console, weights: Path | None = None) -> Backbone:
    """Load the network that was asked for; without one, Inception v3 or else mini, telling why."""
    if asked or weights:
        return load_backbone(asked or INCEPTION, weights=weights)
    try:
        return load_backbone(INCEPTION)
    except UnreachableError as error:
        console.say(f"{INSTEAD} ({str(error).partition(';')[0]})")
        return load_backbone(MINI)


def load_backbone(
    name: str,
    precision: str = FULL_PRECISION,
    weights: Path | None = None,
    sha256: str | None = None,
) -> Backbone:
    """Load a network: a name of HANDLES or APPLICATIONS, 'mini', a handle, a folder, a student.

    precision: of the arithmetic; bfloat16 is several times faster on processors made for it, and
    not to be had for students. weights: a file, for one of APPLICATIONS. sha256: what the network's
    files have to hash to, which is compared before any of them is opened. Raises FeatureError, with
    the ways out, for one that is another, cannot be fetched or is no image network.
    """
    if weights is not None and name not in APPLICATIONS:
        known = ", ".join(APPLICATIONS)
        raise FeatureError(f"--weights is for one of {known}; {name} has its own")
    if name == MINI or name.endswith(".npz"):
        file = MINI_FILE if name == MINI else Path(name)
        _insist_on_hash(name, lambda: _file_hash(file), sha256)
        return _student(name, file) if name == MINI else _of_file(name, file)
    if weights is not None or (name in APPLICATIONS and name not in HANDLES):
        network, found = load_application(name, weights)  # which reads numbers alone
        _insist_on_hash(name, lambda: found, sha256)
        return of_layers(name, network, found)
    folder = _fetched(name)
    _insist_on_hash(name, lambda: _hash(folder), sha256)  # a SavedModel is code
    tf = tensorflow()
    tf.config.optimizer.set_experimental_options(
        {"auto_mixed_precision_onednn_bfloat16": precision == HALF_PRECISION}
    )
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

    embed = _frozen(graph, BATCH_SIZE, size)
    probe = embed(np.zeros((BATCH_SIZE, size, size, 3), np.float32))
    if probe.ndim != 2:
        raise FeatureError(f"{folder} gives values of shape {probe.shape}, not a vector a picture")
    return Backbone(name, _hash(folder), size, probe.shape[1], embed, graph, precision=precision)


def _of_file(name: str, path: Path) -> Backbone:
    with opened_archive(path, "network") as archive:
        network = read_network(archive) if is_network(archive) else None
    return of_layers(name, network, archive.sha256) if network else _student(name, path)


def of_layers(name: str, network: KerasNetwork, sha256: str) -> Backbone:
    """Freeze a network of Keras' layers, computed by TensorFlow or by Keras' other backend."""
    load_keras()
    size = network.size
    if keras_runs_on_tensorflow():

        def graph(pictures: Any) -> Any:
            return network.model(network.scaled(pictures * 255.0), training=False)

        embed = _frozen(graph, BATCH_SIZE, size)
    else:
        embed = predictor(network.on_pictures("float32", 255.0))

        def graph(pictures: Any) -> Any:
            raise FeatureError(f"{name} is no graph of TensorFlow's; leave out KERAS_BACKEND")

    width = embed(np.zeros((BATCH_SIZE, size, size, 3), np.float32)).shape[1]
    return Backbone(name, sha256, size, width, embed, graph, network=network)


def _student(name: str, path: Path) -> Backbone:
    """Load a student, into ONNX Runtime where there is no TensorFlow."""
    student, sha256 = read_student(path)
    graph = tensorflow_graph(student)
    if importlib.util.find_spec("tensorflow"):
        embed = _frozen(graph, SMALL_BATCH_SIZE, student.shape.size)
    else:
        embed = onnx_embed(student)
    size = student.shape.size
    probe = embed(np.zeros((SMALL_BATCH_SIZE, size, size, 3), np.float32))
    return Backbone(
        name, sha256, size, probe.shape[1], embed, graph, SMALL_BATCH_SIZE, student=student
    )


def _fetched(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    handle = HANDLES.get(name, name)
    if not handle.startswith(("http://", "https://")):
        known = ", ".join(dict.fromkeys([*HANDLES, *APPLICATIONS]))
        raise FeatureError(
            f"there is no backbone {name!r}: pass {known}, mini, a TF-Hub handle, a SavedModel's "
            "folder or a .npz file of retrain.py"
        )
    tensorflow()
    with muted_stderr():
        import tensorflow_hub
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        return Path(tensorflow_hub.resolve(handle))
    except Exception as error:  # hub passes on whatever urllib, tarfile and TensorFlow raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UnreachableError(
            f"the network {name} is not cached and {handle} cannot be fetched ({reason}); connect "
            "to the internet once, set TFHUB_CACHE_DIR to a folder that has it, or pass --backbone "
            "mini or a SavedModel's folder"
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
    graph: Callable[[Any], Any], batch_size: int, size: int
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    function = freeze(graph, batch_size, size)

    def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(function(tensorflow().constant(pictures))[0])

    return embed


def freeze(graph: Callable[[Any], Any], batch_size: int | None, size: int) -> Any:
    """Turn variables into constants, so that casts and scalings of kernels are folded away.

    Returns a concrete function of float32 [batch_size, size, size, 3], named 'images'.
    """
    tf = tensorflow()  # first, since it is what keeps TensorFlow quiet
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    shape = tf.TensorSpec([batch_size, size, size, 3], tf.float32, name="images")
    with muted_stderr():
        traced = tf.function(graph, autograph=False).get_concrete_function(shape)
        return convert_variables_to_constants_v2(traced)


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(read_bounded(path, LARGEST)).hexdigest()
    except OSError as error:
        raise FeatureError(f"{path} cannot be read: {error.strerror}") from None


def _insist_on_hash(name: str, found: Callable[[], str], wanted: str | None) -> None:
    if wanted is not None and found() != wanted:
        raise FeatureError(
            f"pictures are read by the network whose SHA-256 begins with {wanted[:16]}, and {name} "
            "is not that network; pass that one as --backbone"
        )


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name != "fingerprint.pb":  # differs between two savings of the same network
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
