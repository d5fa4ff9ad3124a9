"""Checks of a .h5 file of weights before Keras reads it.

HDF5 files can refer to other files, contain object references, name decompression filters and
declare shapes of any size. Keras writes none of these: only files of groups of plain number arrays
pass.
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
LARGEST_ATTRIBUTES = 1_000_000  # bytes of all attributes of an object
MOST_ATTRIBUTES = 1_000  # of an object
LARGEST_TEXTS = 500_000_000  # bytes of an attribute if all of its texts had the longest length
HEAP = re.compile(rb"GCOL\x01\0\0\0(.{8})", re.DOTALL)  # a global heap, and its size in bytes
TIMES = 4  # the bytes of the weights: a file may contain an optimizer's state as well
OVERHEAD = 10_000_000  # bytes


def largest_weights_file(model: Any) -> int:
    """Return the largest allowed size of a file of a model's weights, in bytes."""
    weights = sum(int(math.prod(weight.shape)) * 4 for weight in model.weights)
    return TIMES * weights + OVERHEAD


def check_weights_file(path: Path, model: Any) -> None:
    """Raise ValueError, with the reason, for a file that Keras would not have written.

    Reads names, shapes and types alone. model: the network of the weights: no array may be larger
    than the largest of its weights, nor all arrays together than `largest_weights_file`.
    """
    import h5py

    budget = largest_weights_file(model)
    largest = max(math.prod(weight.shape) for weight in model.weights)
    longest_text = _longest_text(path)
    with h5py.File(path, "r") as file:
        for name, node in _objects(file):
            _check_attributes(name, node, longest_text)
            if isinstance(node, h5py.Dataset):
                _check_dataset(name, node)
                if math.prod(node.shape) > max(largest, 1):
                    raise ValueError(f"{name} is larger than any of the network's weights")
                budget -= node.nbytes
                if budget < 0:
                    raise ValueError("the file has more numbers than the network has weights")


def _objects(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and object of the file and of everything in it; all links must be hard."""
    import h5py

    waiting: list[tuple[str, Any, int]] = [("the file", file, 0)]  # name, object, depth
    addresses: set[int] = set()
    while waiting:
        name, node, depth = waiting.pop()
        yield name, node
        if not isinstance(node, h5py.Group):
            continue
        for child_name in node:
            link = node.get(child_name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{child_name} in the file is a link to another place")
            child = node[child_name]
            if not isinstance(child, h5py.Group | h5py.Dataset):
                raise ValueError(f"{child_name} in the file is neither a group nor an array")
            address = h5py.h5o.get_info(child.id).addr
            if address in addresses:
                raise ValueError(f"{child_name} is in the file twice")
            addresses.add(address)
            if len(addresses) > MOST_OBJECTS or depth >= DEEPEST:
                raise ValueError("the file has too many groups, or groups nested too deeply")
            waiting.append((child_name, child, depth + 1))


def _check_dataset(name: str, dataset: Any) -> None:
    import h5py

    properties = dataset.id.get_create_plist()
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"the numbers of {name} are in another file")
    if dataset.dtype.kind not in "fiub" or dataset.dtype.subdtype or dataset.shape is None:
        raise ValueError(f"{name} has {str(dataset.dtype)[:40]}, not plain numbers")
    if properties.get_nfilters() or properties.get_layout() not in (
        h5py.h5d.CONTIGUOUS,
        h5py.h5d.COMPACT,
    ):
        raise ValueError(f"{name} is compressed or chunked, unlike files of Keras")
    if dataset.id.get_storage_size() != dataset.nbytes:
        raise ValueError(f"{name} does not contain the numbers that it declares")


def _check_attributes(name: str, node: Any, longest_text: int) -> None:
    """Check the types and sizes of an object's attributes, the names of layers and weights."""
    import h5py

    if len(node.attrs) > MOST_ATTRIBUTES:
        raise ValueError(f"{name} has {len(node.attrs):,} attributes")
    total = 0
    for attribute in node.attrs:
        identity = node.attrs.get_id(attribute)
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
    """Return the size of a file's largest heap in bytes, an upper bound on the length of a text.

    A thousand names may all refer to the same long text, which is then read a thousand times.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        sizes = [int.from_bytes(heap[1], "little") for heap in HEAP.finditer(data)]
    return max(sizes, default=0)
