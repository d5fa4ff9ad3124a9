"""The state of an interrupted training: numbers and arrays in one .npz file, replaced whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.regular import read_bounded
from product_classifier.store.files import write_whole
from product_classifier.store.npz import JSON_HEADER, NpzArrays, json_header, npz_bytes
from product_classifier.system_errors import reason_of

Arrays = Sequence[NDArray[Any]]
MORE = 100_000_000  # bytes that a file may have beside the arrays of its training
LARGEST_COUNT = 2**53


class Checkpoint:
    """The checkpoint file of one training; key is a hash of everything the training depends on."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self._key = key

    def save(self, numbers: Mapping[str, Any], **groups: Arrays) -> None:
        """Write a checkpoint over the last one. Raises ModelError if it cannot be written."""
        header = {"key": self._key, "numbers": dict(numbers)}
        arrays = {
            f"{name}/{k}": array for name, group in groups.items() for k, array in enumerate(group)
        }
        try:
            write_whole(self.path, npz_bytes(arrays, header))
        except OSError as error:
            raise ModelError(f"{self.path} cannot be written: {reason_of(error)}") from None

    def load(
        self, numbers: Mapping[str, Any], **groups: Sequence[Any]
    ) -> tuple[dict[str, Any], dict[str, list[NDArray[Any]]]]:
        """Return the numbers and the groups of arrays last saved; both empty without a file.

        numbers, groups: examples of what was saved; the file's numbers must have the same types,
        its arrays the same shapes and types, which is checked before they are read. Raises
        ModelError if the file is damaged or belongs to another training.
        """
        wanted = {
            f"{name}/{k}": (np.dtype(str(array.dtype)), tuple(array.shape))
            for name, group in groups.items()
            for k, array in enumerate(group)
        }
        most = MORE + sum(dtype.itemsize * math.prod(shape) for dtype, shape in wanted.values())
        try:
            arrays = NpzArrays(read_bounded(self.path, most), most)
            header = json_header(arrays)
        except FileNotFoundError:
            return {}, {}
        except (OSError, ValueError, KeyError, RecursionError) as error:
            raise self._damaged(error) from None
        if header.get("key") != self._key:
            raise ModelError(
                f"{self.path} belongs to a training with other pictures or settings; "
                "pass the same again to resume that training, or remove the file to start again"
            )
        declared = {name: h[:2] for name, h in arrays.headers.items() if name != JSON_HEADER}
        if declared != wanted or not _is_like(header.get("numbers"), numbers):
            raise self._damaged("its numbers are not those of this training")
        try:
            return header["numbers"], {
                name: [arrays[f"{name}/{k}"] for k in range(len(group))]
                for name, group in groups.items()
            }
        except ValueError as error:
            raise self._damaged(error) from None

    def _damaged(self, reason: object) -> ModelError:
        return ModelError(f"{self.path} is damaged ({reason}); remove it to start again")


def _is_like(value: Any, wanted: Any) -> bool:
    """Return whether a value of JSON has the structure and the number types of another one."""
    if isinstance(wanted, Mapping):
        same = isinstance(value, dict) and value.keys() == wanted.keys()
        return same and all(_is_like(value[name], wanted[name]) for name in wanted)
    if isinstance(wanted, tuple):
        same = isinstance(value, list) and len(value) == len(wanted)
        return same and all(map(_is_like, value, wanted))
    if isinstance(wanted, int):
        return type(value) is int and 0 <= value <= LARGEST_COUNT
    return type(value) is float or (type(value) is int and abs(value) <= LARGEST_COUNT)
