"""Hostile folders of saved models with valid checksums."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.errors import ProductClassifierError
from tests.faults.tier import tier
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.model_folders import (
    WITH_KERAS,
    WITH_SCIKIT,
    Folder,
    places,
    predicted,
    replaced,
    rewrite,
    saved,
    with_array,
)
from tests.hostile.mutations import NUMBERS, TEXTS, changed_bytes, hostile_value

LONG_LIST = [0] * 10_000
DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]
VALUES: list[Any] = [
    *TEXTS,
    *NUMBERS,
    *(None, True, False, [], {}, [[]], LONG_LIST, DEEP, {"kind": "pickle"}),
    *("mini", "student", "given", "inception_v3", "vgg16", "http://127.0.0.1:9/network/1"),
]


def hostile_arrays(array: NDArray[Any]) -> list[NDArray[Any] | None]:
    """Return a replacement for an array, or None to remove it."""
    flat = array.ravel()
    replacements: list[NDArray[Any] | None] = [
        None,
        *(array[None], array.T.copy(), flat, flat[:0], flat[:1], np.array(0.0), np.append(flat, 1)),
        *(array.astype(kind) for kind in ("f2", "f4", ">f8", "i1", "u8", "U5", bool)),
        array.astype(complex),
        *(np.full(array.shape, value) for value in (np.nan, np.inf, -np.inf, 1e308, -1e300)),
        *(np.full(array.shape, value) for value in (0, -1, 1, 2, 2**31, 2**62, -(2**62))),
        np.zeros((0, *array.shape[1:]), array.dtype),
        np.zeros(array.shape, [("a", "f4"), ("b", "i8")]),
    ]
    if array.size > 1:
        one = array.copy()
        one.flat[array.size // 2] = np.nan if array.dtype.kind == "f" else 100
        reversed_one = array[::-1].copy()
        replacements += [one, reversed_one]
    return replacements


def hostile_folder(chance: random.Random, folder: Path) -> Path:
    """Change one to three values, arrays or bytes of a folder of any kind."""
    contents = saved(chance.choice([*WITH_SCIKIT, *WITH_SCIKIT, *WITH_KERAS]))
    sound = chance.random() < 0.95
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        contents = chance.choice(CHANGES)(chance, contents)
    rewrite(folder / "model", contents, sound, sound)
    if chance.random() < 0.05:
        file = chance.choice(sorted((folder / "model").iterdir()))
        file.write_bytes(changed_bytes(chance, file.read_bytes()))
    return folder / "model"


def _value(chance: random.Random, folder: Folder) -> Folder:
    place = chance.choice(list(places(folder.header["settings"])))
    value = chance.choice([hostile_value(chance), chance.choice(VALUES)])
    if chance.random() < 0.2:  # another value of the same folder
        value = _at(folder.header, chance.choice(list(places(folder.header))))
    header = replaced(folder.header, ("settings", *place), value)
    return Folder(header, folder.sections, folder.arrays)


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for name in place:
        value = value[name]
    return value


def _array(chance: random.Random, folder: Folder) -> Folder:
    name = chance.choice(sorted(folder.arrays))
    array = folder.arrays[name]
    kind = chance.random()
    if kind < 0.4:
        return with_array(folder, name, chance.choice(hostile_arrays(array)))
    if kind < 0.5:
        text = chance.choice(TEXTS)[:30].encode(errors="replace").decode()
        return with_array(folder, text or "x", array)
    changed = np.frombuffer(changed_bytes(chance, array.tobytes())[: array.nbytes], np.uint8)
    padded = np.zeros(array.nbytes, np.uint8)
    padded[: len(changed)] = changed
    return with_array(folder, name, padded.view(array.dtype).reshape(array.shape))


def _section(chance: random.Random, folder: Folder) -> Folder:
    name = chance.choice(sorted(folder.sections))
    data = changed_bytes(chance, folder.sections[name])
    return Folder(folder.header, {**folder.sections, name: data}, folder.arrays)


def _line(chance: random.Random, folder: Folder) -> Folder:
    """Replace, repeat or remove a line of the categories or of the vocabulary."""
    name = chance.choice([name for name in ("categories", "vocabulary") if name in folder.sections])
    lines = folder.sections[name].split(b"\n")[:-1]
    number = chance.randrange(len(lines)) if lines else 0
    text = chance.choice(TEXTS)
    hostile = [
        text.encode(errors="surrogatepass"),
        json.dumps([text, text]).encode(),
        json.dumps(hostile_value(chance)).encode(),
        b"[" * 5_000,
    ]
    new = chance.choice([[], lines[number : number + 1] * 2, [chance.choice(hostile)]])
    lines[number : number + 1] = new
    data = b"".join(line + b"\n" for line in lines)
    return Folder(folder.header, {**folder.sections, name: data}, folder.arrays)


def _plausible(chance: random.Random, folder: Folder) -> Folder:
    """Change what may be so, as far as one value tells."""
    settings = ("settings",)
    header = folder.header
    if chance.random() < 0.5:
        name = chance.choice(sorted(folder.arrays))
        array = folder.arrays[name]
        if array.dtype.kind != "f":
            return with_array(folder, name, chance.choice([np.flip(array), np.sort(array, None)]))
        factor = chance.choice([0.0, -1.0, 1.001, 1e-30, 1e6, 1e30])
        return with_array(folder, name, (array.astype("f8") * factor).astype(array.dtype))
    if not isinstance(header["settings"], dict):
        return folder
    thresholds = [{"accuracy": chance.random(), "score": chance.random()} for _ in range(3)]
    changes: dict[str, Any] = {
        "thresholds": chance.sample(thresholds, chance.randrange(4)),
        "images_per_product": chance.randint(1, 50),
        "about": hostile_value(chance),
    }
    if isinstance(reading := header["settings"].get("reading"), dict):
        changes["reading"] = {**reading, "limit": chance.randint(1, 100)}
    name = chance.choice(sorted(changes))
    header = replaced(header, (*settings, name), changes[name])
    return Folder(header, folder.sections, folder.arrays)


CHANGES = (*(_value,) * 3, *(_plausible,) * 6, _array, _array, _section, _line)


def warm_up(folder: Path) -> None:
    for name in (*WITH_SCIKIT, *WITH_KERAS):
        rewrite(folder / name, saved(name))
        predicted(folder / name)


@pytest.mark.slow
def test_model_folders_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    inputs = HostileInputs(make=hostile_folder, read=predicted, warm_up=warm_up)
    outcomes = survive(inputs, tmp_path)
    assert outcomes[READ]
    assert outcomes[REFUSED]


@pytest.mark.parametrize("name", WITH_SCIKIT)
def test_every_field_may_be_hostile(name: str, tmp_path: Path) -> None:
    """Only valid values of a field are accepted; `about` may have any value."""
    count, seed = tier(3, len(VALUES))
    chance = random.Random(f"{seed}:{name}")
    folder = saved(name)
    rewrite(tmp_path, folder)
    right = predicted(tmp_path)
    read = []
    for place in places(folder.header):
        for value in chance.sample(VALUES, count):
            header = replaced(folder.header, place, value)
            falsified = Folder(header, folder.sections, folder.arrays)
            rewrite(tmp_path, falsified, hashed=False, sealed=place != ("checksum",))
            try:
                same = predicted(tmp_path) == right
            except ProductClassifierError:
                continue
            if value != _at(folder.header, place) and place[:2] != ("settings", "about"):
                read.append((place, value, same))
    changeable = {
        ("settings", "thresholds"),
        *(("settings", "thresholds", k, name) for k in (0, 1) for name in ("accuracy", "score")),
        ("settings", "images_per_product"),
        ("settings", "reading", "limit"),
        ("settings", "backbone", "called"),
    }
    assert {place for place, _, _ in read} <= changeable
    for place, _, same in read:
        assert same or place[-1] == "limit"


@pytest.mark.parametrize("name", WITH_SCIKIT)
def test_every_array_may_be_hostile(name: str, tmp_path: Path) -> None:
    folder = saved(name)
    for array in folder.arrays:
        for hostile in hostile_arrays(folder.arrays[array]):
            rewrite(tmp_path, with_array(folder, array, hostile))
            try:
                predicted(tmp_path)  # which insists on scores of 0 to 1
            except ProductClassifierError:
                continue
