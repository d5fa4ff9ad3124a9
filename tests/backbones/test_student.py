"""A student's file, and its outputs compared with explicit loops."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.backbones.backbone import load_backbone
from product_classifier.backbones.onnx import onnx_embed
from product_classifier.backbones.student import (
    Shape,
    Student,
    kernel_shapes,
    read_student,
    save_student,
)
from product_classifier.errors import FeatureError

TINY = Shape(size=9, stem=3, widths=(4, 5), depths=(1, 2), outputs=6, cells=(2, 1))


def random_student(shape: Shape = TINY, seed: int = 0) -> Student:
    chance = np.random.default_rng(seed)
    kernels = {
        name: np.asarray(chance.normal(0, np.prod(needed[:3]) ** -0.5, needed), np.float32)
        for name, needed in kernel_shapes(shape).items()
    }
    biases, means, deviations = (
        {
            name: np.asarray(chance.normal(0, 0.1, needed[3:]), np.float32)
            for name, needed in kernel_shapes(shape).items()
        }
        for _ in range(3)
    )
    return Student(
        shape=shape,
        kernels=kernels,
        biases=biases,
        means=means,
        deviations=deviations,
        about={"teacher": "toy"},
    )


def by_hand(student: Student, pictures: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the outputs of a student of shape TINY, computed with loops over pixels."""

    def convolve(x: NDArray[np.float64], name: str, stride: int) -> NDArray[np.float64]:
        kernel = student.kernels[name].astype(float)
        side = len(kernel)
        height, width = (-(-length // stride) for length in x.shape[:2])
        missing = [
            max((count - 1) * stride + side - length, 0)
            for count, length in zip((height, width), x.shape[:2], strict=True)
        ]
        padded = np.pad(x, [*((m // 2, m - m // 2) for m in missing), (0, 0)])
        result = np.zeros((height, width, kernel.shape[3]))
        for row in range(height):
            for column in range(width):
                top, left = row * stride, column * stride
                window = padded[top : top + side, left : left + side]
                result[row, column] = np.tensordot(window, kernel, 3) + student.biases[name]
        return result

    def relu(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(x, 0)

    rows = []
    for picture in pictures.astype(float):
        x = relu(convolve(picture * 2 - 1, "stem", 2))
        for block, stride in (("stage0_block0", 2), ("stage1_block0", 2), ("stage1_block1", 1)):
            y = relu(convolve(x, f"{block}_first", stride))
            y = convolve(y, f"{block}_second", 1)
            x = relu(y + (convolve(x, f"{block}_skip", stride) if stride > 1 else x))
            if block == "stage0_block0":  # 3 x 3 values in squares of 2: the last ones are cut off
                ends = [slice(0, 2), slice(2, 3)]
                where = [x[rows, columns].mean(axis=(0, 1)) for rows in ends for columns in ends]
        what = relu(convolve(x, "head", 1)).mean(axis=(0, 1))
        rows.append(np.concatenate([what, *where, x.mean(axis=(0, 1))]))
    return np.array(rows)


@pytest.fixture
def pictures() -> NDArray[np.float32]:
    return np.random.default_rng(1).random((32, 9, 9, 3), np.float32)


def test_a_student_agrees_with_loops_over_its_kernels(
    tmp_path: Path, pictures: NDArray[np.float32]
) -> None:
    path = tmp_path / "student.npz"
    save_student(random_student(), path)
    backbone = load_backbone(str(path))
    assert (backbone.size, backbone.width) == (9, 6 + 4 * 4 + 5)
    wanted = by_hand(read_student(path)[0], pictures)
    assert backbone.embed(pictures) == pytest.approx(wanted, abs=1e-5)


def test_onnx_runtime_agrees_with_tensorflow(pictures: NDArray[np.float32]) -> None:
    student = random_student()
    assert onnx_embed(student)(pictures) == pytest.approx(by_hand(student, pictures), abs=1e-5)


def test_eight_bits_preserve_a_kernel_to_one_part_in_254(tmp_path: Path) -> None:
    student = random_student()
    save_student(student, tmp_path / "student.npz")
    loaded, _ = read_student(tmp_path / "student.npz")
    assert loaded.shape == student.shape
    assert loaded.about == {"teacher": "toy"}
    for name, kernel in student.kernels.items():
        largest = np.abs(kernel).max(axis=(0, 1, 2))
        assert (np.abs(loaded.kernels[name] - kernel) <= largest / 253).all()
        assert (loaded.biases[name] == student.biases[name]).all()
        assert (loaded.means[name] == student.means[name]).all()
        assert (loaded.deviations[name] == student.deviations[name]).all()


def test_a_kernel_of_zeros_is_preserved(tmp_path: Path) -> None:
    student = random_student()
    student.kernels["head"][:] = 0
    save_student(student, tmp_path / "student.npz")
    assert not read_student(tmp_path / "student.npz")[0].kernels["head"].any()


def test_a_students_hash_is_that_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "student.npz"
    sha256 = save_student(random_student(), path)
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == read_student(path)[1]
    assert (tmp_path / "student.npz.sha256").read_text() == f"{sha256}  student.npz\n"


@pytest.mark.parametrize("beside", [True, False], ids=["with its hash", "without"])
def test_an_incomplete_file_is_refused_and_its_hash_named(tmp_path: Path, beside: bool) -> None:
    path = tmp_path / "student.npz"
    expected = save_student(random_student(), path)
    path.write_bytes(path.read_bytes()[:-100])
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if not beside:
        (tmp_path / "student.npz.sha256").unlink()
    with pytest.raises(
        FeatureError, match=f"{actual}.*{expected if beside else 'fetch the file again'}"
    ):
        read_student(path)


def change(path: Path, **values: object) -> None:
    """Rewrite a student's file with another header."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    head = {**json.loads(str(arrays.pop("head"))), **values}
    data = io.BytesIO()
    np.savez(data, head=np.array(json.dumps(head)), **arrays)
    path.write_bytes(data.getvalue())
    path.with_name(f"{path.name}.sha256").unlink()


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    save_student(random_student(), tmp_path / "student.npz")
    change(tmp_path / "student.npz", format=1)
    with pytest.raises(FeatureError, match="has format 1, and this version reads 2"):
        read_student(tmp_path / "student.npz")


def test_kernels_that_do_not_match_the_shape_are_refused(tmp_path: Path) -> None:
    save_student(random_student(), tmp_path / "student.npz")
    larger = {
        "size": 9,
        "stem": 8,
        "widths": [4, 5],
        "depths": [1, 2],
        "outputs": 6,
        "cells": [2, 1],
    }
    change(tmp_path / "student.npz", shape=larger)
    with pytest.raises(FeatureError, match=r"damaged or not a student \(stem/kernel is"):
        read_student(tmp_path / "student.npz")


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", head=np.array([{"format": 2}], dtype=object))
    with pytest.raises(FeatureError, match="damaged or not a student"):
        read_student(tmp_path / "evil.npz")


def test_an_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match=r"none\.npz cannot be read: No such file"):
        load_backbone(str(tmp_path / "none.npz"))


SHAPE = {
    "size": 9,
    "stem": 3,
    "widths": [4, 5],
    "depths": [1, 2],
    "outputs": 6,
    "cells": [2, 1],
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"size": 1_000_000}, "is not a number from 1 to 100,000"),
        ({"size": 2_000}, "values at once for a picture"),
        ({"depths": [10**9, 1]}, "is not a number from 1 to 100,000"),
        ({"depths": [10_000, 1]}, "10,001 blocks; the limit is 200"),
        ({"widths": [100_000, 100_000]}, "multiplications for a picture"),
        ({"widths": [4] * 9, "depths": [1] * 9, "cells": [0] * 9}, "9 stages"),
        ({"widths": [4]}, "lists of different lengths"),
        ({"outputs": -6}, "is not a number from 1 to 100,000"),
        ({"stem": 3.0}, "is not a number from 1 to 100,000"),
        ({"stem": True}, "is not a number from 1 to 100,000"),
        ({"cells": 2}, "its stages are not lists"),
        ({"more": 1}, "does not describe its shape"),
    ],
)
def test_a_shape_over_the_limits_is_refused_before_anything_is_computed(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    save_student(random_student(), tmp_path / "student.npz")
    change(tmp_path / "student.npz", shape={**SHAPE, **changes})
    with pytest.raises(FeatureError, match=reason):
        load_backbone(str(tmp_path / "student.npz"))


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    student = random_student()
    student.kernels["stem"][:] = 1
    save_student(student, tmp_path / "student.npz")
    with np.load(tmp_path / "student.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["stem/scale"][0] = value
    (tmp_path / "student.npz.sha256").unlink()
    np.savez(tmp_path / "student.npz", allow_pickle=False, **arrays)
    with pytest.raises(FeatureError, match="not all numbers of stem are finite"):
        read_student(tmp_path / "student.npz")


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("head.npy", "w") as member,
    ):
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000,), }\n"
        member.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        for _ in range(1000):
            member.write(bytes(1_000_000))
    assert path.stat().st_size < 2_000_000
    tracemalloc.start()
    with pytest.raises(FeatureError, match="unpacks to 1,000,000,"):
        load_backbone(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_an_unexpected_member_of_the_file_is_refused(tmp_path: Path) -> None:
    save_student(random_student(), tmp_path / "student.npz")
    with zipfile.ZipFile(tmp_path / "student.npz", "a") as archive:
        archive.writestr("code.py", "import os")
    (tmp_path / "student.npz.sha256").unlink()
    with pytest.raises(FeatureError, match=r"code\.py' is not an array"):
        read_student(tmp_path / "student.npz")


def test_a_pipe_instead_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "student.npz")
    with pytest.raises(FeatureError, match="cannot be read: it is a"):
        load_backbone(str(tmp_path / "student.npz"))
