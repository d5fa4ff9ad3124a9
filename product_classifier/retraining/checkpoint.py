"""Where an interrupted training goes on: its numbers and arrays in one .npz file, written whole."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.regular import read_bounded
from product_classifier.store.files import write_whole
from product_classifier.store.npz import NpzArrays
from product_classifier.system_errors import reason_of

Arrays = Sequence[NDArray[Any]]
HEAD = "head"
LONGEST_HEAD = 1_000_000  # bytes of its text
MORE = 100_000_000  # bytes of a file beside the numbers that a training has
LARGEST_COUNT = 2**53


class Checkpoint:
    """One file for one training; key tells what the training depends on."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self._key = key

    def save(self, numbers: Mapping[str, Any], **groups: Arrays) -> None:
        """Replace what was saved before. Raises ModelError where it cannot be written."""
        head = json.dumps({"key": self._key, "numbers": dict(numbers)})
        arrays = {
            f"{name}/{k}": array for name, group in groups.items() for k, array in enumerate(group)
        }
        arrays[HEAD] = np.array(head)
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, **arrays)
        try:
            write_whole(self.path, archive.getvalue())
        except OSError as error:
            raise ModelError(f"{self.path} cannot be written: {reason_of(error)}") from None

    def load(
        self, numbers: Mapping[str, Any], **groups: Sequence[Any]
    ) -> tuple[dict[str, Any], dict[str, list[NDArray[Any]]]]:
        """Read what was saved: nothing at first.

        numbers, groups: the like of what was saved, which it has to agree with in kinds, shapes and
        types before it is read. Raises ModelError where the file is damaged or belongs to another
        training.
        """
        wanted = {
            f"{name}/{k}": (np.dtype(str(array.dtype)), tuple(array.shape))
            for name, group in groups.items()
            for k, array in enumerate(group)
        }
        most = MORE + sum(dtype.itemsize * math.prod(shape) for dtype, shape in wanted.values())
        try:
            arrays = NpzArrays(read_bounded(self.path, most), most)
            head = _head(arrays)
        except FileNotFoundError:
            return {}, {}
        except (OSError, ValueError, KeyError, RecursionError) as error:
            raise self._damaged(error) from None
        if head.get("key") != self._key:
            raise ModelError(
                f"{self.path} belongs to other pictures, another teacher or other settings; "
                "pass those again to go on with it, or remove it to begin anew"
            )
        found = {name: h[:2] for name, h in arrays.headers.items() if name != HEAD}
        if found != wanted or not _is_like(head.get("numbers"), numbers):
            raise self._damaged("it holds other numbers than this training has")
        try:
            return head["numbers"], {
                name: [arrays[f"{name}/{k}"] for k in range(len(group))]
                for name, group in groups.items()
            }
        except ValueError as error:
            raise self._damaged(error) from None

    def _damaged(self, reason: object) -> ModelError:
        return ModelError(f"{self.path} is damaged ({reason}); remove it to begin anew")


def _head(arrays: NpzArrays) -> Mapping[str, Any]:
    if arrays.headers[HEAD].size > LONGEST_HEAD:
        raise ValueError("its head is too long")
    head = json.loads(str(arrays[HEAD]))
    if not isinstance(head, dict):
        raise ValueError("its head is no object of JSON")
    return head


def _is_like(found: Any, wanted: Any) -> bool:
    """Tell whether a value of JSON has the parts of another one, and numbers of the same kinds."""
    if isinstance(wanted, Mapping):
        same = isinstance(found, dict) and found.keys() == wanted.keys()
        return same and all(_is_like(found[name], wanted[name]) for name in wanted)
    if isinstance(wanted, tuple):
        same = isinstance(found, list) and len(found) == len(wanted)
        return same and all(map(_is_like, found, wanted))
    if isinstance(wanted, int):
        return type(found) is int and 0 <= found <= LARGEST_COUNT
    return type(found) is float or (type(found) is int and abs(found) <= LARGEST_COUNT)
