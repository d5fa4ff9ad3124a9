"""Hostile files of Keras weights (--weights FILE.h5)."""

from __future__ import annotations

import contextlib
import functools
import random
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from product_classifier.backbones.keras_networks import read_weights
from product_classifier.backbones.runtime import load_keras
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, changed_bytes

pytestmark = pytest.mark.slow
SHAPES = ((), (0,), (3,), (10**12,), (2**31, 2**31), (3, 3, 3, 4), (10**6,))


@functools.cache
def toy() -> Any:
    """Return a very small network with the layers of Keras networks."""
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential([
        keras.Input((8, 8, 3)),
        layers.Conv2D(4, 3, name="first"),
        layers.BatchNormalization(name="norm"),
        layers.GlobalAveragePooling2D(),
    ])  # fmt: skip


@functools.cache
def valid_files() -> dict[str, bytes]:
    """Write the network's weights in both formats of Keras."""
    with tempfile.TemporaryDirectory() as folder:
        new, old = Path(folder) / "a.weights.h5", Path(folder) / "a.h5"
        toy().save_weights(new)
        toy().save(old)
        return {path.name: path.read_bytes() for path in (new, old)}


def read(path: Path) -> None:
    model = toy()
    model.set_weights([np.full(array.shape, 7, np.float32) for array in model.get_weights()])
    read_weights(model, path, "toy")


def warm_up(folder: Path) -> None:
    for name, data in valid_files().items():
        (folder / name).write_bytes(data)
        read(folder / name)


def hostile_weights(chance: random.Random, folder: Path) -> Path:
    name, data = chance.choice(list(valid_files().items()))
    path = folder / name
    path.write_bytes(data)
    other = folder / "other.h5"
    if chance.random() < 0.8:
        with h5py.File(path, "r+") as file:
            for _ in range(chance.choice([1, 1, 3])):
                with contextlib.suppress(OSError):  # HDF5 cannot write this one
                    chance.choice(CHANGES)(chance, file, other)
    if chance.random() < 0.3:
        path.write_bytes(changed_bytes(chance, path.read_bytes()))
    return path


def places(file: h5py.File, kind: type) -> list[str]:
    """Return the names of the groups or arrays of a file."""
    paths: list[str] = []
    file.visititems(lambda name, item: paths.append(name) if isinstance(item, kind) else None)
    return paths


def change_numbers(chance: random.Random, file: h5py.File, other: Path) -> None:
    name = chance.choice(places(file, h5py.Dataset) or [""])
    if name and 0 < file[name].size < 1_000_000 and file[name].dtype.kind == "f":
        file[name][...] = chance.choice([0, 1, np.nan, np.inf, -1e38])


def replace_array(chance: random.Random, file: h5py.File, other: Path) -> None:
    """Replace an array by one of another shape, type or storage."""
    name = chance.choice(places(file, h5py.Dataset) or [""])
    if not name:
        return
    shape = chance.choice(
        [*SHAPES, file[name].shape if isinstance(file[name], h5py.Dataset) else ()]
    )
    del file[name]
    kinds = (np.float32, np.float64, np.int8, h5py.string_dtype(), h5py.ref_dtype, np.complex64)
    options: dict[str, Any] = {"shape": shape, "dtype": chance.choice(kinds)}
    size = int(np.prod([float(side) for side in shape]))
    how = chance.randrange(6)
    if how == 0 and shape and all(shape):
        options |= {"chunks": tuple(min(side, 2**20) for side in shape[:1]) + (1,) * len(shape[1:])}
        options |= {"compression": chance.choice(["gzip", "lzf"]), "shuffle": True}
    elif how == 1 and shape:
        options |= {"maxshape": (None,) * len(shape), "chunks": True}
    elif how == 2 and shape and size:
        options |= {"external": [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]}
    if how == 3 and shape and all(shape):
        layout = h5py.VirtualLayout(shape, np.float32)
        layout[...] = h5py.VirtualSource("/etc/passwd", "x", shape)
        file.create_virtual_dataset(name, layout)
    else:
        try:
            file.create_dataset(name, **options)
        except (ValueError, TypeError, OSError, MemoryError):
            file.create_dataset(name, data=np.zeros(3))


def add_link(chance: random.Random, file: h5py.File, other: Path) -> None:
    """Replace a member by a link to another file, or to a group that contains it."""
    everything = [*places(file, h5py.Group), *places(file, h5py.Dataset)]
    name = chance.choice(everything or ["x"])
    if name in file:
        del file[name]
    groups = places(file, h5py.Group)
    file[name] = chance.choice([
        h5py.ExternalLink("/etc/passwd", "/"),
        h5py.ExternalLink(str(other), "/first"),
        h5py.SoftLink("/" + chance.choice(groups or [""])),
        h5py.SoftLink("/" + name),
        file["/" + chance.choice(groups or [""])],  # a circle
        np.dtype("f4"),
    ])  # fmt: skip


def change_attribute(chance: random.Random, file: h5py.File, other: Path) -> None:
    """Set an attribute, such as the names of layers, to an unexpected value."""
    name = chance.choice(["/", *places(file, h5py.Group)])
    texts = [text.encode(errors="replace")[:2000].replace(b"\0", b"") for text in TEXTS]
    value = chance.choice([
        chance.choice(texts),
        np.array([chance.choice(texts)[:60] for _ in range(3)]),
        np.zeros(chance.choice([0, 3, 5_000])),
        file.ref,
        h5py.Empty("f"),
    ])  # fmt: skip
    known = [*file[name].attrs] or ["layer_names"]
    file[name].attrs[chance.choice([*known, "weight_names", "layer_names", "dtype"])] = value


def add_groups(chance: random.Random, file: h5py.File, other: Path) -> None:
    file.require_group(chance.choice(["a/b/c", "/".join("abcdefghij" * 3), "first", "vars/0"]))


def remove(chance: random.Random, file: h5py.File, other: Path) -> None:
    if names := [*places(file, h5py.Group), *places(file, h5py.Dataset)]:
        del file[chance.choice(names)]


CHANGES = (
    *(change_numbers, change_numbers, replace_array, replace_array, add_link, change_attribute),
    *(add_groups, remove),
)


def test_files_of_weights_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(HostileInputs(make=hostile_weights, read=read, warm_up=warm_up), tmp_path)
    assert outcomes[READ]
    assert outcomes[REFUSED]
