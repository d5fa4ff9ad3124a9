"""Frozen TensorFlow graphs from strangers: only graphs of image networks are loaded.

A graph is a program: its operations must be on a fixed list, without state, functions or loops. It
is rebuilt node by node in topological order. TensorFlow infers the shape of each node's output
before anything is computed, and a graph that costs too much is refused at the first such node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
    Costs,
    Decoder,
    Field,
    Schema,
    largest_batch,
    square_side,
)
from product_classifier.backbones.runtime import tensorflow

# operations whose output shares the memory of their input
ALIASES = frozenset({"Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims"})
OPERATIONS = ALIASES | frozenset(
    {
        *("Add", "AddN", "AddV2", "AvgPool", "BiasAdd", "Cast", "Concat", "ConcatV2", "Const"),
        *("Conv2D", "DepthwiseConv2dNative", "Elu", "Erf", "Exp", "FusedBatchNorm"),
        *("FusedBatchNormV2", "FusedBatchNormV3", "LeakyRelu", "LRN", "MatMul", "Max", "MaxPool"),
        *("Maximum", "Mean", "Min", "Minimum", "Mul", "Neg", "NoOp", "Pack", "Pad", "Placeholder"),
        *("RealDiv", "Relu", "Relu6", "Rsqrt", "Selu", "Shape", "Sigmoid", "Softmax", "Softplus"),
        *("Sqrt", "Square", "SquaredDifference", "StridedSlice", "Sub", "Sum", "Tanh", "Transpose"),
    }
)
TYPES = ("float32", "float16", "bfloat16", "int32", "int64", "bool")
LARGEST_REPEATED = 1_000_000  # values of a constant that the file stores as one repeated value
TENSOR: Schema = {
    1: Field("type", INTEGER),
    2: Field("shape", BYTES),
    3: Field("version", INTEGER),
    4: Field("content", NUMBERS),
    **{number: Field(f"values{number}", BYTES, many=True) for number in range(5, 19)},
}
VALUE: Schema = {
    **{number: Field(f"value{number}", BYTES) for number in (1, 2, 7, 9, 10)},
    **{number: Field(f"value{number}", INTEGER) for number in (3, 5, 6)},
    4: Field("value4", FLOAT),
    8: Field("tensor", TENSOR),
}
NODE: Schema = {
    **{number: Field(f"field{number}", BYTES) for number in (1, 2, 4, 6, 7)},
    3: Field("inputs", BYTES, many=True),
    5: Field("attributes", {1: Field("key", BYTES), 2: Field("value", VALUE)}, many=True),
}
GRAPH: Schema = {
    1: Field("nodes", NODE, many=True),
    2: Field("library", BYTES),
    3: Field("version", INTEGER),
    4: Field("versions", BYTES),
}
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def load_tensorflow(data: bytes) -> tuple[int, int, Run]:
    """Load a graph; returns its pictures' side in pixels, the batch size, and the function.

    Raises ValueError for operations that are not on the list, and for a graph that costs too much.
    """
    Decoder(LARGEST_DESCRIPTION).decode(memoryview(data), GRAPH)
    tf = tensorflow()
    graph = tf.compat.v1.GraphDef.FromString(data)
    nodes = _nodes(graph)
    pictures = [node for node in nodes.values() if node.op == "Placeholder"]
    used = {name for node in nodes.values() for name, _ in map(_source, node.input)}
    last = [node for node in nodes.values() if node.name not in used and node.op != "NoOp"]
    if len(pictures) != 1 or len(last) != 1:
        raise ValueError(
            f"the graph has {len(pictures)} inputs and {len(last)} outputs, not one of each"
        )
    order = _topological_order(nodes, last[0].name)
    side = square_side([dim.size for dim in pictures[0].attr["shape"].shape.dim])
    batch_size, rebuilt = largest_batch(lambda size: _checked(order, size))
    program = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(rebuilt, name=""), [])
    names = [f"n{order.index(node)}:0" for node in (*pictures, *last)]
    classify = program.prune(*names)

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(classify(tf.constant(batch)))

    return side, batch_size, run


def _nodes(graph: Any) -> Mapping[str, Any]:
    """Return the nodes of a graph by name. Raises ValueError for an operation not on the list."""
    if len(graph.node) > MOST_NODES:
        raise ValueError(f"the graph has {len(graph.node):,} nodes; the limit is {MOST_NODES:,}")
    if len(graph.library.function) or len(graph.library.gradient):
        raise ValueError("the graph has functions of its own")
    for node in graph.node:
        if node.op not in OPERATIONS:
            raise ValueError(f"the graph has {node.op}, which is not part of an image network")
    nodes = {node.name: node for node in graph.node}
    if len(nodes) < len(graph.node):
        raise ValueError("two nodes of the graph have the same name")
    return nodes


def _source(text: str) -> tuple[str, int]:
    """Return the node, and the number of its output, that an input refers to."""
    name, _, number = text.removeprefix("^").partition(":")
    return name, int(number or 0)


def _topological_order(nodes: Mapping[str, Any], last: str) -> list[Any]:
    """Return the last node and all nodes that it depends on, each after its inputs."""
    order: list[Any] = []
    done: dict[str, bool] = {}  # False: the node waits for its inputs
    waiting = [last]
    while waiting:
        name = waiting[-1]
        if done.get(name):
            waiting.pop()
            continue
        if name not in nodes:
            raise ValueError("an input in the graph is missing")
        sources = [source for source, _ in map(_source, _data(nodes[name]))]
        sources = [source for source in sources if not done.get(source)]
        if sources and name in done:
            raise ValueError("the graph has a cycle")
        done[name] = not sources
        if sources:
            waiting += sources
        else:
            order.append(nodes[name])
    return order


def _data(node: Any) -> list[str]:
    """Return a node's data inputs; control inputs have no effect in a graph without state."""
    return [name for name in node.input if not name.startswith("^")]


