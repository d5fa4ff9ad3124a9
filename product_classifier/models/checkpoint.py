"""Where an interrupted training goes on: its numbers and arrays in one .npz file, written whole."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import ModelError
from product_classifier.store.files import write_whole

Arrays = Sequence[NDArray[Any]]


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
        arrays["head"] = np.array(head)
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, **arrays)
        try:
            write_whole(self.path, archive.getvalue())
        except OSError as error:
            raise ModelError(f"{self.path} cannot be written: {error.strerror}") from None

    def load(self) -> tuple[dict[str, Any], dict[str, list[NDArray[Any]]]]:
        """Read what was saved: nothing at first.

        Raises ModelError where the file is damaged or belongs to another training.
        """
        if not self.path.exists():
            return {}, {}
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                head = json.loads(str(archive["head"]))
                groups: dict[str, list[NDArray[Any]]] = {}
                for name in archive.files:
                    if name != "head":
                        groups.setdefault(name.split("/")[0], []).append(archive[name])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"{self.path} is damaged ({error}); remove it to begin anew") from None
        if head["key"] != self._key:
            raise ModelError(
                f"{self.path} belongs to other pictures, another teacher or other settings; "
                "pass those again to go on with it, or remove it to begin anew"
            )
        return head["numbers"], groups
