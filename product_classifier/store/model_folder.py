"""A saved model as a folder: settings as JSON, lists as text, weights as numbers in one .npz file.

settings.json is written last and holds the hashes of the other files, so that a folder whose parts
do not belong together is known. Nothing in it is code, and nothing is opened as such.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import StoreError
from product_classifier.store.files import write_whole

FORMAT = 1
SETTINGS, WEIGHTS = "settings.json", "weights.npz"


@dataclass(frozen=True)
class ModelFolder:
    """What lies in such a folder."""

    settings: Mapping[str, Any]
    lists: Mapping[str, Sequence[str]]  # lines by the name of their file, without .txt
    arrays: Mapping[str, NDArray[Any]]


def write_model_folder(path: Path, model: ModelFolder) -> None:
    """Write a folder, over one that may be there. Raises StoreError where it cannot be written."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **model.arrays)
    files = {
        WEIGHTS: archive.getvalue(),
        **{
            f"{name}.txt": "".join(f"{line}\n" for line in lines).encode(errors="surrogatepass")
            for name, lines in model.lists.items()
        },
    }
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    settings = {"format": FORMAT, **model.settings, "files": hashes}
    files[SETTINGS] = (json.dumps(settings, indent=1, ensure_ascii=False) + "\n").encode()
    try:
        for name, data in files.items():
            write_whole(path / name, data)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None


def read_model_folder(path: Path) -> ModelFolder:
    """Read a folder whole.

    Raises StoreError for one that is absent, of another version, or not as it was written.
    """
    try:
        settings = json.loads((path / SETTINGS).read_bytes())
        if settings["format"] != FORMAT:
            raise StoreError(
                f"{path} has format {settings['format']}, and this version reads {FORMAT}; save it "
                "again, or use the version that made it"
            )
        hashes = settings.pop("files")
        files = {name: _checked(path / Path(name).name, hashes[name]) for name in hashes}
        lists = {
            Path(name).stem: data.decode(errors="surrogatepass").split("\n")[:-1]
            for name, data in files.items()
            if name.endswith(".txt")
        }
        with np.load(io.BytesIO(files[WEIGHTS]), allow_pickle=False) as kept:
            return ModelFolder(settings, lists, {name: kept[name] for name in kept.files})
    except OSError as error:
        raise StoreError(
            f"{path} holds no whole model ({error.filename}: {error.strerror}); make it by --save"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} is damaged ({error}); save the model again") from None


def _checked(file: Path, sha256: str) -> bytes:
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StoreError(f"{file} is cut short or not the file it was; save the model again")
    return data
