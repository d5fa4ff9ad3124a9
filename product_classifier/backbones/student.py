"""Students: small residual networks distilled from a large one, each in one .npz file.

`Shape` and `forward` describe a student completely: training, TensorFlow and ONNX Runtime all
follow `forward`. Batch norms are folded into kernels and biases before a student is saved, so that
it consists of convolutions alone. `save_student` and `read_student` write and read its file;
`read_shape` and `refuse_large` check the shape in a file from a stranger before weights are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones import STUDENT_SIZE
from product_classifier.backbones.network_file import Archive, opened_archive, write_archive
from product_classifier.backbones.runtime import tensorflow
from product_classifier.errors import FeatureError

FORMAT = 2
MINI_FILE = Path(__file__).parent / "weights" / "mini.npz"
STEPS = 127  # quantisation steps of an 8-bit kernel on either side of zero


@dataclass(frozen=True, kw_only=True)
class Student:
    """A trained student: its shape, and the parameters of each convolution of `forward` by name."""

    shape: Shape
    kernels: dict[str, NDArray[np.float32]]  # [side, side, inputs, outputs]
    biases: dict[str, NDArray[np.float32]]  # [outputs]
    means: dict[str, NDArray[np.float32]]  # [outputs], of the output without bias
    deviations: dict[str, NDArray[np.float32]]  # [outputs], likewise; both allow further training
    about: Mapping[str, Any] = field(default_factory=dict)  # teacher, pictures, agreement


def save_student(student: Student, path: Path) -> str:
    """Write a student with 8-bit kernels, one scale per output channel; returns the SHA-256.

    The hash is written beside the file in the format of `sha256sum`. Raises FeatureError if the
    file cannot be written.
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
    """Read a student; returns it and the SHA-256 of its file.

    Raises FeatureError for a file that is missing, damaged, of another version, or has another hash
    than the one beside it.
    """
    with opened_archive(path, "student") as archive:
        head = archive.head
        if head["format"] != FORMAT:
            raise FeatureError(
                f"{path} has format {head['format']}, and this version reads {FORMAT}; "
                "distil the student again, or use the version that wrote it"
            )
        return _student(archive), archive.sha256


def _student(archive: Archive) -> Student:
    shape = read_shape(archive.head["shape"])
    about = archive.head["about"]
    if not isinstance(about, dict):
        raise ValueError("its header does not describe its training")
    student = Student(shape=shape, kernels={}, biases={}, means={}, deviations={}, about=about)
    kernels = kernel_shapes(shape)
    vectors = _vectors(student)
    expected: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {}
    for name, kernel_shape in kernels.items():
        expected[f"{name}/kernel"] = np.int8, kernel_shape
        for kind in ("scale", *vectors):
            expected[f"{name}/{kind}"] = np.float32, kernel_shape[3:]
    archive.check_arrays(expected)
    arrays = archive.arrays
    for name in kernels:
        with np.errstate(over="ignore", invalid="ignore"):  # checked below
            student.kernels[name] = arrays[f"{name}/kernel"] * arrays[f"{name}/scale"]
        for kind, values in vectors.items():
            values[name] = arrays[f"{name}/{kind}"]
        if not all(np.isfinite(v[name]).all() for v in (student.kernels, *vectors.values())):
            raise ValueError(f"not all numbers of {name} are finite")
    return student


def _vectors(student: Student) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return a student's dictionaries of one value per output channel, by their name in a file."""
    return {"bias": student.biases, "mean": student.means, "deviation": student.deviations}


def tensorflow_graph(student: Student) -> Callable[[Any], Any]:
    """Return a student's TensorFlow function: pictures [n, size, size, 3] in [0, 1] → [n, values].

    The values are the approximated bottleneck of the teacher, then the layouts.
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

        features, layouts = forward(student.shape, TensorFlow(), pictures * 2.0 - 1.0)
        return tf.concat([features, *layouts], 1)

    return graph


MOST_STAGES, MOST_BLOCKS = 8, 200
LARGEST_NUMBER = 100_000  # of pixels, channels, values of a bottleneck
# for one picture; mini has 434 million, 332 thousand and 7 million
MOST_MULTIPLICATIONS, LARGEST_MAP, MOST_WEIGHTS = 3_000_000_000, 1_000_000, 20_000_000


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes of a student: of its input, its layers and its outputs."""

    size: int = STUDENT_SIZE  # pixels of a square picture's side
    stem: int = 32  # channels after the first convolution
    widths: tuple[int, ...] = (48, 96, 192, 384)  # channels of each stage
    depths: tuple[int, ...] = (2, 2, 2, 2)  # residual blocks of each stage
    outputs: int = 2048  # values of the teacher's bottleneck
    cells: tuple[int, ...] = (
        0,
        0,
        3,
        0,
    )  # per side of each stage's layout; 0: the stage has no layout

    @property
    def squares(self) -> tuple[int, ...]:
        """Return the side of a layout's cell in each stage's map; 0 for a stage without layout."""
        maps = [math.ceil(self.size / 2 ** (stage + 2)) for stage in range(len(self.widths))]
        return tuple(
            cells and math.ceil(side / cells) for side, cells in zip(maps, self.cells, strict=True)
        )


