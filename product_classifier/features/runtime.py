"""TensorFlow, loaded when it is first needed: quietly, and deterministic."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@functools.cache
def tensorflow() -> Any:
    """Import TensorFlow without its start-up chatter, with deterministic operations."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with muted_stderr():
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    tf.get_logger().setLevel("ERROR")
    return tf


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Hold back what C++ code prints to stderr, where no log level reaches; show it on failure."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        original = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(original, held.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)
