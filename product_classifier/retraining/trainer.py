"""A network with a softmax head in training: its epochs, its judgement, and its state."""

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
from product_classifier.retraining.training_images import Album, Source
from product_classifier.system_errors import reason_of

LONGEST_GRADIENT = 1.0
State = tuple[list[NDArray[Any]], list[NDArray[Any]]]  # weights in training, and the optimizer's


@dataclass(frozen=True)
class Head:
    """A softmax regression on bottlenecks, and the scaling with which it is trained well."""

    weights: NDArray[np.float32]  # [width, labels], of raw bottlenecks
    bias: NDArray[np.float32]  # [labels]
    mean: NDArray[np.float32]  # [width]
    scale: NDArray[np.float32]  # [width]

    @classmethod
    def of(cls, network: Network) -> Head:
        """Take it from a network over pictures alone."""
        return cls(*network.softmax_regression(), *network.picture_scaling)

    @property
    def regression(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights and bias."""
        return self.weights, self.bias

    def predict(self, bottlenecks: NDArray[np.float32]) -> NDArray[np.int64]:
        """Choose a label for each bottleneck."""
        return np.asarray((bottlenecks @ self.weights + self.bias).argmax(axis=1))


class Tuner:
    """Trains a network with its head; what is not in training stays as it is to the last bit."""

    def __init__(self, network: Any, head: Head, album: Album, source: Source) -> None:
        keras = load_keras()
        self._head, self._album, self._source = head, album, source
        self._model = model = _with_head(network, head, len(album.labels))
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
        """Learn once from some pictures, in this order; rate: by the share of them that is done."""
        seen, total = 0, np.zeros(2)
        for some, inputs in self._source.batches(rows, batch_size, number, label):
            seen += len(some)
            self._model.optimizer.learning_rate.assign(rate(seen / len(rows)))
            found = self._model.train_on_batch(inputs, self._album.label_of[some])
            total += np.array(found, float) * len(some)
        return Score(*(total / len(rows)).tolist())

    def score(self, rows: NDArray[np.int64], batch_size: int) -> Score:
        """Judge some pictures, as they are; nan without any."""
        targets = Targets.of(rows, [(int(k),) for k in self._album.label_of])
        logits = np.zeros((len(rows), len(self._album.labels)), np.float32)
        done = 0
        for some, inputs in self._source.batches(rows, batch_size, None, ""):
            logits[done : done + len(some)] = self._model.predict_on_batch(inputs)
            done += len(some)
        return targets.score(softmax(logits))

    def state(self) -> State:
        """Copy what training changes."""
        optimizer = self._model.optimizer.variables
        return _values(self._model.trainable_variables), _values(optimizer)

    def set_state(self, state: State) -> None:
        """Go back to a state; the rest is set, too, since a failed step may have lost it."""
        model = self._model
        for variables, values in (
            (model.trainable_variables, state[0]),
            (model.optimizer.variables, state[1]),
            (model.non_trainable_variables, self._frozen),
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    @property
    def head(self) -> Head:
        """The head as it is now."""
        kernel, bias = self._model.layers[-1].get_weights()
        mean, scale = self._head.mean, self._head.scale
        weights = kernel * scale[:, None]
        return Head(weights, bias - mean @ weights, mean, scale)


def _with_head(network: Any, head: Head, labels: int) -> Any:
    """Put a softmax head on a network, as good as the one that is given."""
    keras = load_keras()
    scaling = keras.layers.Rescaling(head.scale, -head.mean * head.scale, dtype="float32")
    dense = keras.layers.Dense(labels, dtype="float32")
    inputs = keras.Input(network.input.shape[1:], dtype=network.input.dtype)
    model = keras.Model(inputs, dense(scaling(_still(keras, network)(inputs))))
    dense.set_weights([head.weights / head.scale[:, None], head.bias + head.mean @ head.weights])
    return model


def _still(keras: Any, network: Any) -> Any:
    """Let norms keep their statistics and dropout rest while the network is trained.

    Few pictures make bad statistics. A model that is described with training=False would not do:
    when it is trained, Keras passes training=True on to all that it consists of.
    """

    class Still(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(dtype="float32")
            self.network = network

        def call(self, inputs: Any) -> Any:
            return self.network(inputs, training=False)

    return Still()


def _values(variables: Sequence[Any]) -> list[NDArray[Any]]:
    """Copy the numbers of variables of any backend."""
    return [np.array(load_keras().ops.convert_to_numpy(variable)) for variable in variables]


class Summaries:
    """Writes the curves of loss and accuracy below a folder, train/ and validation/.

    Raises ModelError if that cannot be written.
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
