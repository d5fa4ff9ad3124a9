"""Export of a trained image classifier as one graph, from pictures to probabilities.

The format is a frozen TensorFlow graph or, if the backbone is a student, ONNX, which runs without
TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.backbone import Backbone, freeze
from product_classifier.backbones.onnx import Softmax, onnx_model
from product_classifier.backbones.runtime import keras_runs_on_tensorflow, tensorflow
from product_classifier.errors import ModelError
from product_classifier.store.files import write_whole
from product_classifier.system_errors import reason_of


def check_export(backbone: Backbone, graph_path: Path) -> None:
    """Raise ModelError if the backbone cannot be exported to a graph of this file name."""
    if _is_onnx(graph_path) and backbone.student is None:
        raise ModelError(
            f"{graph_path} needs a student as backbone; pass --backbone mini, or a name that "
            "ends in .pb"
        )


def export_graph(
    regression: tuple[NDArray[np.float32], NDArray[np.float32]],
    backbone: Backbone,
    labels: Sequence[str],
    *,
    graph_path: Path,
    labels_path: Path,
    final_tensor_name: str,
) -> None:
    """Write a graph and, to another file, its labels: one a line, in the graph's order.

    regression: weights [width, labels] and bias [labels] over bottlenecks. The graph's input is
    images (images:0 in TensorFlow), float32 [n, size, size, 3] in [0, 1]; its output is named
    final_tensor_name, float32 [n, labels]. Raises ModelError if a file cannot be written.
    """
    weights, bias = regression
    if _is_onnx(graph_path) and backbone.student:
        graph = onnx_model(backbone.student, Softmax(weights, bias, final_tensor_name))
    else:
        graph = _frozen_graph(backbone, weights, bias, final_tensor_name)
    _write(graph_path, graph.SerializeToString())
    export_labels(labels, labels_path)


def export_labels(labels: Sequence[str], path: Path) -> None:
    """Write labels, one a line. Raises ModelError if the file cannot be written."""
    _write(path, "".join(f"{label}\n" for label in labels).encode())


def has_graph(backbone: Backbone) -> bool:
    """Return whether a backbone can be exported: a Keras network needs the TensorFlow backend."""
    return backbone.network is None or keras_runs_on_tensorflow()


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {reason_of(error)}") from None


def _frozen_graph(
    backbone: Backbone, weights: NDArray[np.float32], bias: NDArray[np.float32], name: str
) -> Any:
    tf = tensorflow()

    def classify(images: Any) -> Any:
        logits = tf.matmul(backbone.graph(images), weights) + bias
        return tf.nn.softmax(logits, name=name)

    return freeze(classify, None, backbone.size).graph.as_graph_def()


def _is_onnx(path: Path) -> bool:
    return path.suffix == ".onnx"
