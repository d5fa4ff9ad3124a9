"""The student: a small residual network that stands in for a large one, kept in one .npz file.

Norms are folded into kernels and biases before it is kept, so that running it is convolutions
alone. `forward` is its only description: training, TensorFlow and ONNX Runtime all follow it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.features.archive import Archive, opened_archive, write_archive
from product_classifier.features.runtime import tensorflow
from product_classifier.features.student_shape import Shape, forward, kernel_shapes, read_shape

FORMAT = 2
MINI_FILE = Path(__file__).parent / "weights" / "mini.npz"
STEPS = 127  # of an 8-bit kernel on either side of zero


@dataclass(frozen=True)
class Student:
    """A trained student: for each convolution of `forward`, by its name, what it multiplies by."""

    shape: Shape
    kernels: dict[str, NDArray[np.float32]]  # [side, side, inputs, outputs]
    biases: dict[str, NDArray[np.float32]]  # [outputs]
    means: dict[str, NDArray[np.float32]]  # [outputs], of what it gives without the bias
    deviations: dict[str, NDArray[np.float32]]  # [outputs], of the same; training goes on from both
    about: Mapping[str, Any] = field(default_factory=dict)  # teacher, pictures, how well


def save_student(student: Student, path: Path) -> str:
    """Keep a student in 8 bits, each output channel with a scale of its own; returns its SHA-256.

    The hash lies beside it, as `sha256sum --check` reads it. Raises FeatureError where it cannot be
    written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, kernel in student.kernels.items():
        scale = np.abs(kernel).max(axis=(0, 1, 2)) / STEPS
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        arrays[f"{name}/kernel"] = np.round(kernel / scale).astype(np.int8)
        arrays[f"{name}/scale"] = scale
        for kind, values in _vectors(student).items():
            arrays[f"{name}/{kind}"] = values[name].astype(np.float32)
    head = {"format": FORMAT, "shape": asdict(student.shape), "about": dict(student.about)}
    return write_archive(path, head, arrays, compressed=True)


def read_student(path: Path) -> tuple[Student, str]:
    """Read a student and its SHA-256.

    Raises FeatureError for a file that is absent, damaged, of another version, or not the one whose
    hash lies beside it.
    """
    with opened_archive(path, "student") as archive:
        head = archive.head
        if head["format"] != FORMAT:
            raise FeatureError(
                f"{path} has format {head['format']}, and this version reads {FORMAT}; "
                "distil it again, or use the version that made it"
            )
        return _student(archive), archive.sha256


def _student(archive: Archive) -> Student:
    shape = read_shape(archive.head["shape"])
    student = Student(shape, {}, {}, {}, {}, _about(archive.head["about"]))
    needed = kernel_shapes(shape)
    vectors = _vectors(student)
    wanted: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {}
    for name, kernel_shape in needed.items():
        wanted[f"{name}/kernel"] = np.int8, kernel_shape
        wanted |= {f"{name}/{kind}": (np.float32, kernel_shape[3:]) for kind in ("scale", *vectors)}
    archive.insist_on(wanted)
    arrays = archive.arrays
    for name in needed:
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            student.kernels[name] = arrays[f"{name}/kernel"] * arrays[f"{name}/scale"]
        for kind, values in vectors.items():
            values[name] = arrays[f"{name}/{kind}"]
        if not all(np.isfinite(v[name]).all() for v in (student.kernels, *vectors.values())):
            raise ValueError(f"not all numbers of {name} are finite")
    return student


def _about(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise ValueError("its head does not say how it came to be")
    return found


def _vectors(student: Student) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Name what a convolution has besides its kernel, one value for each output."""
    return {"bias": student.biases, "mean": student.means, "deviation": student.deviations}


def tensorflow_graph(student: Student) -> Callable[[Any], Any]:
    """Write a student in TensorFlow: pictures [n, size, size, 3] in [0, 1] → bottlenecks.

    These are what the teacher gives, then the layouts: [n, values].
    """

    def graph(pictures: Any) -> Any:
        tf = tensorflow()

        class TensorFlow:
            def convolve(self, x: Any, name: str, outputs: int, side: int, stride: int) -> Any:
                x = tf.nn.conv2d(x, student.kernels[name], stride, "SAME")
                return tf.nn.bias_add(x, student.biases[name])

            def relu(self, x: Any) -> Any:
                return tf.nn.relu(x)

            def add(self, x: Any, y: Any) -> Any:
                return tf.add(x, y)

            def mean(self, x: Any) -> Any:
                return tf.reduce_mean(x, [1, 2])

            def layout(self, x: Any, side: int) -> Any:
                x = tf.nn.avg_pool2d(x, side, side, "SAME")
                return tf.reshape(x, [-1, math.prod(x.shape[1:])])

        what, where = forward(student.shape, TensorFlow(), pictures * 2.0 - 1.0)
        return tf.concat([what, *where], 1)

    return graph
