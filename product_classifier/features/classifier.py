"""A classifier of pictures that retrain.py wrote, read back: its graph, and its labels beside it.

It may come from elsewhere, so that opening it must not run anything: ONNX Runtime only computes,
and a graph of TensorFlow's that could do more is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.features.backbone import SMALL_BATCH_SIZE
from product_classifier.features.onnx import NOT_INSTALLED
from product_classifier.features.runtime import muted_stderr, tensorflow

GRAPH = "output_graph.pb"  # what retrain.py writes where it is told nothing else
BELOW_ONE = float(np.nextafter(np.float32(1), np.float32(0)))
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def labels_beside(graph: Path) -> Path:
    """Name the labels' file of a graph: output_labels.txt, or zoom_labels.txt of zoom.onnx."""
    return graph.with_name(f"{graph.stem.removesuffix('_graph')}_labels.txt")


@dataclass(frozen=True)
class Classifier:
    """A graph that is not loaded yet."""

    path: Path
    data: bytes
    sha256: str
    labels: tuple[str, ...]  # in the order of the probabilities

    def column(self, label: str) -> int:
        """Tell which of the probabilities is a label's. Raises FeatureError for an unknown one."""
        if label not in self.labels:
            raise FeatureError(
                f"{self.path} has no label {label!r}; pass --filter-label with one of: "
                f"{', '.join(self.labels)}"
            )
        return self.labels.index(label)


@dataclass(frozen=True)
class Loaded:
    """One that runs; embed: float32 [batch_size, size, size, 3] in [0, 1] → [batch_size, labels].

    What it gives are probabilities below 1.
    """

    size: int  # pixels
    embed: Run
    batch_size: int = SMALL_BATCH_SIZE


def read_classifier(path: Path) -> Classifier:
    """Read a graph, .pb or .onnx, or the folder that retrain.py wrote one into, and its labels.

    Raises FeatureError for what is absent, is none, or has fewer than two labels.
    """
    if path.is_dir():
        path /= GRAPH
    if path.suffix not in _LOADERS:
        raise FeatureError(
            f"{path} is no graph of retrain.py's; pass the {GRAPH} or the .onnx file that it wrote"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FeatureError(
            f"{path} cannot be read: {error.strerror}; retrain.py --image_dir writes such a graph"
        ) from None
    return Classifier(path, data, hashlib.sha256(data).hexdigest(), _labels(path))


def load_classifier(classifier: Classifier) -> Loaded:
    """Load a graph. Raises FeatureError for one that is damaged or no classifier of its labels."""
    path, count = classifier.path, len(classifier.labels)
    try:
        with muted_stderr():
            size, run = _LOADERS[path.suffix](classifier.data)
            first = run(np.zeros((SMALL_BATCH_SIZE, size, size, 3), np.float32))
    except FeatureError:
        raise
    except Exception as error:  # protobuf, TensorFlow and ONNX Runtime raise whatever they meet
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise FeatureError(
            f"{path} is damaged or no graph of retrain.py's ({reason}); train it again"
        ) from None

    def probabilities(found: NDArray[np.float32]) -> NDArray[np.float32]:
        if found.shape != (SMALL_BATCH_SIZE, count):
            raise FeatureError(
                f"{path} gives {found.shape[-1]} values a picture and "
                f"{labels_beside(path).name} has {count} labels; put its own labels beside it"
            )
        if not (found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < 1e-3):
            raise FeatureError(f"{path} gives no probabilities: it is damaged; train it again")
        return np.minimum(found, np.float32(BELOW_ONE))  # as a softmax is but for its rounding

    probabilities(first)
    return Loaded(size, lambda pictures: probabilities(run(pictures)))


def _labels(graph: Path) -> tuple[str, ...]:
    path = labels_beside(graph)
    try:
        labels = tuple(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise FeatureError(
            f"{path}, the labels of {graph.name}, cannot be read: {error.strerror}; put beside it "
            "what retrain.py wrote as --output_labels"
        ) from None
    except UnicodeDecodeError:
        labels = ()
    if not all(labels) or len(set(labels)) < len(labels) or not labels:
        raise FeatureError(
            f"{path} is damaged: it should have the labels of {graph.name}, a line each"
        )
    if len(labels) == 1:
        raise FeatureError(
            f"{graph} has one label, {labels[0]!r}, and tells nothing apart; train it on two"
        )
    return labels


def _onnx(data: bytes) -> tuple[int, Run]:
    try:
        import onnxruntime
    except ImportError:
        raise FeatureError(NOT_INSTALLED) from None
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    [pictures], [given] = session.get_inputs(), session.get_outputs()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run([given.name], {pictures.name: batch})[0])

    return _side(pictures.shape), run


def _tensorflow(data: bytes) -> tuple[int, Run]:
    tf = tensorflow()
    graph = tf.compat.v1.GraphDef.FromString(data)
    _insist_on_computing(graph)
    [pictures] = [node for node in graph.node if node.op == "Placeholder"]
    used = {name.lstrip("^").partition(":")[0] for node in graph.node for name in node.input}
    [last] = [node for node in graph.node if node.name not in used and node.op != "NoOp"]
    whole = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    classify = whole.prune(f"{pictures.name}:0", f"{last.name}:0")

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(classify(tf.constant(batch)))

    return _side([dim.size for dim in pictures.attr["shape"].shape.dim]), run


def _insist_on_computing(graph: Any) -> None:
    """Refuse operations that have a state or handle text, as all do that touch files."""
    from tensorflow.python.framework import dtypes, op_def_registry

    functions = [node for function in graph.library.function for node in function.node_def]
    for name in {node.op for node in [*graph.node, *functions]}:
        known = op_def_registry.get(name)
        if (
            known is None
            or known.is_stateful
            or any(arg.type == dtypes.string for arg in [*known.input_arg, *known.output_arg])
        ):
            raise ValueError(f"it holds {name}, which does more than compute")


def _side(shape: list[Any]) -> int:
    """Tell the side of the pictures [n, side, side, 3] that a graph takes."""
    [_, height, width, colours] = shape
    if not (isinstance(height, int) and 0 < height == width and colours == 3):
        raise ValueError(f"it takes {shape}, no square pictures")
    return height


_LOADERS: Mapping[str, Callable[[bytes], tuple[int, Run]]] = {".pb": _tensorflow, ".onnx": _onnx}
