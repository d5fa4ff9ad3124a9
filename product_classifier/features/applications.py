"""Keras' own image networks by their names: ImageNet's weights, or those of a file."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import socket
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from product_classifier.errors import FeatureError, UnreachableError
from product_classifier.features.runtime import tensorflow

DOWNLOAD_TIMEOUT = 15.0  # seconds without a byte
LONGEST_REASON = 120  # characters of what Keras says


class Application(NamedTuple):
    """Where a network is in keras.applications, and the pixels that it was trained on."""

    module: str
    name: str
    size: int = 224


APPLICATIONS: Mapping[str, Application] = {
    "vgg16": Application("vgg16", "VGG16"),
    "vgg19": Application("vgg19", "VGG19"),
    "resnet50": Application("resnet", "ResNet50"),
    "resnet101": Application("resnet", "ResNet101"),
    "mobilenet_v2": Application("mobilenet_v2", "MobileNetV2"),
    "efficientnet_b0": Application("efficientnet", "EfficientNetB0"),
    "inception_v3": Application("inception_v3", "InceptionV3", 299),
}


class Loaded(NamedTuple):
    """A network with the mean of its last layer as bottleneck."""

    graph: Callable[[Any], Any]  # [n, size, size, 3] in [0, 1] → [n, width]
    sha256: str  # of its weights, whatever file they came from
    size: int


def load_application(name: str, weights: Path | None) -> Loaded:
    """Load a network of APPLICATIONS.

    weights: a file of its weights without the top, as Keras saves or publishes them (.h5); None:
    ImageNet's, fetched once. Only numbers are read from a file. Raises FeatureError for a file of
    another network or one that is not whole, UnreachableError where nothing can be fetched.
    """
    if weights is not None:
        _insist_on_file(weights, name)
    tensorflow()  # first, since it is what keeps TensorFlow quiet
    asked = APPLICATIONS[name]
    module = importlib.import_module(f"keras.applications.{asked.module}")
    make = getattr(module, asked.name)
    shape = (asked.size, asked.size, 3)
    if weights is None:
        model = _fetched(lambda: make(include_top=False, pooling="avg", input_shape=shape), name)
    else:
        model = make(include_top=False, pooling="avg", input_shape=shape, weights=None)
        _fill(model, weights, name)
    digest = hashlib.sha256(name.encode())
    for array in model.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())

    def graph(pictures: Any) -> Any:
        return model(module.preprocess_input(pictures * 255.0), training=False)

    return Loaded(graph, digest.hexdigest(), asked.size)


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


def _fill(model: Any, weights: Path, name: str) -> None:
    before = [array.copy() for array in model.get_weights()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # that some layers keep their random numbers
            model.load_weights(weights)
    except Exception as error:  # whatever h5py and Keras say of bytes that they did not write
        reason = (str(error) or type(error).__name__).strip().splitlines()[0][:LONGEST_REASON]
        raise FeatureError(
            f"{weights} is damaged, or holds the weights of another network than {name} without "
            f"its top ({reason})"
        ) from None
    if all(map(np.array_equal, before, model.get_weights())):
        raise FeatureError(f"{weights} has no weights of {name}")
