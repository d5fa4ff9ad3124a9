"""A classifier of pictures that retrain.py wrote, read back: its graph, and its labels beside it.

It may come from elsewhere, so that a graph is looked through before it is loaded: operations come
from a fixed list, and what they take in memory and time is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.graph_file import LARGEST_GRAPH
from product_classifier.backbones.onnx_graph import load_onnx
from product_classifier.backbones.runtime import muted_stderr
from product_classifier.backbones.tensorflow_graph import load_tensorflow
from product_classifier.errors import FeatureError
from product_classifier.printable import printable
from product_classifier.regular import read_bounded
from product_classifier.system_errors import limit_of

GRAPH = "output_graph.pb"  # what retrain.py writes where it is told nothing else
LARGEST_LABELS = 10_000_000  # bytes of all of them
LABELS_NAMED = 20  # of those that a message names
BELOW_ONE = float(np.nextafter(np.float32(1), np.float32(0)))
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def labels_beside(graph: Path) -> Path:
    """Name the labels' file of a graph: output_labels.txt, or zoom_labels.txt of zoom.onnx."""
    return graph.with_name(f"{graph.stem.removesuffix('_graph')}_labels.txt")


@dataclass(frozen=True)
class ExportedClassifier:
    """A graph that is not loaded yet."""

    path: Path
    data: bytes
    sha256: str
    labels: tuple[str, ...]  # in the order of the probabilities

    def column(self, label: str) -> int:
        """Tell which of the probabilities is a label's. Raises FeatureError for an unknown one."""
        if label not in self.labels:
            known = ", ".join(self.labels[:LABELS_NAMED])
            more = len(self.labels) - LABELS_NAMED
            raise FeatureError(
                f"{self.path} has no label {label!r}; pass --filter-label with one of: "
                f"{known}{f' and {more:,} more' if more > 0 else ''}"
            )
        return self.labels.index(label)


@dataclass(frozen=True)
class LoadedClassifier:
    """One that runs; embed: float32 [batch_size, size, size, 3] in [0, 1] → [batch_size, labels].

    What it gives are probabilities below 1.
    """

    size: int  # pixels
    embed: Run
    batch_size: int


def read_classifier(path: Path) -> ExportedClassifier:
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
        data = read_bounded(path, LARGEST_GRAPH)
    except OSError as error:
        raise FeatureError(
            f"{path} cannot be read: {error.strerror}; retrain.py --image_dir writes such a graph"
        ) from None
    return ExportedClassifier(path, data, hashlib.sha256(data).hexdigest(), _labels(path))


def load_classifier(classifier: ExportedClassifier) -> LoadedClassifier:
    """Load a graph. Raises FeatureError for one that is damaged or no classifier of its labels."""
    path, count = classifier.path, len(classifier.labels)
    try:
        with muted_stderr():
            size, batch_size, run = _LOADERS[path.suffix](classifier.data)
            first = run(np.zeros((batch_size, size, size, 3), np.float32))
    except FeatureError:
        raise
    except Exception as error:  # protobuf, TensorFlow and ONNX Runtime raise whatever they meet
        reason = (str(error) or type(error).__name__).splitlines()[0]
        if limit_of("RLIMIT_AS") is not None:  # which they seldom name
            raise FeatureError(
                f"{path} cannot be loaded ({reason}); raise the limit of memory (ulimit -v), or "
                "train it again"
            ) from None
        raise FeatureError(
            f"{path} is damaged or no graph of retrain.py's ({reason}); train it again"
        ) from None

    def probabilities(found: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(found.shape) != 2 or len(found) != batch_size:
            raise FeatureError(
                f"{path} gives no list of probabilities for each picture; train it again"
            )
        if found.shape[1] != count:
            raise FeatureError(
                f"{path} gives {found.shape[1]} values a picture and "
                f"{labels_beside(path).name} has {count} labels; put its own labels beside it"
            )
        if not (found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < 1e-3):
            raise FeatureError(f"{path} gives no probabilities: it is damaged; train it again")
        return np.minimum(found, np.float32(BELOW_ONE))  # as a softmax is but for its rounding

    probabilities(first)
    return LoadedClassifier(size, lambda pictures: probabilities(run(pictures)), batch_size)


def _labels(graph: Path) -> tuple[str, ...]:
    path = labels_beside(graph)
    try:
        labels = tuple(read_bounded(path, LARGEST_LABELS).decode().splitlines())
    except OSError as error:
        raise FeatureError(
            f"{path}, the labels of {graph.name}, cannot be read: {error.strerror}; put beside it "
            "what retrain.py wrote as --output_labels"
        ) from None
    except UnicodeDecodeError:
        labels = ()
    fine = all(label and printable(label) == label for label in labels) and labels
    if not fine or len(set(labels)) < len(labels):
        raise FeatureError(
            f"{path} is damaged: it should have the labels of {graph.name}, a line each"
        )
    if len(labels) == 1:
        raise FeatureError(
            f"{graph} has one label, {labels[0]!r}, and tells nothing apart; train it on two"
        )
    return labels


Loader = Callable[[bytes], tuple[int, int, Run]]
_LOADERS: Mapping[str, Loader] = {".pb": load_tensorflow, ".onnx": load_onnx}
