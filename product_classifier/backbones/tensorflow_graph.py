"""A frozen graph of TensorFlow's from elsewhere: what networks of pictures consist of is loaded.

A graph is a program, so that its operations come from a fixed list, without state, functions or
loops. It is built anew node by node in the order of its data: TensorFlow tells the shape of what a
node gives before it is computed, and no node is added to one that would take too much.
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

ALIASES = frozenset({"Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims"})  # of their input
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
LARGEST_REPEATED = 1_000_000  # values of a constant that the file does not hold one by one
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
    """Load a graph: its pictures' side in pixels, how many it takes at once, and what runs it.

    Raises ValueError for operations that do more than compute, and for what would take too much.
    """
    Decoder(LARGEST_DESCRIPTION).decode(memoryview(data), GRAPH)
    tf = tensorflow()
    graph = tf.compat.v1.GraphDef.FromString(data)
    nodes = _nodes(graph)
    pictures = [node for node in nodes.values() if node.op == "Placeholder"]
    used = {name for node in nodes.values() for name, _ in map(_source, node.input)}
    last = [node for node in nodes.values() if node.name not in used and node.op != "NoOp"]
    if len(pictures) != 1 or len(last) != 1:
        raise ValueError(f"it has {len(pictures)} inputs and {len(last)} outputs, not one of each")
    order = _in_order(nodes, last[0].name)
    side = square_side([dim.size for dim in pictures[0].attr["shape"].shape.dim])
    batch_size, plain = largest_batch(lambda size: _checked(order, size))
    built = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(plain, name=""), [])
    names = [f"n{order.index(node)}:0" for node in (*pictures, *last)]
    classify = built.prune(*names)

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(classify(tf.constant(batch)))

    return side, batch_size, run


def _nodes(graph: Any) -> Mapping[str, Any]:
    """List the nodes of a graph by name, all of them of known operations."""
    if len(graph.node) > MOST_NODES:
        raise ValueError(f"it has {len(graph.node):,} nodes; {MOST_NODES:,} are the most")
    if len(graph.library.function) or len(graph.library.gradient):
        raise ValueError("it holds functions of its own")
    for node in graph.node:
        if node.op not in OPERATIONS:
            raise ValueError(f"it holds {node.op}, which is no part of a network of pictures")
    nodes = {node.name: node for node in graph.node}
    if len(nodes) < len(graph.node):
        raise ValueError("two of its nodes have the same name")
    return nodes


def _source(text: str) -> tuple[str, int]:
    """Tell the node and the number of the output that an input comes from."""
    name, _, number = text.removeprefix("^").partition(":")
    return name, int(number or 0)


def _in_order(nodes: Mapping[str, Any], last: str) -> list[Any]:
    """List what the last node is computed from, each after its inputs."""
    order: list[Any] = []
    done: dict[str, bool] = {}  # False: it waits for its inputs
    waiting = [last]
    while waiting:
        name = waiting[-1]
        if done.get(name):
            waiting.pop()
            continue
        if name not in nodes:
            raise ValueError("an input in it is not there")
        before = [source for source, _ in map(_source, _data(nodes[name])) if not done.get(source)]
        if before and name in done:
            raise ValueError("it runs in a circle")
        done[name] = not before
        if before:
            waiting += before
        else:
            order.append(nodes[name])
    return order


def _data(node: Any) -> list[str]:
    """List a node's inputs; those that only say what comes first mean nothing without a state."""
    return [name for name in node.input if not name.startswith("^")]


def _checked(order: list[Any], batch_size: int) -> Any:
    """Return a graph of the same nodes, named n0, n1, …, for batches of one size.

    Raises ValueError where the shapes of its tensors are not known, TooLargeError where they are
    too large.
    """
    tf = tensorflow()
    costs, whole = Costs(batch_size), _empty_graph()
    places: dict[str, int] = {}
    seen: set[str] = set()  # nodes that depend on the pictures
    with tf.Graph().as_default() as scratch:
        for number, node in enumerate(order):
            sources = [_source(name) for name in _data(node)]
            names = [f"n{places[name]}:{output}" for name, output in sources]
            inputs = [scratch.get_tensor_by_name(name) for name in names]
            alone = _empty_graph()
            alone.node.append(_plain(node, f"n{number}", names, batch_size))
            whole.node.append(alone.node[0])
            alone.node[0].input[:] = [f"in{k}" for k in range(len(inputs))]
            given = {f"in{k}:0": tensor for k, tensor in enumerate(inputs)}
            tf.import_graph_def(alone, input_map=given, name="")
            places[node.name] = number
            if node.op == "Placeholder" or any(name in seen for name, _ in sources):
                seen.add(node.name)
            for tensor in scratch.get_operation_by_name(f"n{number}").outputs:
                if not tensor.shape.is_fully_defined() or tensor.dtype.name not in TYPES:
                    raise ValueError(f"the shape or type of what its {node.op} gives is not known")
                if node.op not in ALIASES:
                    shape = tensor.shape.as_list()
                    work = _multiplications(node, inputs, shape)
                    costs.add(shape, work, constant=node.name not in seen)
    return whole


def _empty_graph() -> Any:
    tf = tensorflow()
    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = tf.version.GRAPH_DEF_VERSION
    return graph


def _plain(node: Any, name: str, inputs: list[str], batch_size: int) -> Any:
    """Copy what a node computes; raises ValueError where its constant is not whole in the file."""
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
        if copy.attr["dtype"].type != tensor.dtype:  # which would end the process
            raise ValueError("a constant in it is of another type than it declares")
        if any(side < 0 for side in sides) or repeated:
            raise ValueError("a constant in it does not hold the numbers that it declares")
    return copy


def _multiplications(node: Any, inputs: list[Any], shape: list[int]) -> int:
    """Estimate what an output of a shape takes to compute."""
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
