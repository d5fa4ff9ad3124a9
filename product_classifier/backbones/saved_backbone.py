"""The backbone of a saved model or an experiment: its recorded name, and how it is loaded again.

A model folder or a database may come from a stranger, and a SavedModel is code. They can therefore
only name networks on a fixed list, which are looked up on this machine and never fetched. The user
has to pass any other network, and its hash is compared before it is loaded.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from product_classifier.backbones import MINI
from product_classifier.backbones.backbone import HANDLES, Backbone, load_backbone
from product_classifier.backbones.keras_networks import APPLICATIONS, is_network
from product_classifier.backbones.network_file import LARGEST, opened_archive
from product_classifier.errors import FeatureError
from product_classifier.regular import read_bounded

STUDENT = "student"  # its file is in the model's folder
GIVEN = "given"  # the user passes the network each time
NAMES = (MINI, STUDENT, GIVEN, *dict.fromkeys([*HANDLES, *APPLICATIONS]))
LONGEST_CALLED = 200  # characters
# names of files in Keras' download cache
KERAS_FILE = "{}_weights_tf_dim_ordering_tf_kernels_notop.h5"
KERAS_FILES = {
    "mobilenet_v2": "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    "efficientnet_b0": "efficientnetb0_notop.h5",
}


class SavedBackbone(NamedTuple):
    """The network that a model was trained on, as recorded in the model's folder."""

    name: str  # of NAMES
    sha256: str
    called: str  # the name that the user passed, for messages alone: it is never opened
    file: Path | None = None  # of a student, in the model's folder


class LoadArguments(NamedTuple):
    """The arguments for load_backbone."""

    name: str
    weights: Path | None


def saved_backbone(name: str, sha256: str) -> SavedBackbone:
    """Return the record of a network for a model's folder; name: as passed to load_backbone."""
    names = {handle: name for name, handle in HANDLES.items()}
    listed = names.get(name, name)
    if listed in NAMES and listed not in (STUDENT, GIVEN):
        return SavedBackbone(listed, sha256, listed)
    address = urlsplit(name)
    called = f"{address.netloc.rpartition('@')[2]}{address.path}" if address.netloc else name
    called = called.rstrip("/") if address.netloc else Path(name).name
    return SavedBackbone(GIVEN, sha256, called[-LONGEST_CALLED:] or GIVEN)


def student_file(name: str, sha256: str) -> bytes | None:
    """Return the bytes of a student's file; None if it is not a student or has another hash."""
    if not name.endswith(".npz"):
        return None
    try:
        data = read_bounded(Path(name), LARGEST)
        with opened_archive(Path(name), "network") as archive:
            is_student = not is_network(archive) and archive.sha256 == sha256
    except (OSError, FeatureError):
        return None
    return data if is_student and hashlib.sha256(data).hexdigest() == sha256 else None


def load_saved(saved: SavedBackbone, backbone: str | None, weights: Path | None) -> Backbone:
    """Load the network of a saved model; backbone, weights: see load_arguments.

    Raises FeatureError if the user has to pass the network, or passed one with another hash.
    """
    arguments = load_arguments(saved, backbone, weights)
    return load_backbone(arguments.name, weights=arguments.weights, sha256=saved.sha256)


def load_arguments(
    saved: SavedBackbone, backbone: str | None, weights: Path | None
) -> LoadArguments:
    """Return load_backbone's arguments for the network of a saved model.

    backbone, weights: the user's --backbone and --weights. Only they may name a network that is
    fetched, or a file outside of the model's folder and the caches. Raises FeatureError, with the
    option to pass, if the network is not on this machine.
    """
    if backbone:
        return LoadArguments(backbone, weights)
    name = saved.name
    if weights is not None and name in APPLICATIONS:
        return LoadArguments(name, weights)
    if name == MINI:
        return LoadArguments(MINI, weights)
    if name == STUDENT and saved.file:
        return LoadArguments(str(saved.file), weights)
    if name in HANDLES:
        if folder := _in_hub_cache(HANDLES[name]):
            return LoadArguments(str(folder), weights)
        raise FeatureError(
            f"pictures are read by {name}, which is not cached; pass --backbone {name} to fetch "
            "it, or the folder of the network"
        )
    if name in APPLICATIONS:
        if file := _in_keras_cache(name):
            return LoadArguments(name, file)
        raise FeatureError(
            f"pictures are read by {name}, whose weights are not cached; pass --backbone {name} to "
            "fetch those of ImageNet, or --weights with a file of the weights"
        )
    raise FeatureError(
        f"pictures are read by a network that has to be passed as --backbone: it was passed as "
        f"{saved.called!r} before, and its SHA-256 begins with {saved.sha256[:16]}; pass a network "
        "only if you trust it, since a SavedModel is code"
    )


def _in_hub_cache(handle: str) -> Path | None:
    """Return a handle's folder in TF-Hub's cache, named by the handle's hash; None if missing."""
    cache = os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir(), "tfhub_modules")
    folder = Path(cache, hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest())
    return folder if folder.is_dir() else None


def _in_keras_cache(name: str) -> Path | None:
    """Return a network's file of weights in Keras' download cache; None if missing."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    file = home / "models" / KERAS_FILES.get(name, KERAS_FILE.format(name))
    return file if file.is_file() else None
