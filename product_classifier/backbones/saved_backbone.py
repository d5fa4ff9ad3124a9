"""The network that a saved model, or an experiment, reads pictures by: what it may be named.

A folder or a database may come from somebody else, and a SavedModel is code. They can therefore
name networks of a fixed list alone, which are looked up on this machine and never fetched. Anything
else has to be passed by the user, and is compared by its hash before it is opened.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from product_classifier.backbones.backbone import HANDLES, MINI, Backbone, load_backbone
from product_classifier.backbones.keras_networks import APPLICATIONS, is_network
from product_classifier.backbones.network_file import LARGEST, opened_archive
from product_classifier.errors import FeatureError
from product_classifier.regular import read_bounded

STUDENT = "student"  # whose file lies in the folder
GIVEN = "given"  # by the user, each time
NAMES = (MINI, STUDENT, GIVEN, *dict.fromkeys([*HANDLES, *APPLICATIONS]))
LONGEST_CALLED = 200  # characters
KERAS_FILE = "{}_weights_tf_dim_ordering_tf_kernels_notop.h5"  # as most are called in Keras' cache
KERAS_FILES = {
    "mobilenet_v2": "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    "efficientnet_b0": "efficientnetb0_notop.h5",
}


class SavedBackbone(NamedTuple):
    """The network that a model was trained on, as its folder names it."""

    name: str  # of NAMES
    sha256: str
    called: str  # what it was passed as, for people: nothing is opened by it
    file: Path | None = None  # of a student, in the folder


class Choice(NamedTuple):
    """The arguments that load_backbone is to be called with."""

    name: str
    weights: Path | None


def saved_backbone(name: str, sha256: str) -> SavedBackbone:
    """Name a network, as load_backbone was asked for it, in a way that a folder may keep."""
    names = {handle: name for name, handle in HANDLES.items()}
    known = names.get(name, name)
    if known in NAMES and known not in (STUDENT, GIVEN):
        return SavedBackbone(known, sha256, known)
    address = urlsplit(name)
    called = f"{address.netloc.rpartition('@')[2]}{address.path}" if address.netloc else name
    called = called.rstrip("/") if address.netloc else Path(name).name
    return SavedBackbone(GIVEN, sha256, called[-LONGEST_CALLED:] or GIVEN)


def student_file(name: str, sha256: str) -> bytes | None:
    """Read the file of a student; None where name is none, or is no longer the one of this hash."""
    if not name.endswith(".npz"):
        return None
    try:
        data = read_bounded(Path(name), LARGEST)
        with opened_archive(Path(name), "network") as archive:
            is_student = not is_network(archive) and archive.sha256 == sha256
    except (OSError, FeatureError):
        return None
    return data if is_student and hashlib.sha256(data).hexdigest() == sha256 else None


def load_saved(saved: SavedBackbone, asked: str | None, weights: Path | None) -> Backbone:
    """Load the network of a saved model, or what the user asked for in its place.

    Raises FeatureError for one that has to be passed, or is another than the model's.
    """
    choice = chosen(saved, asked, weights)
    return load_backbone(choice.name, weights=choice.weights, sha256=saved.sha256)


def chosen(saved: SavedBackbone, asked: str | None, weights: Path | None) -> Choice:
    """Choose the network to load. Raises FeatureError, with what to pass, where that is none.

    asked, weights: what the user passed as --backbone and --weights, which alone may lead to
    anything that is fetched or lies elsewhere.
    """
    if asked:
        return Choice(asked, weights)
    name = saved.name
    if weights is not None and name in APPLICATIONS:
        return Choice(name, weights)
    if name == MINI:
        return Choice(MINI, weights)
    if name == STUDENT and saved.file:
        return Choice(str(saved.file), weights)
    if name in HANDLES:
        if folder := _in_hub_cache(HANDLES[name]):
            return Choice(str(folder), weights)
        raise FeatureError(
            f"pictures are read by {name}, which is not cached; pass --backbone {name} to fetch "
            "it, or the folder that has it"
        )
    if name in APPLICATIONS:
        if file := _in_keras_cache(name):
            return Choice(name, file)
        raise FeatureError(
            f"pictures are read by {name}, whose weights are not cached; pass --backbone {name} to "
            "fetch those of ImageNet, or --weights with a file of them"
        )
    raise FeatureError(
        f"pictures are read by a network that has to be passed as --backbone: one that was called "
        f"{saved.called!r} then, whose SHA-256 begins with {saved.sha256[:16]}; pass only one that "
        "you trust, since a SavedModel is code"
    )


def _in_hub_cache(handle: str) -> Path | None:
    """Find the folder of a handle in TF-Hub's cache, which names folders by hashes of handles."""
    cache = os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir(), "tfhub_modules")
    folder = Path(cache, hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest())
    return folder if folder.is_dir() else None


def _in_keras_cache(name: str) -> Path | None:
    """Find the file of a network's weights where Keras keeps what it has fetched."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    file = home / "models" / KERAS_FILES.get(name, KERAS_FILE.format(name))
    return file if file.is_file() else None
