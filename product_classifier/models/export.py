"""A trained image classifier as one frozen TensorFlow graph, pictures in and probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from product_classifier.errors import ModelError
from product_classifier.features.backbone import Backbone, freeze
from product_classifier.features.runtime import tensorflow
from product_classifier.models.network import Network


def export_graph(
    network: Network,
    backbone: Backbone,
    labels: Sequence[str],
    graph_path: Path,
    labels_path: Path,
    final_tensor_name: str,
) -> None:
    """Write a frozen graph and its labels, a line each, in the order of the probabilities.

    The graph's input is images:0, float32 [n, size, size, 3] in [0, 1]; its output is named
    final_tensor_name, float32 [n, labels]. Raises ModelError where they cannot be written.
    """
    tf = tensorflow()
    weights, bias = network.softmax_regression()

    def classify(images: Any) -> Any:
        logits = tf.matmul(backbone.graph(images), weights) + bias
        return tf.nn.softmax(logits, name=final_tensor_name)

    frozen = freeze(classify, None, backbone.size).graph.as_graph_def()
    try:
        for path, data in (
            (graph_path, frozen.SerializeToString()),
            (labels_path, "".join(f"{label}\n" for label in labels).encode()),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be written: {error.strerror}") from None
