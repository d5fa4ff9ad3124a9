"""The course of a training for TensorBoard."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from product_classifier.errors import ModelError
from product_classifier.features.runtime import tensorflow
from product_classifier.models.task import Score
from product_classifier.system_errors import told


class Summaries:
    """Writes the curves of loss and accuracy below a folder, train/ and validation/.

    Raises ModelError where that cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise ModelError(
                f"{folder} cannot be written: {told(error)}; or pass another --summaries_dir"
            ) from None
        create = tensorflow().summary.create_file_writer
        self._writers = [create(str(folder / part)) for part in ("train", "validation")]

    def observe(self, step: int, on_batches: Score, on_tuning: Score) -> None:
        """Add a point to each curve."""
        tf = tensorflow()
        for writer, score in zip(self._writers, (on_batches, on_tuning), strict=True):
            with writer.as_default():
                # summary.scalar would need the tensorboard package just to write
                for tag, value in (("cross_entropy", score.loss), ("accuracy", score.accuracy)):
                    tf.summary.write(tag, tf.constant(value), step, _scalar())
            writer.flush()


def _scalar() -> Any:
    """Mark a value as a point of a curve."""
    metadata = tensorflow().compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    metadata.data_class = 1  # DATA_CLASS_SCALAR
    return metadata
