"""Lazy imports of TensorFlow and Keras: without start-up messages, with deterministic results."""

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

LEAST_MEMORY = 3_000_000_000  # bytes of address space; with 2 GB TensorFlow hung while loading


@functools.cache
def tensorflow() -> Any:
    """Import TensorFlow without its start-up messages, with deterministic operations."""
    _check_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with muted_stderr():
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    tf.get_logger().setLevel("ERROR")
    return tf


@functools.cache
def load_keras() -> Any:
    """Import Keras on the backend of KERAS_BACKEND, without TensorFlow if possible."""
    _check_memory()  # Keras imports TensorFlow by default
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with muted_stderr():
        import keras
    if keras_runs_on_tensorflow():
        tensorflow()
    return keras


def _check_memory() -> None:
    """Raise FeatureError if TensorFlow would hang, waiting for threads that need more memory."""
    limit = limit_of("RLIMIT_AS")
    if limit is not None and limit < LEAST_MEMORY:
        raise FeatureError(
            f"only {limit // 1024:,} kB of memory are allowed (ulimit -v), but TensorFlow needs "
            f"{LEAST_MEMORY // 1024:,} to start; raise the limit"
        )


def keras_runs_on_tensorflow() -> bool:
    """Return whether Keras' backend is TensorFlow, so that its layers fit in TensorFlow graphs."""
    import keras

    return bool(keras.backend.backend() == "tensorflow")


def on_accelerator() -> bool:
    """Return whether Keras computes on an accelerator rather than on the processor."""
    # tensors of every backend name their device; list_devices() is missing in some backends
    return "cpu" not in str(load_keras().ops.ones(1).device).lower()


def predictor(model: Any) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """Return a thread-safe function of a Keras model, arrays in and out."""
    lock = threading.Lock()

    def predict(inputs: NDArray[Any]) -> NDArray[np.float32]:
        with lock:  # JAX donates a model's buffers while it computes
            return np.asarray(model.predict_on_batch(inputs), np.float32)

    return predict


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Discard output of C++ code to stderr, which no log level stops and may quote a hostile file.

    Errors are still raised as exceptions.
    """
    sys.stderr.flush()
    original = os.dup(2)
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
