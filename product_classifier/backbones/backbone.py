"""Backbones: frozen image networks that turn pictures into bottlenecks.

`load_backbone` loads one from a name, a TF-Hub handle, a SavedModel folder or a file of retrain.py;
`choose_backbone` adds the default and its fallback.
"""

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

from product_classifier.backbones import FULL_PRECISION, HALF_PRECISION, INCEPTION, MINI
from product_classifier.backbones.keras_networks import (
    APPLICATIONS,
    DOWNLOAD_TIMEOUT,
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

HANDLES = {INCEPTION: "https://tfhub.dev/google/imagenet/inception_v3/feature_vector/5"}
DEFAULT_SIZE = 224  # pixels, for a network that accepts any size
BATCH_SIZE = 8
STUDENT_BATCH_SIZE = 32  # a student is so fast that the overhead of a call matters
INSTEAD = "using mini instead of inception_v3: ten times as fast, up to 10 % fewer products right"


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A frozen image network.

    embed: float32 [batch_size, size, size, 3] in [0, 1] → float32 [batch_size, width]. Batches
    always have that size, since the rounding of a row depends on it.
    """

    name: str
    sha256: str  # of the network's files
    size: int  # pixels
    width: int  # values of a bottleneck
    embed: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    graph: Callable[[Any], Any]  # the same function of TensorFlow tensors of any batch size
    batch_size: int = BATCH_SIZE
    precision: str = FULL_PRECISION  # of its arithmetic; its output is always float32
    student: Student | None = None  # if the network is a student
    network: KerasNetwork | None = None  # if the network consists of Keras layers


def choose_backbone(name: str | None, console: Console, weights: Path | None = None) -> Backbone:
    """Load the named network; by default Inception v3, or mini if Inception cannot be fetched.

    The console reports the fallback to mini. weights: see load_backbone.
    """
    if name or weights:
        return load_backbone(name or INCEPTION, weights=weights)
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
    """Load a network by name (HANDLES, APPLICATIONS, 'mini'), TF-Hub handle, folder or .npz file.

    precision: of the arithmetic; bfloat16 is several times faster on processors with support for
    it, and not available for students. weights: a file of weights, for one of APPLICATIONS. sha256:
    the required hash of the network's files, compared before any of them is loaded. Raises
    FeatureError, with the remedy, for a network with another hash, for one that cannot be fetched,
    and for files that are not an image network.
    """
    if weights is not None and name not in APPLICATIONS:
        names = ", ".join(APPLICATIONS)
        raise FeatureError(f"--weights is for one of {names}; {name} has its own")
    if name == MINI or name.endswith(".npz"):
        file = MINI_FILE if name == MINI else Path(name)
        _check_hash(name, lambda: _file_hash(file), sha256)
        return _student(name, file) if name == MINI else _of_file(name, file)
    if weights is not None or (name in APPLICATIONS and name not in HANDLES):
        network, network_hash = load_application(name, weights)  # reads numbers alone, runs no code
        _check_hash(name, lambda: network_hash, sha256)
        return of_layers(name, network, network_hash)
    folder = _fetched(name)
    _check_hash(name, lambda: _hash(folder), sha256)  # before loading: a SavedModel is code
    tf = tensorflow()
    tf.config.optimizer.set_experimental_options(
        {"auto_mixed_precision_onednn_bfloat16": precision == HALF_PRECISION}
    )
    try:
        with muted_stderr():
            model = tf.saved_model.load(str(folder))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise FeatureError(f"{folder} is not a SavedModel: {str(error).splitlines()[0]}") from None
    signatures = [key for key in ("serving_default", "default") if key in model.signatures]
    if not signatures:
        raise FeatureError(f"{folder} has no signature 'serving_default' for pictures")
    argument, size = _input(model.signatures[signatures[0]], folder)

    def graph(pictures: Any) -> Any:
        # through the model, since variables live only as long as their model
        return next(iter(model.signatures[signatures[0]](**{argument: pictures}).values()))

    embed = _frozen(graph, BATCH_SIZE, size)
    probe = embed(np.zeros((BATCH_SIZE, size, size, 3), np.float32))
    if probe.ndim != 2:
        raise FeatureError(
            f"{folder} gives values of shape {probe.shape}, not a vector for each picture"
        )
    return Backbone(
        name=name,
        sha256=_hash(folder),
        size=size,
        width=probe.shape[1],
        embed=embed,
        graph=graph,
        precision=precision,
    )


def _of_file(name: str, path: Path) -> Backbone:
    """Load a .npz file of retrain.py: a fine-tuned network of Keras layers, or a student."""
    with opened_archive(path, "network") as archive:
        network = read_network(archive) if is_network(archive) else None
    return of_layers(name, network, archive.sha256) if network else _student(name, path)


def of_layers(name: str, network: KerasNetwork, sha256: str) -> Backbone:
    """Return a network of Keras layers as a backbone, whichever backend Keras uses."""
    load_keras()
    size = network.size
    if keras_runs_on_tensorflow():

        def graph(pictures: Any) -> Any:
            return network.model(network.scaled(pictures * 255.0), training=False)

        embed = _frozen(graph, BATCH_SIZE, size)
    else:
        embed = predictor(network.on_pictures("float32", 255.0))

        def graph(pictures: Any) -> Any:
            raise FeatureError(f"{name} has no TensorFlow graph; unset KERAS_BACKEND")

    width = embed(np.zeros((BATCH_SIZE, size, size, 3), np.float32)).shape[1]
    return Backbone(
        name=name,
        sha256=sha256,
        size=size,
        width=width,
        embed=embed,
        graph=graph,
        network=network,
    )


def _student(name: str, path: Path) -> Backbone:
    """Load a student, into ONNX Runtime if TensorFlow is not installed."""
    student, sha256 = read_student(path)
    graph = tensorflow_graph(student)
    if importlib.util.find_spec("tensorflow"):
        embed = _frozen(graph, STUDENT_BATCH_SIZE, student.shape.size)
    else:
        embed = onnx_embed(student)
    size = student.shape.size
    probe = embed(np.zeros((STUDENT_BATCH_SIZE, size, size, 3), np.float32))
    return Backbone(
        name=name,
        sha256=sha256,
        size=size,
        width=probe.shape[1],
        embed=embed,
        graph=graph,
        batch_size=STUDENT_BATCH_SIZE,
        student=student,
    )


def _fetched(name: str) -> Path:
    """Return the folder of a SavedModel, fetched from TF-Hub unless it is local or cached."""
    if Path(name).is_dir():
        return Path(name)
    handle = HANDLES.get(name, name)
    if not handle.startswith(("http://", "https://")):
        names = ", ".join(dict.fromkeys([*HANDLES, *APPLICATIONS]))
        raise FeatureError(
            f"there is no backbone {name!r}: pass {names}, mini, a TF-Hub handle, a SavedModel's "
            "folder or a .npz file of retrain.py"
        )
    tensorflow()
    with muted_stderr():
        import tensorflow_hub
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        return Path(tensorflow_hub.resolve(handle))
    except Exception as error:  # TF-Hub passes on any error of urllib, tarfile and TensorFlow
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UnreachableError(
            f"the network {name} is not cached and {handle} cannot be fetched ({reason}); connect "
            "to the internet once, set TFHUB_CACHE_DIR to a folder with the network, or pass "
            "--backbone mini or a SavedModel's folder"
        ) from None
    finally:
        socket.setdefaulttimeout(previous)


def _input(signature: Any, folder: Path) -> tuple[str, int]:
    """Return the name of the signature's picture argument, and the pictures' side in pixels."""
    inputs = signature.structured_input_signature[1]
    shapes = {argument: tensor.shape for argument, tensor in inputs.items()}
    if len(shapes) != 1 or any(shape.rank != 4 or shape[3] != 3 for shape in shapes.values()):
        raise FeatureError(f"{folder} does not take pictures [n, height, width, 3]")
    [(argument, shape)] = shapes.items()
    return argument, int(shape[1] or DEFAULT_SIZE)


def _frozen(
    graph: Callable[[Any], Any], batch_size: int, size: int
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    function = freeze(graph, batch_size, size)

    def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(function(tensorflow().constant(pictures))[0])

    return embed


def freeze(graph: Callable[[Any], Any], batch_size: int | None, size: int) -> Any:
    """Return a concrete function of float32 [batch_size, size, size, 3], named 'images'.

    Variables become constants, so that casts and scalings of kernels are computed once.
    """
    tf = tensorflow()  # first: it silences TensorFlow's start-up messages
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


def _check_hash(name: str, compute: Callable[[], str], expected: str | None) -> None:
    """Raise FeatureError if a hash is expected and compute returns another one."""
    if expected is not None and compute() != expected:
        raise FeatureError(
            f"pictures are read by the network whose SHA-256 begins with {expected[:16]}, and "
            f"{name} is not that network; pass that network as --backbone"
        )


def _hash(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of all files below a SavedModel's folder."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name != "fingerprint.pb":  # differs each time the same network is saved
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
