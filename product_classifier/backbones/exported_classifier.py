"""Picture classifiers exported by retrain.py: a graph file, and a file of labels beside it.

The files may come from a stranger. A graph is therefore checked before it is loaded: all of its
operations are on a fixed list, and the memory and time they take are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones import GRAPH, labels_beside
from product_classifier.backbones.graph_file import LARGEST_GRAPH
from product_classifier.backbones.onnx_graph import load_onnx
from product_classifier.backbones.runtime import muted_stderr
from product_classifier.backbones.tensorflow_graph import load_tensorflow
from product_classifier.errors import FeatureError
from product_classifier.printable import printable
from product_classifier.regular import read_bounded
from product_classifier.system_errors import limit_of

LARGEST_LABELS = 10_000_000  # bytes of the file
LABELS_NAMED = 20  # at most, in a message
BELOW_ONE = float(np.nextafter(np.float32(1), np.float32(0)))
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class ExportedClassifier:
    """The files of a classifier, read but not loaded yet."""

    path: Path
    data: bytes
    sha256: str
    labels: tuple[str, ...]  # in the order of the probabilities

    def column(self, label: str) -> int:
        """Return the column of a label's probability. Raises FeatureError for an unknown label."""
        if label not in self.labels:
            names = ", ".join(self.labels[:LABELS_NAMED])
            more = len(self.labels) - LABELS_NAMED
            raise FeatureError(
                f"{self.path} has no label {label!r}; pass --filter-label with one of: "
                f"{names}{f' and {more:,} more' if more > 0 else ''}"
            )
        return self.labels.index(label)


@dataclass(frozen=True)
class LoadedClassifier:
    """A classifier that is ready to run.

    embed: float32 [batch_size, size, size, 3] in [0, 1] → probabilities below 1, float32
    [batch_size, labels].
    """

    size: int  # pixels
    embed: Run
    batch_size: int


def read_classifier(path: Path) -> ExportedClassifier:
    """Read a graph, .pb or .onnx, or the graph in a folder, and the labels beside it.

    Raises FeatureError if a file is missing or of another format, or if there are fewer than two
    labels.
    """
    if path.is_dir():
        path /= GRAPH
    if path.suffix not in _LOADERS:
        raise FeatureError(f"{path} is not a graph from retrain.py; pass its {GRAPH} or .onnx file")
    try:
        data = read_bounded(path, LARGEST_GRAPH)
    except OSError as error:
        raise FeatureError(
            f"{path} cannot be read: {error.strerror}; retrain.py --image_dir writes such a graph"
        ) from None
    return ExportedClassifier(path, data, hashlib.sha256(data).hexdigest(), _labels(path))


def load_classifier(classifier: ExportedClassifier) -> LoadedClassifier:
    """Load a graph. Raises FeatureError if it is damaged or does not match its labels."""
    path, count = classifier.path, len(classifier.labels)
    try:
        with muted_stderr():
            size, batch_size, run = _LOADERS[path.suffix](classifier.data)
            probe = run(np.zeros((batch_size, size, size, 3), np.float32))
    except FeatureError:
        raise
    except Exception as error:  # protobuf, TensorFlow and ONNX Runtime raise errors of any kind
        reason = (str(error) or type(error).__name__).splitlines()[0]
        if limit_of("RLIMIT_AS") is not None:  # the libraries seldom name this cause
            raise FeatureError(
                f"{path} cannot be loaded ({reason}); raise the memory limit (ulimit -v), or "
                "train it again"
            ) from None
        raise FeatureError(
            f"{path} is damaged or not a graph from retrain.py ({reason}); train it again"
        ) from None

    def checked(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(outputs.shape) != 2 or len(outputs) != batch_size:
            raise FeatureError(
                f"{path} does not give a list of probabilities for each picture; train it again"
            )
        if outputs.shape[1] != count:
            raise FeatureError(
                f"{path} gives {outputs.shape[1]} values for a picture, but "
                f"{labels_beside(path).name} has {count} labels; put its own labels beside it"
            )
        if not (outputs.min() >= 0 and np.abs(outputs.sum(axis=1) - 1).max() < 1e-3):
            raise FeatureError(
                f"{path} is damaged: its outputs are not probabilities; train it again"
            )
        return np.minimum(outputs, np.float32(BELOW_ONE))  # a softmax rounds up to 1 at most

    checked(probe)
    return LoadedClassifier(size, lambda pictures: checked(run(pictures)), batch_size)


def _labels(graph: Path) -> tuple[str, ...]:
    """Read the labels of a graph. Raises FeatureError unless there are two or more, distinct."""
    path = labels_beside(graph)
    try:
        labels = tuple(read_bounded(path, LARGEST_LABELS).decode().splitlines())
    except OSError as error:
        raise FeatureError(
            f"{path}, the labels of {graph.name}, cannot be read: {error.strerror}; put the "
            "file that retrain.py wrote as --output_labels there"
        ) from None
    except UnicodeDecodeError:
        labels = ()
    valid = all(label and printable(label) == label for label in labels) and labels
    if not valid or len(set(labels)) < len(labels):
        raise FeatureError(
            f"{path} is damaged: it should have the labels of {graph.name}, one per line"
        )
    if len(labels) == 1:
        raise FeatureError(f"{graph} has only one label, {labels[0]!r}; train it on two or more")
    return labels


Loader = Callable[[bytes], tuple[int, int, Run]]
_LOADERS: Mapping[str, Loader] = {".pb": load_tensorflow, ".onnx": load_onnx}
