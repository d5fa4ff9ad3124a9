"""Refusal of .h5 files that refer to other files, or contain more than a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from product_classifier.backbones.keras_weights import check_weights_file


class Weight:
    shape = (3, 3, 3, 4)


class Model:
    weights = (Weight(), Weight())


def external_link(file: Any) -> None:
    file["layer"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: Any) -> None:
    file["layer"] = h5py.SoftLink("/kernel")


def circle(file: Any) -> None:
    file["layer/back"] = file["layer"] if "layer" in file else file.create_group("layer")


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((3,), np.float32)
    layout[...] = h5py.VirtualSource("/etc/passwd", "x", (3,))
    file.create_virtual_dataset("layer", layout)


def external_numbers(file: Any) -> None:
    file.create_dataset("layer", (3,), np.int8, external=[("/etc/passwd", 0, 3)])


def references(file: Any) -> None:
    file.create_dataset("layer", data=file.ref, dtype=h5py.ref_dtype)


def reference_attribute(file: Any) -> None:
    file.attrs["layer_names"] = file.ref


def bomb(file: Any) -> None:
    file.create_dataset("layer", (10, 10), np.float32, compression="gzip")


def huge_shape(file: Any) -> None:
    file.create_dataset("layer", (10**12,), np.float32, chunks=(10,))


def too_large(file: Any) -> None:
    file.create_dataset("layer", data=np.zeros(1_000, np.float32))


def too_many(file: Any) -> None:
    for k in range(10_000):
        file.create_dataset(f"layer{k}", data=np.zeros(100, np.float64))
    for k in range(15_000):
        file.create_dataset(f"more{k}", data=np.zeros(108, np.float64))


def too_deep(file: Any) -> None:
    file.create_group("/".join("x" * 30))


def named_type(file: Any) -> None:
    file["layer"] = np.dtype("f4")


def large_attribute(file: Any) -> None:
    for k in range(40):
        file.attrs[f"layer_names{k}"] = np.zeros(4_000)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (external_link, "layer in the file is a link to another place"),
        (soft_link, "layer in the file is a link to another place"),
        (circle, "back is in the file twice"),
        (virtual, "the numbers of layer are in another file"),
        (external_numbers, "the numbers of layer are in another file"),
        (references, "layer has object, not plain numbers"),
        (reference_attribute, "layer_names of the file is neither a text nor a number"),
        (bomb, "layer is compressed or chunked"),
        (huge_shape, "layer is compressed or chunked"),
        (too_large, "layer is larger than any of the network's weights"),
        (too_many, "more numbers than the network has|too many groups"),
        (too_deep, "too many groups, or groups nested too deeply"),
        (named_type, "layer in the file is neither a group nor an array"),
        (large_attribute, "the attributes of the file are too large"),
    ],
)
def test_a_file_that_keras_would_not_write_is_refused(
    tmp_path: Path, change: Callable[[Any], None], reason: str
) -> None:
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["layer", "other"]
        file["kernel"] = np.zeros((3, 3, 3, 4), np.float32)
    check_weights_file(path, Model())
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(ValueError, match=reason):
        check_weights_file(path, Model())
