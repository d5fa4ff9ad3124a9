"""The student: a small residual network that stands in for a large one, kept in one .npz file.

Norms are folded into kernels and biases before it is kept, so that running it is convolutions
alone. `forward` is its only description: training, TensorFlow and ONNX Runtime all follow it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.network_file import Archive, opened_archive, write_archive
from product_classifier.backbones.runtime import tensorflow
from product_classifier.errors import FeatureError

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


MOST_STAGES, MOST_BLOCKS = 8, 200
LARGEST_NUMBER = 100_000  # of pixels, channels, values of a bottleneck
# of a picture; mini has 434 million, 332 thousand and 7 million
MOST_MULTIPLICATIONS, LARGEST_MAP, MOST_WEIGHTS = 3_000_000_000, 1_000_000, 20_000_000


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


def read_shape(found: Any) -> Shape:
    """Read what a head says of a student's shape; raises ValueError for one that is none."""
    if not isinstance(found, dict) or found.keys() != {field.name for field in fields(Shape)}:
        raise ValueError("its head does not say its shape")
    lists = [found[name] for name in ("widths", "depths", "cells")]
    if not all(isinstance(numbers, list) for numbers in lists):
        raise ValueError("its stages are no lists")
    stages = {len(numbers) for numbers in lists}
    if len(stages) > 1 or not 1 <= max(stages) <= MOST_STAGES:
        raise ValueError(f"it has {max(stages):,} stages, or its lists of them differ")
    widths, depths, cells = lists
    positive = [found["size"], found["stem"], found["outputs"], *widths, *depths]
    for number, least in [*((number, 1) for number in positive), *((cell, 0) for cell in cells)]:
        if type(number) is not int or not least <= number <= LARGEST_NUMBER:
            raise ValueError(f"{str(number)[:40]} in its shape is no number of 1 to 100,000")
    shape = Shape(**{name: _frozen(value) for name, value in found.items()})
    refuse_large(shape)
    return shape


def refuse_large(shape: Shape) -> None:
    """Raise ValueError for a student that would take more memory or time than a small one may."""
    if sum(shape.depths) > MOST_BLOCKS:
        raise ValueError(f"it has {sum(shape.depths):,} blocks; {MOST_BLOCKS} are the most")
    counter = _Counter()
    forward(shape, counter, _Map(3, shape.size))
    for count, most, what in (
        (counter.multiplications, MOST_MULTIPLICATIONS, "multiplications for a picture"),
        (max(counter.largest, 3 * shape.size**2), LARGEST_MAP, "values at once for a picture"),
        (sum(math.prod(kernel) for kernel in counter.kernels.values()), MOST_WEIGHTS, "weights"),
        (shape.outputs + sum(counter.layouts), LARGEST_NUMBER, "values in a bottleneck"),
    ):
        if count > most:
            raise ValueError(f"it takes {count:,} {what}; {most:,} are the most of a student")


def kernel_shapes(shape: Shape) -> dict[str, tuple[int, int, int, int]]:
    """List the kernels of a student, [side, side, inputs, outputs] by name."""
    counter = _Counter()
    forward(shape, counter, _Map(3, shape.size))
    return counter.kernels


class _Map(NamedTuple):
    channels: int
    side: int  # pixels


class _Counter:
    """Follows `forward` with numbers of channels and pixels in place of tensors."""

    def __init__(self) -> None:
        self.kernels: dict[str, tuple[int, int, int, int]] = {}
        self.layouts: list[int] = []  # values of each
        self.multiplications = 0
        self.largest = 0  # values of a map

    def convolve(self, x: _Map, name: str, outputs: int, side: int, stride: int) -> _Map:
        self.kernels[name] = (side, side, x.channels, outputs)
        y = _Map(outputs, -(-x.side // stride))
        values = outputs * y.side**2
        self.multiplications += values * side**2 * x.channels
        self.largest = max(self.largest, values)
        return y

    def relu(self, x: _Map) -> _Map:
        return x

    def add(self, x: _Map, y: _Map) -> _Map:
        return x

    def mean(self, x: _Map) -> _Map:
        return x

    def layout(self, x: _Map, side: int) -> _Map:
        self.layouts.append(x.channels * (-(-x.side // side)) ** 2)
        return x


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
