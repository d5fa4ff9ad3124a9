"""Hostile network files (.npz): students, and networks of Keras layers."""

from __future__ import annotations

import functools
import io
import json
import random
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.backbones import keras_networks
from product_classifier.backbones.keras_networks import (
    KerasNetwork,
    is_network,
    read_network,
    save_network,
)
from product_classifier.backbones.network_file import opened_archive
from product_classifier.backbones.onnx import onnx_embed
from product_classifier.backbones.runtime import load_keras
from product_classifier.backbones.student import read_student, save_student
from tests.backbones.test_student import random_student
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import changed_bytes, hostile_value

pytestmark = pytest.mark.slow
Arrays = dict[str, NDArray[Any]]
HEADERS = (  # of arrays that are none
    ("|O", (1,)),
    ("<f4", (10**12,)),
    ("<f4", (2**40, 2**40)),
    ("<f4", (-1,)),
    ("<U99999999", (10**6,)),
    ("<f8", ()),
    ("|S5", (3,)),
    ("<M8[s]", (3,)),
    ("<c16", (2,)),
    ("<f4", (0, 999999999999)),
)
NUMBERS = (0, 1, 2, 3, -1, 7, 40, 1000, 1_000_000, 10**9, 2**31, 2**63, 10**30, 0.5, "9", None)


@functools.cache
def toy_network(architecture: str) -> KerasNetwork:
    """Return a toy in place of a Keras network, which takes seconds to build."""
    keras = load_keras()
    layers = [keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D()]
    return KerasNetwork(architecture, keras.Sequential([keras.Input((224, 224, 3)), *layers]))


@functools.cache
def valid_files() -> tuple[Arrays, ...]:
    """Return the arrays of a student and of a network, with their heads."""
    with tempfile.TemporaryDirectory() as folder:
        student, network = Path(folder) / "student.npz", Path(folder) / "network.npz"
        save_student(random_student(), student)
        save_network(toy_network("mobilenet_v2"), {"labels": 3}, network)
        return tuple(
            dict(np.load(path, allow_pickle=False)) for path in (student, student, network)
        )


def read(path: Path) -> None:
    """Read a file as --backbone does, and apply a student to pictures."""
    with opened_archive(path, "network") as archive:
        if is_network(archive):
            read_network(archive)
            return
    student, _ = read_student(path)
    size = student.shape.size
    onnx_embed(student)(np.zeros((1, size, size, 3), np.float32))


def warm_up(folder: Path) -> None:
    setattr(keras_networks, "new_network", toy_network)  # noqa: B010
    for number, arrays in enumerate(valid_files()):
        path = folder / f"{number}.npz"
        path.write_bytes(npz(arrays))
        read(path)


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **arrays)
    return file.getvalue()


def hostile_npz(chance: random.Random, folder: Path) -> Path:
    arrays = dict(chance.choice(valid_files()))
    if chance.random() < 0.3:
        change_shape(chance, arrays)
    if chance.random() < 0.2:
        change_head(chance, arrays)
    for _ in range(chance.choice([0, 0, 1])):
        chance.choice([change_array, change_values])(chance, arrays)
    data = npz(arrays)
    if chance.random() < 0.1:
        data = with_member(chance, data)
    if chance.random() < 0.2:
        data = changed_bytes(chance, data)
    path = folder / "network.npz"
    path.write_bytes(data)
    if chance.random() < 0.1:
        (folder / "network.npz.sha256").write_text(
            str(hostile_value(chance))[:99], "utf-8", "replace"
        )
    return path


def change_head(chance: random.Random, arrays: Arrays) -> None:
    """Set a field of the head to an unexpected value, or remove it."""
    head = json.loads(str(arrays["head"]))
    name = chance.choice([*head, "more"])
    head[name] = hostile_value(chance)
    if chance.random() < 0.2:
        del head[name]
    text = json.dumps(hostile_value(chance) if chance.random() < 0.05 else head)
    if chance.random() < 0.05:
        text = "[" * 200_000
    arrays["head"] = np.array(text.replace("\\ud83d", "?"))


def change_shape(chance: random.Random, arrays: Arrays) -> None:
    """Change one number in a student's shape."""
    head = json.loads(str(arrays["head"]))
    shape = head.get("shape", head)
    name = chance.choice(list(shape))
    value = chance.choice(NUMBERS)
    if shape[name] and isinstance(shape[name], list) and chance.random() < 0.8:
        shape[name][chance.randrange(len(shape[name]))] = value
    else:
        shape[name] = chance.choice([value, [value] * chance.choice([0, 1, 2, 9, 1000])])
    arrays["head"] = np.array(json.dumps(head))


def change_array(chance: random.Random, arrays: Arrays) -> None:
    """Remove an array, replace it by one of another shape or type, or add one."""
    name = chance.choice(list(arrays))
    array = arrays[name]
    kinds = (np.float64, np.int8, np.float16, np.complex64, bool, str, object, "<M8[s]", ">f4")
    makers: list[Callable[[], NDArray[Any]]] = [
        lambda: array.astype("U9").astype(object),
        lambda: np.zeros((*array.shape, 2), np.float32),
        lambda: np.zeros(array.size, np.float32),
        lambda: np.zeros(chance.choice([0, 1, 1_000_000]), np.float32),
        lambda: np.asfortranarray(array),
        lambda: np.ones(array.shape).astype(chance.choice(kinds)),
    ]
    new = chance.choice(makers)()
    arrays[chance.choice([name, name, "more", "weights/99", "../out"])] = new
    if chance.random() < 0.2:
        del arrays[name]


def change_values(chance: random.Random, arrays: Arrays) -> None:
    """Set values of an array to NaN, infinity or very large numbers."""
    name = chance.choice([name for name in arrays if name != "head"])
    array = arrays[name].copy()
    value = chance.choice([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-40, 0.0, -1.0])
    array.reshape(-1)[: chance.choice([1, 5, array.size])] = (
        value if array.dtype.kind == "f" else chance.choice([-128, 127, 0])
    )
    arrays[name] = array


def with_member(chance: random.Random, data: bytes) -> bytes:
    """Add a member that is not an array, or an array with a wrong header."""
    file = io.BytesIO(data)
    name = chance.choice(
        ["head.npy", "code.py", "../../x.npy", "/etc/x.npy", "a\x00b.npy", "é.npy"]
    )
    method = chance.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_LZMA])
    with zipfile.ZipFile(file, "a", method) as archive:
        descr, shape = chance.choice(HEADERS)
        header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
        body = header + chance.choice([b"", b"\0" * 8, b"\0" * 10_000_000])
        with warnings.catch_warnings(action="ignore"):  # that there is one of this name
            archive.writestr(name, b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + body)
    return file.getvalue()


def test_files_of_networks_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(HostileInputs(make=hostile_npz, read=read, warm_up=warm_up), tmp_path)
    assert outcomes[READ]
    assert outcomes[REFUSED]
