"""A file of Keras' weights (.h5), looked through before Keras reads it.

HDF5 files can point to other files, hold references, code for decompression by number and shapes of
any size. Keras writes none of these, so that what is left is groups of plain arrays of numbers.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MOST_OBJECTS = 20_000
DEEPEST = 20  # groups within groups
LARGEST_ATTRIBUTES = 1_000_000  # bytes of one, and of all of an object
MOST_ATTRIBUTES = 1_000  # of an object
LARGEST_TEXTS = 500_000_000  # bytes of an attribute, were all of its texts as long as the longest
HEAP = re.compile(rb"GCOL\x01\0\0\0(.{8})", re.DOTALL)  # a collection of texts, and its bytes
TIMES = 4  # the bytes of a network that its file may hold: an optimizer's numbers lie beside them
AND_MORE = 10_000_000  # bytes


def largest_weights_file(model: Any) -> int:
    """Return the most bytes that a file of a model's weights may have."""
    weights = sum(int(math.prod(weight.shape)) * 4 for weight in model.weights)
    return TIMES * weights + AND_MORE


def check_weights_file(path: Path, model: Any) -> None:
    """Raise ValueError, with a plain reason, for a file that Keras would not have written.

    Nothing is read but names, shapes and types. model: a network whose weights should be there: no
    array may be larger than its largest, nor all of them than `largest_weights_file`.
    """
    import h5py

    budget = largest_weights_file(model)
    largest = max(math.prod(weight.shape) for weight in model.weights)
    longest_text = _longest_text(path)
    with h5py.File(path, "r") as file:
        for name, found in _objects(file):
            _check_attributes(name, found, longest_text)
            if isinstance(found, h5py.Dataset):
                _check_dataset(name, found)
                if math.prod(found.shape) > max(largest, 1):
                    raise ValueError(f"{name} is larger than any of the network's weights")
                budget -= found.nbytes
                if budget < 0:
                    raise ValueError("it holds more numbers than the network has")


def _objects(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield the file itself and all that lies in it, with its name; each link has to be hard."""
    import h5py

    waiting: list[tuple[str, Any, int]] = [("it", file, 0)]
    met: set[int] = set()
    while waiting:
        name, found, depth = waiting.pop()
        yield name, found
        if not isinstance(found, h5py.Group):
            continue
        for below in found:
            link = found.get(below, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{below} in it is a link to elsewhere")
            child = found[below]
            if not isinstance(child, h5py.Group | h5py.Dataset):
                raise ValueError(f"{below} in it is neither a group nor an array")
            address = h5py.h5o.get_info(child.id).addr
            if address in met:
                raise ValueError(f"{below} in it is there twice")
            met.add(address)
            if len(met) > MOST_OBJECTS or depth >= DEEPEST:
                raise ValueError("it holds too many groups, or too deep ones")
            waiting.append((below, child, depth + 1))


def _check_dataset(name: str, dataset: Any) -> None:
    import h5py

    plan = dataset.id.get_create_plist()
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"the numbers of {name} are in another file")
    if dataset.dtype.kind not in "fiub" or dataset.dtype.subdtype or dataset.shape is None:
        raise ValueError(f"{name} holds {str(dataset.dtype)[:40]}, no plain numbers")
    if plan.get_nfilters() or plan.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT):
        raise ValueError(f"{name} is compressed or cut into pieces, which Keras does not do")
    if dataset.id.get_storage_size() != dataset.nbytes:
        raise ValueError(f"{name} does not hold the numbers that it declares")


def _check_attributes(name: str, found: Any, longest_text: int) -> None:
    """Check the sizes of an object's attributes, which hold names of layers and weights."""
    import h5py

    if len(found.attrs) > MOST_ATTRIBUTES:
        raise ValueError(f"{name} has {len(found.attrs):,} attributes")
    total = 0
    for attribute in found.attrs:
        identity = found.attrs.get_id(attribute)
        count, kind = math.prod(identity.shape or ()), identity.dtype
        total += count * kind.itemsize
        if total > LARGEST_ATTRIBUTES:
            raise ValueError(f"the attributes of {name} are too large")
        texts = kind.kind == "O" and h5py.check_string_dtype(kind)
        if kind.kind not in "fiubSU" and not texts:
            raise ValueError(f"{attribute} of {name} is neither a text nor a number")
        if texts and count * longest_text > LARGEST_TEXTS:
            raise ValueError(f"the texts of {attribute} of {name} are too large")


def _longest_text(path: Path) -> int:
    """Return the bytes of the largest heap of a file: no text that an attribute names is longer.

    A thousand names may be one and the same long text, and be read a thousand times.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        sizes = [int.from_bytes(found[1], "little") for found in HEAP.finditer(data)]
    return max(sizes, default=0)
