"""Students without TensorFlow: the same network in ONNX, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.student import Student, forward
from product_classifier.errors import FeatureError

OPSET = 18
NOT_INSTALLED = "ONNX or ONNX Runtime is not installed; pip install -r requirements-onnx.txt"


class Softmax(NamedTuple):
    """A softmax regression on bottlenecks."""

    weights: NDArray[np.float32]  # [bottleneck, classes]
    bias: NDArray[np.float32]  # [classes]
    name: str  # of the output, the probabilities


def onnx_model(student: Student, softmax: Softmax | None = None) -> Any:
    """Return a student as an ONNX model: images [n, size, size, 3] in [0, 1] → bottlenecks.

    With a softmax regression, its probabilities are the output instead. Raises FeatureError if ONNX
    is not installed.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError:
        raise FeatureError(NOT_INSTALLED) from None

    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(name: str, values: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        output = name or f"{kind.lower()}{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    class Onnx:
        def convolve(self, x: str, name: str, outputs: int, side: int, stride: int) -> str:
            kernel = constant(f"{name}_kernel", student.kernels[name].transpose(3, 2, 0, 1))
            bias = constant(f"{name}_bias", student.biases[name])
            # SAME_UPPER pads like TensorFlow's 'SAME'
            strides = [stride, stride]
            return node("Conv", x, kernel, bias, name=name, auto_pad="SAME_UPPER", strides=strides)

        def relu(self, x: str) -> str:
            return node("Relu", x)

        def add(self, x: str, y: str) -> str:
            return node("Add", x, y)

        def mean(self, x: str) -> str:
            axes = constant("height_and_width", np.array([2, 3], np.int64))
            return node("ReduceMean", x, axes, keepdims=0)

        def layout(self, x: str, side: int) -> str:
            square = [side, side]
            x = node("AveragePool", x, auto_pad="SAME_UPPER", kernel_shape=square, strides=square)
            return node("Flatten", node("Transpose", x, perm=[0, 2, 3, 1]))

    size = student.shape.size
    two, one = constant("two", np.array(2, np.float32)), constant("one", np.array(1, np.float32))
    pictures = node("Sub", node("Mul", "images", two), one)
    features, layouts = forward(
        student.shape, Onnx(), node("Transpose", pictures, perm=[0, 3, 1, 2])
    )
    last = node("Concat", features, *layouts, name="bottlenecks", axis=1)
    if softmax:
        weights, bias = constant("W", softmax.weights), constant("b", softmax.bias)
        logits = node("Gemm", last, weights, bias)
        last = node("Softmax", logits, name=softmax.name, axis=1)
    kind = onnx.TensorProto.FLOAT
    images = helper.make_tensor_value_info("images", kind, ["n", size, size, 3])
    output = helper.make_tensor_value_info(last, kind, ["n", "values"])
    graph = helper.make_graph(nodes, "student", [images], [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def onnx_embed(student: Student) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return a student's function, run by ONNX Runtime. Raises FeatureError if not installed."""
    try:
        import onnxruntime
    except ImportError:
        raise FeatureError(NOT_INSTALLED) from None
    model = onnx_model(student).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(["bottlenecks"], {"images": pictures})[0])

    return embed
