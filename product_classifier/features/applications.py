"""Keras' own image networks by their names: ImageNet's weights, or those of a file."""

from __future__ import annotations

import contextlib
import hashlib
import io
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from product_classifier.errors import FeatureError, UnreachableError
from product_classifier.features.architectures import (
    ARCHITECTURES,
    INCEPTION_2015,
    KerasNetwork,
    new_network,
)
from product_classifier.features.runtime import load_keras
from product_classifier.features.weights_file import check_weights_file, largest_weights_file

DOWNLOAD_TIMEOUT = 15.0  # seconds without a byte
LONGEST_REASON = 120  # characters of what Keras says


APPLICATIONS = tuple(name for name in ARCHITECTURES if name != INCEPTION_2015)


def load_application(name: str, weights: Path | None) -> tuple[KerasNetwork, str]:
    """Load a network of APPLICATIONS, and hash its weights, whatever file they came from.

    weights: a file of its weights without the top, as Keras saves or publishes them (.h5); None:
    ImageNet's, fetched once. Only numbers are read from a file. Raises FeatureError for a file of
    another network or one that is not whole, UnreachableError where nothing can be fetched.
    """
    if weights is not None:
        _insist_on_file(weights, name)
        network = new_network(name)
        read_weights(network.model, weights, name)
    else:
        load_keras()  # here, so that only what fails in fetching is taken for that
        network = _fetched(lambda: new_network(name, "imagenet"), name)
    digest = hashlib.sha256(name.encode())
    for array in network.model.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())
    return network, digest.hexdigest()


def _fetched(make: Callable[[], Any], name: str) -> Any:
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras draws a bar there
            return make()
    except Exception as error:  # Keras raises a bare Exception where a download fails
        raise UnreachableError(
            f"the weights of {name} are not cached and cannot be fetched "
            f"({(str(error) or type(error).__name__).splitlines()[0]}); connect to the internet "
            "once, pass a file of them as --weights, or pass --backbone mini"
        ) from None
    finally:
        socket.setdefaulttimeout(previous)


def _insist_on_file(weights: Path, name: str) -> None:
    if not weights.is_file():
        raise FeatureError(f"there is no file {weights}; pass the weights of {name}")
    if weights.suffix not in (".h5", ".hdf5"):
        raise FeatureError(f"{weights} is no file of Keras' weights: these end in .h5")


def read_weights(model: Any, weights: Path, name: str) -> None:
    """Read a file of Keras' weights into a model; name: as messages call it.

    Raises FeatureError for a file that is damaged, too large, or of another network.
    """
    if (size := weights.stat().st_size) > (most := largest_weights_file(model)):
        raise FeatureError(
            f"{weights} has {size:,} bytes, and the weights of {name} have at most {most:,}; "
            "pass a file of its weights alone"
        )
    before = [array.copy() for array in model.get_weights()]
    try:
        check_weights_file(weights, model)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # that some layers keep their random numbers
            model.load_weights(weights)
    except Exception as error:  # whatever h5py and Keras say of bytes that they did not write
        reason = (str(error) or type(error).__name__).strip().splitlines()[0][:LONGEST_REASON]
        raise FeatureError(
            f"{weights} is damaged, or holds the weights of another network than {name} without "
            f"its top ({reason})"
        ) from None
    after = model.get_weights()
    if all(map(np.array_equal, before, after)):
        raise FeatureError(f"{weights} has no weights of {name}")
    if not all(np.isfinite(array).all() for array in after):
        raise FeatureError(f"{weights} is damaged: not all of its numbers are finite")
