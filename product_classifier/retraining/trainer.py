"""The fine-tuning loop's inner part: one epoch, the score and the state of a network with its head.

Read `SoftmaxHead` first, then `Trainer`; `Summaries` writes its scores for TensorBoard.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.runtime import load_keras, tensorflow
from product_classifier.errors import ModelError
from product_classifier.models.base import Score, Targets
from product_classifier.models.network import Network, softmax
from product_classifier.retraining.training_images import InputSource, TrainingImages
from product_classifier.system_errors import reason_of

LONGEST_GRADIENT = 1.0
TrainingState = tuple[
    list[NDArray[Any]], list[NDArray[Any]]
]  # trained weights, optimizer variables


@dataclass(frozen=True)
class SoftmaxHead:
    """A softmax regression on bottlenecks, and the scaling that makes training it stable."""

    weights: NDArray[np.float32]  # [width, labels], for unscaled bottlenecks
    bias: NDArray[np.float32]  # [labels]
    mean: NDArray[np.float32]  # [width], subtracted from bottlenecks in training
    scale: NDArray[np.float32]  # [width], by which the difference is multiplied

    @classmethod
    def of(cls, network: Network) -> SoftmaxHead:
        """Return the head of a trained softmax regression over pictures alone."""
        return cls(*network.softmax_regression(), *network.picture_scaling)

    @property
    def regression(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The weights and the bias, for unscaled bottlenecks."""
        return self.weights, self.bias

    def predict(self, bottlenecks: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the number of the most probable label of each bottleneck, [n]."""
        return np.asarray((bottlenecks @ self.weights + self.bias).argmax(axis=1))


class Trainer:
    """Trains a network with its softmax head; frozen weights stay the same to the last bit."""

    def __init__(
        self, network: Any, head: SoftmaxHead, labelled: TrainingImages, source: InputSource
    ) -> None:
        keras = load_keras()
        self._head, self._labelled, self._source = head, labelled, source
        self._model = model = _with_head(network, head, len(labelled.labels))
        optimizer = keras.optimizers.Adam(global_clipnorm=LONGEST_GRADIENT)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, weighted_metrics=["accuracy"])
        optimizer.build(model.trainable_variables)
        self._frozen = _values(model.non_trainable_variables)

    def epoch(
        self,
        rows: NDArray[np.int64],
        batch_size: int,
        number: int,
        rate: Callable[[float], float],
        label: str,
    ) -> Score:
        """Train on the pictures in rows, in this order, and return the mean score of the batches.

        rate: the learning rate as a function of the share of rows done. label: of the progress that
        is shown.
        """
        done, total = 0, np.zeros(2)
        for batch, inputs in self._source.batches(rows, batch_size, number, label):
            done += len(batch)
            self._model.optimizer.learning_rate.assign(rate(done / len(rows)))
            score = self._model.train_on_batch(inputs, self._labelled.label_of[batch])
            total += np.array(score, float) * len(batch)
        return Score(*(total / len(rows)).tolist())

    def score(self, rows: NDArray[np.int64], batch_size: int) -> Score:
        """Return the score on the undistorted pictures in rows; nan without rows."""
        targets = Targets.of(rows, [(int(k),) for k in self._labelled.label_of])
        logits = np.zeros((len(rows), len(self._labelled.labels)), np.float32)
        done = 0
        for batch, inputs in self._source.batches(rows, batch_size, None, ""):
            logits[done : done + len(batch)] = self._model.predict_on_batch(inputs)
            done += len(batch)
        return targets.score(softmax(logits))

    def state(self) -> TrainingState:
        """Return a copy of everything that training changes."""
        optimizer = self._model.optimizer.variables
        return _values(self._model.trainable_variables), _values(optimizer)

    def set_state(self, state: TrainingState) -> None:
        """Set the state; frozen weights are set, too, since a failed step may have lost them."""
        model = self._model
        for variables, values in (
            (model.trainable_variables, state[0]),
            (model.optimizer.variables, state[1]),
            (model.non_trainable_variables, self._frozen),
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    @property
    def head(self) -> SoftmaxHead:
        """The head with its current weights."""
        kernel, bias = self._model.layers[-1].get_weights()
        mean, scale = self._head.mean, self._head.scale
        weights = kernel * scale[:, None]
        return SoftmaxHead(weights, bias - mean @ weights, mean, scale)


def _with_head(network: Any, head: SoftmaxHead, labels: int) -> Any:
    """Return the network with a softmax head on it, whose weights start as those of head."""
    keras = load_keras()
    scaling = keras.layers.Rescaling(head.scale, -head.mean * head.scale, dtype="float32")
    dense = keras.layers.Dense(labels, dtype="float32")
    inputs = keras.Input(network.input.shape[1:], dtype=network.input.dtype)
    model = keras.Model(inputs, dense(scaling(_inference_layer(keras, network)(inputs))))
    dense.set_weights([head.weights / head.scale[:, None], head.bias + head.mean @ head.weights])
    return model


def _inference_layer(keras: Any, network: Any) -> Any:
    """Return the network as a layer whose norms and dropout are in inference mode while it trains.

    Few pictures make bad statistics for the norms. Calling the network with training=False in a
    functional model is not enough: in training, Keras passes training=True to all nested layers.
    """

    class InferenceLayer(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(dtype="float32")
            self.network = network

        def call(self, inputs: Any) -> Any:
            return self.network(inputs, training=False)

    return InferenceLayer()


def _values(variables: Sequence[Any]) -> list[NDArray[Any]]:
    """Return copies of the values of variables, on any backend."""
    return [np.array(load_keras().ops.convert_to_numpy(variable)) for variable in variables]


class Summaries:
    """Writes curves of loss and accuracy for TensorBoard, to train/ and validation/ in a folder.

    Raises ModelError if the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise ModelError(
                f"{folder} cannot be written: {reason_of(error)}; or pass another --summaries_dir"
            ) from None
        create = tensorflow().summary.create_file_writer
        self._writers = [create(str(folder / part)) for part in ("train", "validation")]

    def observe(self, step: int, on_batches: Score, on_tuning: Score) -> None:
        """Write the scores after a step or epoch, a point of each curve."""
        tf = tensorflow()
        for writer, score in zip(self._writers, (on_batches, on_tuning), strict=True):
            with writer.as_default():
                # summary.scalar would need the tensorboard package just to write
                for tag, value in (("cross_entropy", score.loss), ("accuracy", score.accuracy)):
                    tf.summary.write(tag, tf.constant(value), step, _scalar())
            writer.flush()


def _scalar() -> Any:
    """Return the metadata by which TensorBoard knows a value as a point of a curve."""
    metadata = tensorflow().compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    metadata.data_class = 1  # DATA_CLASS_SCALAR
    return metadata
