"""ONNX graphs from strangers: only students, as `backbones/onnx.py` writes them, are loaded.

ONNX Runtime reads weights from other files if a graph names them, and computes anything that fits
in memory. A file is therefore decoded here first, by a schema without fields for such features, and
the shapes of all values are computed before ONNX Runtime loads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.graph_file import (
    BYTES,
    FLOAT,
    INTEGER,
    LARGEST_DESCRIPTION,
    MOST_NODES,
    NUMBERS,
    TEXT,
    Costs,
    Decoder,
    Field,
    Message,
    largest_batch,
    square_side,
)
from product_classifier.backbones.onnx import NOT_INSTALLED
from product_classifier.errors import FeatureError

OPSETS = range(18, 30)
# ONNX's number of a type → the type
TYPES: Mapping[int, np.dtype[Any]] = {1: np.dtype("<f4"), 7: np.dtype("<i8")}
DIMENSION = {1: Field("value", INTEGER), 2: Field("name", TEXT)}
TENSOR_TYPE = {
    1: Field("element", INTEGER),
    2: Field("shape", {1: Field("sides", DIMENSION, many=True)}),
}
VALUE = {1: Field("name", TEXT), 2: Field("type", {1: Field("tensor", TENSOR_TYPE)})}
CONSTANT = {
    1: Field("sides", INTEGER, many=True),
    2: Field("type", INTEGER),
    8: Field("name", TEXT),
    9: Field("numbers", NUMBERS),
}
ATTRIBUTE = {
    1: Field("name", TEXT),
    2: Field("float", FLOAT),
    3: Field("integer", INTEGER),
    4: Field("text", BYTES),
    8: Field("integers", INTEGER, many=True),
    20: Field("type", INTEGER),
}
NODE = {
    1: Field("inputs", TEXT, many=True),
    2: Field("outputs", TEXT, many=True),
    3: Field("name", TEXT),
    4: Field("kind", TEXT),
    5: Field("attributes", ATTRIBUTE, many=True),
    7: Field("domain", TEXT),
}
GRAPH = {
    1: Field("nodes", NODE, many=True),
    2: Field("name", TEXT),
    5: Field("constants", CONSTANT, many=True),
    11: Field("inputs", VALUE, many=True),
    12: Field("outputs", VALUE, many=True),
}
MODEL = {
    1: Field("version", INTEGER),
    **{number: Field(f"text{number}", TEXT) for number in (2, 3, 4, 6)},
    5: Field("model_version", INTEGER),
    7: Field("graph", GRAPH),
    8: Field("opsets", {1: Field("domain", TEXT), 2: Field("version", INTEGER)}, many=True),
}
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Shape = tuple[int, ...]


def load_onnx(data: bytes) -> tuple[int, int, Run]:
    """Load a graph; returns its pictures' side in pixels, the batch size, and the function.

    Raises ValueError for a graph of another network, and for one that costs too much.
    """
    side, batch_size = check_onnx(data)
    try:
        import onnxruntime
    except ImportError:
        raise FeatureError(NOT_INSTALLED) from None
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    [pictures], [output] = session.get_inputs(), session.get_outputs()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run([output.name], {pictures.name: batch})[0])

    return side, batch_size, run


def check_onnx(data: bytes) -> tuple[int, int]:
    """Return the side of a graph's pictures in pixels, and the batch size.

    Raises ValueError for anything but a student, with or without a softmax regression.
    """
    model = Decoder(LARGEST_DESCRIPTION).decode(memoryview(data), MODEL)
    [opset] = model["opsets"]
    graph = model["graph"]
    if opset.get("domain") or opset["version"] not in OPSETS:
        raise ValueError(
            f"the graph's operations are not of the versions {OPSETS[0]} to {OPSETS[-1]}"
        )
    if len(graph["nodes"]) > MOST_NODES:
        raise ValueError(
            f"the graph has {len(graph['nodes']):,} nodes; the limit is {MOST_NODES:,}"
        )
    [pictures], [_] = graph["inputs"], graph["outputs"]
    sides = pictures["type"]["tensor"]["shape"]["sides"]
    side = square_side([side.get("value", side.get("name")) for side in sides])
    constants = dict(map(_constant, graph["constants"]))
    if len(constants) < len(graph["constants"]) or pictures["name"] in constants:
        raise ValueError("two values of the graph have the same name")
    name, nodes = pictures["name"], graph["nodes"]
    batch_size, _ = largest_batch(lambda n: _check(nodes, constants, name, (n, side, side, 3)))
    return side, batch_size


def _check(
    nodes: Sequence[Message], constants: Mapping[str, NDArray[Any]], pictures: str, shape: Shape
) -> None:
    """Check the nodes and their costs for pictures of a shape. Raises ValueError."""
    costs = Costs(shape[0])
    shapes = {pictures: shape, **{name: array.shape for name, array in constants.items()}}
    for node in nodes:
        [output] = node["outputs"]
        if node.get("domain") or node["kind"] not in OPERATIONS:
            raise ValueError(f"the graph has {node['kind']}, which is not part of a student")
        if output in shapes:
            raise ValueError("two values of the graph have the same name")
        allowed, shape_of = OPERATIONS[node["kind"]]
        attributes = {attribute["name"]: attribute for attribute in node["attributes"]}
        if unknown := sorted(attributes.keys() - allowed):
            raise ValueError(f"a {node['kind']} of the graph has {unknown[0]}, unlike a student's")
        inputs = [shapes[name] for name in node["inputs"]]
        numbers = [constants.get(name) for name in node["inputs"]]
        shapes[output], work = shape_of(inputs, attributes, numbers)
        costs.add(shapes[output], work)


def _constant(constant: Message) -> tuple[str, NDArray[Any]]:
    """Return the name and the array of a constant."""
    kind, sides = TYPES.get(constant["type"]), constant["sides"]
    numbers = constant.get("numbers", b"")
    if kind is None or any(side < 0 for side in sides):
        raise ValueError("a constant of the graph has a bad type or shape")
    if math.prod(sides) * kind.itemsize != len(numbers):
        raise ValueError("a constant of the graph does not contain the numbers that it declares")
    return constant["name"], np.frombuffer(numbers, kind).reshape(sides)


Inputs = Sequence[Shape]
Attributes = Mapping[str, Mapping[str, Any]]
Numbers = Sequence[NDArray[Any] | None]  # values of the inputs; None for inputs not constant
ShapeAndWork = tuple[Shape, int]  # an operation's output shape and its multiplications


def _convolution(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    (count, channels, *sides), (outputs, taken, *kernel) = inputs[:2]
    if taken != channels or len(kernel) != 2 or inputs[2:] != [(outputs,)]:
        raise ValueError("a kernel of the graph does not match its input")
    shape = (count, outputs, *_strided(sides, attributes))
    return shape, math.prod(shape) * channels * math.prod(kernel)


def _pooling(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    [(count, channels, *sides)] = inputs
    window = attributes["kernel_shape"]["integers"]
    if len(window) != 2 or min(window) < 1:
        raise ValueError("a pooling window of the graph is not two positive numbers")
    shape = (count, channels, *_strided(sides, attributes))
    return shape, math.prod(shape) * min(math.prod(window), math.prod(sides))


def _strided(sides: Sequence[int], attributes: Attributes) -> Sequence[int]:
    strides = attributes["strides"]["integers"]
    if attributes["auto_pad"]["text"] != b"SAME_UPPER" or len(strides) != 2 or min(strides) < 1:
        raise ValueError("a convolution of the graph has other padding or strides than a student's")
    return [-(-side // stride) for side, stride in zip(sides, strides, strict=True)]


def _elementwise(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    shape = tuple(np.broadcast_shapes(*inputs))
    return shape, math.prod(shape)


def _mean(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    shape, [_, axes] = inputs[0], numbers
    if axes is None or attributes["keepdims"]["integer"]:
        raise ValueError("a mean of the graph is unlike a student's")
    averaged = {range(len(shape))[axis] for axis in axes.tolist()}
    return tuple(side for k, side in enumerate(shape) if k not in averaged), math.prod(shape)


def _transposed(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    [shape], order = inputs, attributes["perm"]["integers"]
    if sorted(order) != list(range(len(shape))):
        raise ValueError("a transposition of the graph does not match its input")
    return tuple(shape[k] for k in order), math.prod(shape)


def _flat(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    [(count, *sides)] = inputs
    return (count, math.prod(sides)), count * math.prod(sides)


def _joined(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    if any(len(shape) != 2 for shape in inputs) or attributes["axis"]["integer"] != 1:
        raise ValueError("a concatenation of the graph is not of lists of values")
    shape = inputs[0][0], sum(shape[1] for shape in inputs)
    return shape, math.prod(shape)


def _product(inputs: Inputs, attributes: Attributes, numbers: Numbers) -> ShapeAndWork:
    (count, width), (taken, outputs) = inputs[:2]
    if width != taken or any(shape != (outputs,) for shape in inputs[2:]):
        raise ValueError("weights of the graph do not match their input")
    return (count, outputs), count * width * outputs


Operation = tuple[set[str], Callable[[Inputs, Attributes, Numbers], ShapeAndWork]]
OPERATIONS: Mapping[str, Operation] = {  # kind → allowed attributes, and the output's shape
    "Conv": ({"auto_pad", "strides"}, _convolution),
    "AveragePool": ({"auto_pad", "strides", "kernel_shape"}, _pooling),
    "Relu": (set(), _elementwise),
    "Softmax": ({"axis"}, _elementwise),
    "Add": (set(), _elementwise),
    "Sub": (set(), _elementwise),
    "Mul": (set(), _elementwise),
    "ReduceMean": ({"keepdims"}, _mean),
    "Transpose": ({"perm"}, _transposed),
    "Flatten": (set(), _flat),
    "Concat": ({"axis"}, _joined),
    "Gemm": (set(), _product),
    "MatMul": (set(), _product),
}