class Operations(Protocol):
    """The operations of `forward`, on the tensors of any library."""

    def convolve(self, x: Any, name: str, outputs: int, side: int, stride: int) -> Any:
        """Return x convolved with a square kernel, zero-padded like TensorFlow's 'SAME'."""

    def relu(self, x: Any) -> Any:
        """Return x with negative values set to zero."""

    def add(self, x: Any, y: Any) -> Any:
        """Return the sum of two tensors of the same shape."""

    def mean(self, x: Any) -> Any:
        """Return the averages over height and width, [n, channels]."""

    def layout(self, x: Any, side: int) -> Any:
        """Return averages over squares of `side` pixels, smaller at the end: [n, values]."""


def forward(shape: Shape, operations: Operations, pictures: Any) -> tuple[Any, list[Any]]:
    """Return a student's approximation of the teacher's bottlenecks, [n, outputs], and its layouts.

    pictures: [n, size, size, 3] in [-1, 1]. As in the teacher, the last values are rectified before
    they are averaged: they describe what a picture shows. The layouts, averages over cells of some
    stages' maps, [n, values] each, describe where it is; they are not distilled from the teacher.
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


def read_shape(value: Any) -> Shape:
    """Return the shape in a file's header. Raises ValueError if it is invalid or too large."""
    if not isinstance(value, dict) or value.keys() != {field.name for field in fields(Shape)}:
        raise ValueError("its header does not describe its shape")
    lists = [value[name] for name in ("widths", "depths", "cells")]
    if not all(isinstance(numbers, list) for numbers in lists):
        raise ValueError("its stages are not lists")
    stages = {len(numbers) for numbers in lists}
    if len(stages) > 1 or not 1 <= max(stages) <= MOST_STAGES:
        raise ValueError(f"it has {max(stages):,} stages, or lists of different lengths")
    widths, depths, cells = lists
    positive = [value["size"], value["stem"], value["outputs"], *widths, *depths]
    for number, least in [*((number, 1) for number in positive), *((cell, 0) for cell in cells)]:
        if type(number) is not int or not least <= number <= LARGEST_NUMBER:
            raise ValueError(f"{str(number)[:40]} in its shape is not a number from 1 to 100,000")
    shape = Shape(**{name: _frozen(number) for name, number in value.items()})
    refuse_large(shape)
    return shape


def refuse_large(shape: Shape) -> None:
    """Raise ValueError if a student would exceed the limits on memory, time or weights."""
    if sum(shape.depths) > MOST_BLOCKS:
        raise ValueError(f"it has {sum(shape.depths):,} blocks; the limit is {MOST_BLOCKS}")
    counter = _Counter()
    forward(shape, counter, _Map(3, shape.size))
    for count, most, unit in (
        (counter.multiplications, MOST_MULTIPLICATIONS, "multiplications for a picture"),
        (max(counter.largest, 3 * shape.size**2), LARGEST_MAP, "values at once for a picture"),
        (sum(math.prod(kernel) for kernel in counter.kernels.values()), MOST_WEIGHTS, "weights"),
        (shape.outputs + sum(counter.layouts), LARGEST_NUMBER, "values in a bottleneck"),
    ):
        if count > most:
            raise ValueError(f"it takes {count:,} {unit}; the limit for a student is {most:,}")


def kernel_shapes(shape: Shape) -> dict[str, tuple[int, int, int, int]]:
    """Return the shapes of a student's kernels, [side, side, inputs, outputs], by name."""
    counter = _Counter()
    forward(shape, counter, _Map(3, shape.size))
    return counter.kernels


class _Map(NamedTuple):
    """The shape of a feature map."""

    channels: int
    side: int  # pixels


class _Counter:
    """Operations on shapes instead of tensors, which count what `forward` takes."""

    def __init__(self) -> None:
        self.kernels: dict[str, tuple[int, int, int, int]] = {}
        self.layouts: list[int] = []  # values of each
        self.multiplications = 0
        self.largest = 0  # values of the largest map

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
