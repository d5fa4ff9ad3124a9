"""Image networks: their names, their weights and the engines that run them.

The names are here, so that --help need not load a network.
"""

from __future__ import annotations

from pathlib import Path

INCEPTION, MINI = "inception_v3", "mini"
FULL_PRECISION, HALF_PRECISION = "float32", "bfloat16"
STUDENT_SIZE = 144  # pixels of a student's square picture's side, unless another is chosen
GRAPH = "output_graph.pb"  # the default name of retrain.py


def labels_beside(graph: Path) -> Path:
    """Return the path of a graph's labels: output_labels.txt, or zoom_labels.txt for zoom.onnx."""
    return graph.with_name(f"{graph.stem.removesuffix('_graph')}_labels.txt")
