"""TensorFlow and Keras, loaded when they are first needed: quietly, and deterministic."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.system_errors import limit_of

LEAST_MEMORY = 3_000_000_000  # bytes of addresses; with 2 GB it was seen to hang while it loads


@functools.cache
def tensorflow() -> Any:
    """Import TensorFlow without its start-up chatter, with deterministic operations."""
    _insist_on_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with muted_stderr():
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    tf.get_logger().setLevel("ERROR")
    return tf


@functools.cache
def load_keras() -> Any:
    """Import Keras over the backend that KERAS_BACKEND names, without TensorFlow where it can."""
    _insist_on_memory()  # Keras loads TensorFlow by itself
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with muted_stderr():
        import keras
    if keras_runs_on_tensorflow():
        tensorflow()
    return keras


def _insist_on_memory() -> None:
    """Raise FeatureError where TensorFlow would wait for ever for threads that need more memory."""
    limit = limit_of("RLIMIT_AS")
    if limit is not None and limit < LEAST_MEMORY:
        raise FeatureError(
            f"only {limit // 1024:,} kB of memory are allowed (ulimit -v), and TensorFlow takes "
            f"{LEAST_MEMORY // 1024:,} to begin with; raise the limit"
        )


def keras_runs_on_tensorflow() -> bool:
    """Tell whether Keras' layers can stand in a graph of TensorFlow's."""
    import keras

    return bool(keras.backend.backend() == "tensorflow")


def on_accelerator() -> bool:
    """Tell whether Keras computes on something other than the processor."""
    # each backend's tensors name their device; list_devices() is not there for all of them
    return "cpu" not in str(load_keras().ops.ones(1).device).lower()


def predictor(model: Any) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """Make a function of a Keras model, arrays in and out, that several threads may call."""
    lock = threading.Lock()

    def predict(inputs: NDArray[Any]) -> NDArray[np.float32]:
        with lock:  # JAX gives a model's buffers away while it computes
            return np.asarray(model.predict_on_batch(inputs), np.float32)

    return predict


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Drop what C++ code prints to stderr, where no log level reaches: it may quote a hostile file.

    What fails says why as an error.
    """
    sys.stderr.flush()
    original = os.dup(2)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