def _checked(order: list[Any], batch_size: int) -> Any:
    """Return a graph of the same nodes, named n0, n1, …, for batches of a fixed size.

    Raises ValueError if a tensor's shape or type is unknown, TooLargeError if the costs are too
    high.
    """
    tf = tensorflow()
    costs, rebuilt = Costs(batch_size), _empty_graph()
    numbers: dict[str, int] = {}
    variable: set[str] = set()  # nodes that depend on the pictures
    with tf.Graph().as_default() as scratch:
        for number, node in enumerate(order):
            sources = [_source(name) for name in _data(node)]
            names = [f"n{numbers[name]}:{output}" for name, output in sources]
            inputs = [scratch.get_tensor_by_name(name) for name in names]
            single = _empty_graph()
            single.node.append(_copied(node, f"n{number}", names, batch_size))
            rebuilt.node.append(single.node[0])
            single.node[0].input[:] = [f"in{k}" for k in range(len(inputs))]
            input_map = {f"in{k}:0": tensor for k, tensor in enumerate(inputs)}
            tf.import_graph_def(single, input_map=input_map, name="")
            numbers[node.name] = number
            if node.op == "Placeholder" or any(name in variable for name, _ in sources):
                variable.add(node.name)
            for tensor in scratch.get_operation_by_name(f"n{number}").outputs:
                if not tensor.shape.is_fully_defined() or tensor.dtype.name not in TYPES:
                    raise ValueError(f"the output of a {node.op} has an unknown shape or type")
                if node.op not in ALIASES:
                    shape = tensor.shape.as_list()
                    work = _multiplications(node, inputs, shape)
                    costs.add(shape, work, constant=node.name not in variable)
    return rebuilt


def _empty_graph() -> Any:
    tf = tensorflow()
    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = tf.version.GRAPH_DEF_VERSION
    return graph


def _copied(node: Any, name: str, inputs: list[str], batch_size: int) -> Any:
    """Return a copy of a node. Raises ValueError for a constant that is not fully in the file."""
    copy = type(node)(name=name, op=node.op, input=inputs)
    for key, value in node.attr.items():
        if not key.startswith("_"):
            copy.attr[key].CopyFrom(value)
    if node.op == "Placeholder":
        copy.attr["shape"].shape.dim[0].size = batch_size
    if node.op == "Const":
        tensor = copy.attr["value"].tensor
        sides = [dim.size for dim in tensor.tensor_shape.dim]
        repeated = not tensor.tensor_content and math.prod(sides) > LARGEST_REPEATED
        if copy.attr["dtype"].type != tensor.dtype:  # TensorFlow would end the process
            raise ValueError("a constant of the graph has another type than it declares")
        if any(side < 0 for side in sides) or repeated:
            raise ValueError(
                "a constant of the graph does not contain the numbers that it declares"
            )
    return copy


def _multiplications(node: Any, inputs: list[Any], shape: list[int]) -> int:
    """Return an estimate of the multiplications for an output of a shape."""
    sizes = [math.prod(tensor.shape.as_list()) for tensor in inputs]
    values, each = math.prod(shape), 1
    if node.op == "Conv2D":
        each = sizes[1] // max(inputs[1].shape[-1], 1)
    elif node.op == "DepthwiseConv2dNative":
        each = math.prod(inputs[1].shape.as_list()[:2])
    elif node.op == "MatMul":
        each = sizes[0] // max(shape[0], 1)
    elif node.op in ("AvgPool", "MaxPool"):
        each = min(math.prod(node.attr["ksize"].list.i), sizes[0])
    elif node.op == "LRN":
        each = min(2 * node.attr["depth_radius"].i + 1, shape[-1])
    return int(values * max(each, 1) + sum(sizes))
