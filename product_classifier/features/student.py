"""The student: a small residual network that stands in for a large one, kept in one .npz file.

Norms are folded into kernels and biases before it is kept, so that running it is convolutions
alone. `forward` is its only description: training, TensorFlow and ONNX Runtime all follow it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.features.archive import opened_archive, write_archive
from product_classifier.features.runtime import tensorflow

FORMAT = 2
MINI_FILE = Path(__file__).parent / "weights" / "mini.npz"
STEPS = 127  # of an 8-bit kernel on either side of zero


@dataclass(frozen=True)
class Shape:
    """What makes a student larger or smaller, what its teacher gives, and what it adds."""

    size: int = 144  # pixels, of a square picture
    stem: int = 32  # channels after the first convolution
    widths: tuple[int, ...] = (48, 96, 192, 384)  # channels of each stage
    depths: tuple[int, ...] = (2, 2, 2, 2)  # residual blocks of each stage
    outputs: int = 2048  # values of the teacher's bottleneck
    cells: tuple[int, ...] = (0, 0, 3, 0)  # of each stage's map, a side; 0: it is not given

    @property
    def squares(self) -> tuple[int, ...]:
        """The side of a cell in each stage's map, 0 where that is not given."""
        maps = [math.ceil(self.size / 2 ** (stage + 2)) for stage in range(len(self.widths))]
        return tuple(
            cells and math.ceil(side / cells) for side, cells in zip(maps, self.cells, strict=True)
        )


class Operations(Protocol):
    """What `forward` is made of; x is a tensor of whatever library this is written for."""

    def convolve(self, x: Any, name: str, outputs: int, side: int, stride: int) -> Any:
        """Convolve with a square kernel, zeros around the picture as TensorFlow's 'SAME' has."""

    def relu(self, x: Any) -> Any:
        """Set what is negative to zero."""

    def add(self, x: Any, y: Any) -> Any:
        """Add two tensors of the same shape."""

    def mean(self, x: Any) -> Any:
        """Average over height and width."""

    def layout(self, x: Any, side: int) -> Any:
        """Average over squares of a side, those at the end perhaps smaller: [n, all values]."""


def forward(shape: Shape, operations: Operations, pictures: Any) -> tuple[Any, list[Any]]:
    """Turn pictures [n, size, size, 3] in [-1, 1] into what their teacher gives, [n, outputs].

    Like its teacher's, the last values are rectified before they are averaged: they tell what is
    to be seen. Where it is seen is told by the layouts of some stages, which no teacher teaches.
    """
    convolve, relu = operations.convolve, operations.relu
    layouts = []
    x = relu(convolve(pictures, "stem", shape.stem, 3, 2))
    for stage, (width, depth) in enumerate(zip(shape.widths, shape.depths, strict=True)):
        for block in range(depth):
            name = f"stage{stage}_block{block}"
            stride = 1 if block else 2
            y = relu(convolve(x, f"{name}_first", width, 3, stride))
            y = convolve(y, f"{name}_second", width, 3, 1)
            skipped = x if block else convolve(x, f"{name}_skip", width, 1, stride)
            x = relu(operations.add(y, skipped))
        if shape.squares[stage]:
            layouts.append(operations.layout(x, shape.squares[stage]))
    return operations.mean(relu(convolve(x, "head", shape.outputs, 1, 1))), layouts


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
        return _student(head, archive.arrays), archive.sha256


def _student(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Student:
    shape = Shape(**{name: _frozen(value) for name, value in head["shape"].items()})
    student = Student(shape, {}, {}, {}, {}, head["about"])
    for name, needed in kernel_shapes(shape).items():
        kernel = arrays[f"{name}/kernel"] * arrays[f"{name}/scale"]
        vectors = {kind: arrays[f"{name}/{kind}"] for kind in _vectors(student)}
        if kernel.shape != needed or any(v.shape != needed[3:] for v in vectors.values()):
            raise ValueError(f"{name} is {kernel.shape}, not {needed}")
        student.kernels[name] = kernel
        for kind, values in _vectors(student).items():
            values[name] = vectors[kind]
    return student


def _vectors(student: Student) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Name what a convolution has besides its kernel, one value for each output."""
    return {"bias": student.biases, "mean": student.means, "deviation": student.deviations}


def kernel_shapes(shape: Shape) -> dict[str, tuple[int, int, int, int]]:
    """List the kernels of a student, [side, side, inputs, outputs] by name."""
    counter = _Counter()
    forward(shape, counter, 3)
    return counter.kernels


class _Counter:
    """Follows `forward` with numbers of channels in place of tensors."""

    def __init__(self) -> None:
        self.kernels: dict[str, tuple[int, int, int, int]] = {}

    def convolve(self, x: int, name: str, outputs: int, side: int, stride: int) -> int:
        self.kernels[name] = (side, side, x, outputs)
        return outputs

    def relu(self, x: int) -> int:
        return x

    def add(self, x: int, y: int) -> int:
        return x

    def mean(self, x: int) -> int:
        return x

    def layout(self, x: int, side: int) -> int:
        return x


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


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
