"""A fine-tuned network of Keras' layers in one .npz file, which is a backbone like any other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from product_classifier.errors import FeatureError
from product_classifier.features.architectures import ARCHITECTURES, KerasNetwork, new_network
from product_classifier.features.archive import Archive, write_archive

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
