"""The student as a Keras model: `forward`, with batch norms that are folded after training."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from product_classifier.backbones.keras_networks import policy_name
from product_classifier.backbones.runtime import keras_runs_on_tensorflow, load_keras, tensorflow
from product_classifier.backbones.student import Shape, Student, forward, kernel_shapes

MOMENTUM = 0.98  # of the norms' running statistics
KERNEL_SIZE = 0.1  # root mean square of its values, after some epochs
TINY = 1e-6  # least root mean square: a kernel may be all zeros


def new_keras_student(
    shape: Shape, precision: str, seed: int = 0, with_layouts: bool = False
) -> Any:
    """Return an untrained student: uint8 pictures [n, height, width, 3] → float32 [n, outputs].

    precision: of the arithmetic, 'float32' or 'bfloat16'; weights are float32. with_layouts: append
    the layouts to the outputs, as a backbone does; the input then has the student's size.
    """
    keras = load_keras()
    keras.utils.set_random_seed(seed)
    policy = policy_name(precision)
    norm = _norm_layer()

    class Keras:
        def convolve(self, x: Any, name: str, outputs: int, side: int, stride: int) -> Any:
            # a residual block begins as the identity
            scale = "zeros" if name.endswith("_second") else "ones"
            x = keras.layers.Conv2D(
                outputs, side, stride, "same", use_bias=False, name=name, dtype=policy
            )(x)
            return norm(momentum=MOMENTUM, gamma_initializer=scale, name=_norm(name), dtype=policy)(
                x
            )

        def relu(self, x: Any) -> Any:
            return keras.layers.ReLU(dtype=policy)(x)

        def add(self, x: Any, y: Any) -> Any:
            return keras.layers.Add(dtype=policy)([x, y])

        def mean(self, x: Any) -> Any:
            return keras.layers.GlobalAveragePooling2D(dtype="float32")(x)

        def layout(self, x: Any, side: int) -> Any:
            if not with_layouts:  # the teacher has none to learn from
                return None
            x = keras.layers.AveragePooling2D(side, side, "same", dtype="float32")(x)
            return keras.layers.Flatten(dtype="float32")(x)

    side = shape.size if with_layouts else None
    pictures = keras.Input((side, side, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 127.5, -1, dtype="float32")(pictures)
    what, where = forward(shape, Keras(), scaled)
    if with_layouts and where:
        what = keras.layers.Concatenate(dtype="float32")([what, *where])
    return keras.Model(pictures, what)


def folded(model: Any, shape: Shape) -> Student:
    """Return the student with each norm folded into the convolution before it; same outputs."""
    student = Student(shape=shape, kernels={}, biases={}, means={}, deviations={})
    for name in kernel_shapes(shape):
        norm = model.get_layer(_norm(name))
        [kernel] = model.get_layer(name).get_weights()
        gamma, beta, mean, variance = norm.get_weights()
        scale = gamma / np.sqrt(variance + norm.epsilon)
        student.kernels[name] = kernel * scale
        student.biases[name] = beta - mean * scale
        student.means[name] = mean * scale
        student.deviations[name] = np.abs(scale) * np.sqrt(variance)
    return student


def load_student(student: Student, model: Any) -> None:
    """Load a student's weights into the Keras model, which then has the student's outputs.

    The norm after a convolution cancels the size of the kernel's values, but the size decides how
    fast training changes them. Kernels are therefore scaled to KERNEL_SIZE, as after some epochs.
    """
    for name, kernel in student.kernels.items():
        norm = model.get_layer(_norm(name))
        size = np.sqrt(np.square(kernel).mean(axis=(0, 1, 2)))
        scale = np.maximum(size, TINY) / KERNEL_SIZE
        mean, deviation = student.means[name] / scale, student.deviations[name] / scale
        gamma = scale * np.sqrt(deviation**2 + norm.epsilon)
        beta = student.biases[name] + student.means[name]
        model.get_layer(name).set_weights([kernel / scale])
        norm.set_weights([gamma, beta, mean, deviation**2])


def blocks(model: Any, shape: Shape) -> list[list[Any]]:
    """Return the layers by block: the stem, then each stage; the head is part of the last stage."""
    groups: list[list[Any]] = [[] for _ in range(1 + len(shape.depths))]
    for name in kernel_shapes(shape):
        stage = re.match(r"stage(\d+)_", name)
        which = int(stage[1]) + 1 if stage else {"stem": 0, "head": -1}[name]
        groups[which] += [model.get_layer(name), model.get_layer(_norm(name))]
    return groups


def _norm(name: str) -> str:
    return f"{name}_norm"


def _norm_layer() -> Any:
    """Return Keras' batch norm, or on TensorFlow a fused one that trains twice as fast.

    Keras 3 computes the norm in a dozen element-wise operations, TensorFlow's fused one in one.
    """
    import keras

    if not keras_runs_on_tensorflow():
        return keras.layers.BatchNormalization
    tf = tensorflow()

    class FusedNorm(keras.layers.BatchNormalization):  # type: ignore[misc]
        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            if not training:
                return super().call(inputs, training=training, mask=mask)
            empty = tf.zeros((0,))
            outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
                x=inputs,
                scale=tf.cast(self.gamma, tf.float32),
                offset=tf.cast(self.beta, tf.float32),
                mean=empty,
                variance=empty,
                epsilon=self.epsilon,
                is_training=True,
            )
            for running, latest in ((self.moving_mean, mean), (self.moving_variance, variance)):
                running.assign(running * self.momentum + latest * (1 - self.momentum))
            return outputs

    return FusedNorm
