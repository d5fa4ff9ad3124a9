"""Hostile graphs for --filter-images in ONNX and of TensorFlow, and the labels beside them."""

from __future__ import annotations

import functools
import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from product_classifier.backbones import labels_beside
from product_classifier.backbones.exported_classifier import load_classifier, read_classifier
from product_classifier.backbones.onnx import Softmax, onnx_model
from product_classifier.backbones.runtime import tensorflow
from tests.backbones.test_student import TINY, random_student
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, changed_bytes

pytestmark = pytest.mark.slow
WIDTH = TINY.outputs + 4 * 4 + 5  # of the tiny student's bottlenecks
SIDES = (0, 1, 2, 3, 5, 9, 64, 1_000, 10**6, 2**31, 2**62, -1, -(2**31), 9, 9)
ONNX_KINDS = (
    *(
        "Loop",
        "If",
        "Scan",
        "Tile",
        "Expand",
        "ConstantOfShape",
        "Resize",
        "Einsum",
        "RandomNormal",
    ),
    *(
        "Conv",
        "Relu",
        "Add",
        "Concat",
        "Flatten",
        "Transpose",
        "MatMul",
        "Gemm",
        "Softmax",
        "Range",
    ),
)
TENSORFLOW_KINDS = (
    *("ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "While", "StatelessWhile", "PrintV2"),
    *("PartitionedCall", "Fill", "Tile", "BroadcastTo", "Range", "RandomUniform", "NoSuchThing"),
    *("LookupTableFindV2", "HashTableV2", "ParseTensor", "DecodePng", "VarHandleOp", "Assert"),
    *("Conv2D", "MatMul", "Pad", "Reshape", "AddV2", "Mul", "Mean", "AvgPool", "ConcatV2", "Cast"),
    *("Pack", "StridedSlice", "Shape", "Squeeze", "Transpose", "IdentityN", "LRN", "MaxPool"),
    *(
        "Softmax",
        "Max",
        "FusedBatchNormV3",
        "DepthwiseConv2dNative",
        "Relu",
        "Placeholder",
        "Const",
    ),
)


def read(path: Path) -> None:
    """Read a graph and its labels as --filter-images does, and apply it to pictures."""
    classifier = read_classifier(path)
    classifier.column(classifier.labels[-1])
    network = load_classifier(classifier)
    network.embed(np.ones((network.batch_size, network.size, network.size, 3), np.float32))


@functools.cache
def valid_onnx() -> bytes:
    chance = np.random.default_rng(0)
    weights = chance.normal(0, 0.1, (WIDTH, 2)).astype(np.float32)
    softmax = Softmax(weights, np.zeros(2, np.float32), "final_result")
    return bytes(onnx_model(random_student(), softmax).SerializeToString())


@functools.cache
def valid_tensorflow() -> bytes:
    """Write a graph of the operations in Keras networks, for pictures of 9 pixels."""
    tf = tensorflow()
    chance = np.random.default_rng(0)
    with tf.Graph().as_default() as graph:
        pictures = tf.compat.v1.placeholder(tf.float32, [None, 9, 9, 3], "images")
        x = tf.pad(pictures * 2.0 - 1.0, [[0, 0], [1, 1], [1, 1], [0, 0]])
        x = tf.nn.conv2d(x, chance.random((3, 3, 3, 4), np.float32), 2, "VALID")
        x = tf.nn.relu6(tf.nn.bias_add(x, np.zeros(4, np.float32)))
        kernel = chance.random((3, 3, 4, 1), np.float32)
        y = tf.raw_ops.DepthwiseConv2dNative(
            input=x, filter=kernel, strides=[1] * 4, padding="SAME"
        )
        x = tf.concat([tf.nn.max_pool2d(x, 3, 1, "SAME"), tf.nn.avg_pool2d(y, 3, 1, "SAME")], 3)
        x = tf.reshape(x, [tf.shape(x)[0], 1, 25, 8]) * tf.math.rsqrt(np.full(8, 4, np.float32))
        x = tf.reduce_mean(tf.squeeze(x, [1]), [1])
        x = tf.matmul(x, tf.identity(chance.random((8, 2), np.float32))) + np.ones(2, np.float32)
        tf.nn.softmax(x, name="final_result")
    return bytes(graph.as_graph_def().SerializeToString())


def write(folder: Path, suffix: str, data: bytes) -> Path:
    path = folder / f"zoom{suffix}"
    path.write_bytes(data)
    labels_beside(path).write_text("normal\nzoomed\n")
    return path


def warm_up_onnx(folder: Path) -> None:
    read(write(folder, ".onnx", valid_onnx()))


def warm_up_tensorflow(folder: Path) -> None:
    read(write(folder, ".pb", valid_tensorflow()))


def hostile_onnx(chance: random.Random, folder: Path) -> Path:
    model = onnx.ModelProto.FromString(valid_onnx())
    for _ in range(chance.choice([0, 1, 1, 2])):
        chance.choice(ONNX_CHANGES)(chance, model)
    return hostile_file(chance, folder, ".onnx", model.SerializeToString())


def hostile_tensorflow(chance: random.Random, folder: Path) -> Path:
    graph = tensorflow().compat.v1.GraphDef.FromString(valid_tensorflow())
    for _ in range(chance.choice([0, 1, 1, 2])):
        chance.choice(TENSORFLOW_CHANGES)(chance, graph)
    return hostile_file(chance, folder, ".pb", graph.SerializeToString())


def hostile_file(chance: random.Random, folder: Path, suffix: str, data: bytes) -> Path:
    if chance.random() < 0.3:
        data = changed_bytes(chance, data)
    if chance.random() < 0.02:
        data += b"\x0a\x00" * 5_000_000  # millions of empty nodes
    path = write(folder, suffix, data)
    if chance.random() < 0.1:
        labels = [chance.choice(TEXTS)[:99] for _ in range(chance.choice([1, 2, 2, 3]))]
        labels_beside(path).write_bytes("\n".join(labels).encode(errors="surrogatepass"))
    return path


def change_kind(chance: random.Random, model: Any) -> None:
    chance.choice(model.graph.node).op_type = chance.choice(ONNX_KINDS)


def change_attribute(chance: random.Random, model: Any) -> None:
    node = chance.choice(model.graph.node)
    value: Any = chance.choice([
        chance.choice(SIDES),
        [chance.choice(SIDES) for _ in range(chance.choice([1, 2, 2, 4]))],
        chance.choice(["SAME_UPPER", "VALID", "NOTSET", "\ud83d".encode(errors="replace")]),
        0.5,
        onnx.GraphProto(),
    ])  # fmt: skip
    known = [attribute.name for attribute in node.attribute]
    name = chance.choice([*known, *known, "group", "dilations", "pads", "kernel_shape", "axis"])
    if name in known:
        node.attribute.remove(node.attribute[known.index(name)])
    node.attribute.append(onnx.helper.make_attribute(name, value))


def change_constant(chance: random.Random, model: Any) -> None:
    """Change the declaration of a constant, or move its numbers to another file."""
    constant = chance.choice(model.graph.initializer)
    how = chance.randrange(5)
    if how == 0 and constant.dims:
        constant.dims[chance.randrange(len(constant.dims))] = chance.choice(SIDES)
    elif how == 1:
        constant.data_type = chance.randrange(20)
    elif how == 2:
        constant.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", "../../../../etc/passwd"), ("offset", "0")):
            constant.external_data.add(key=key, value=value)
        if chance.random() < 0.5:
            constant.raw_data = b""
    elif how == 3:
        number = chance.choice([np.nan, np.inf, 3e38, -1e30, 1e-40])
        constant.raw_data = np.full(len(constant.raw_data) // 4, number, "<f4").tobytes()
    else:
        constant.name = chance.choice([*TEXTS[:8], "images", "W"]).replace("\ud83d", "")


def change_wires(chance: random.Random, model: Any) -> None:
    node, other = chance.choice(model.graph.node), chance.choice(model.graph.node)
    names = node.input if chance.random() < 0.8 else node.output
    if names:
        names[chance.randrange(len(names))] = chance.choice([*other.output, *other.input, "", "W"])


def change_pictures(chance: random.Random, model: Any) -> None:
    sides = model.graph.input[0].type.tensor_type.shape.dim
    if chance.random() < 0.5:
        sides[1].dim_value = sides[2].dim_value = chance.choice(SIDES)
    else:
        sides[chance.randrange(4)].dim_value = chance.choice(SIDES)


def grow(chance: random.Random, model: Any) -> None:
    """Let values grow from node to node, as an outer product of an outer product does."""
    nodes = model.graph.node
    last = nodes[-2].output[0]
    for k in range(chance.choice([1, 5, 40])):
        kind, inputs = chance.choice(
            [("Concat", [last] * 40), ("Mul", [last, "W"]), ("Gemm", [last] * 2)]
        )
        options: dict[str, Any] = {"axis": 1} if kind == "Concat" else {}
        nodes.insert(len(nodes) - 1, onnx.helper.make_node(kind, inputs, [f"big{k}"], **options))
        last = f"big{k}"
    nodes[-1].input[0] = last


def add_more(chance: random.Random, model: Any) -> None:
    """Add a function, training, metadata, an operation of another domain or another version."""
    how = chance.randrange(5)
    if how == 0:
        model.functions.add(name="f", domain="custom")
    elif how == 1:
        model.metadata_props.add(key="ort_config", value="{}")
    elif how == 2:
        chance.choice(model.graph.node).domain = "com.microsoft"
    elif how == 3:
        model.opset_import[0].version = chance.choice([0, 1, 7, 13, 18, 999, 2**40])
    else:
        model.ir_version = chance.choice([0, 3, 999])


ONNX_CHANGES = (
    *(change_kind, change_attribute, change_attribute, change_constant, change_constant),
    *(change_wires, change_pictures, grow, add_more),
)


def change_operation(chance: random.Random, graph: Any) -> None:
    chance.choice(graph.node).op = chance.choice(TENSORFLOW_KINDS)


def change_value(chance: random.Random, graph: Any) -> None:
    """Change a constant or its declared size."""
    constants = [node for node in graph.node if node.op == "Const"]
    if not constants:
        return
    tensor = chance.choice(constants).attr["value"].tensor
    how = chance.randrange(5)
    if how == 0:
        tensor.tensor_shape.dim.add(size=chance.choice(SIDES))
    elif how == 1 and tensor.tensor_shape.dim:
        chance.choice(tensor.tensor_shape.dim).size = chance.choice(SIDES)
    elif how == 2:
        tensor.dtype = chance.choice([0, 1, 2, 3, 7, 9, 19, 20, 21, 23, 101, 999])
    elif how == 3:
        kind = "<i4" if tensor.dtype == 3 else "<f4"
        number = chance.choice([0, -1, 1, 7, 10**6, 2**31 - 1])
        count = len(tensor.tensor_content) // 4
        tensor.tensor_content = np.full(count, number, kind).tobytes()
        tensor.int_val[:] = [number] * len(tensor.int_val)
    else:
        tensor.ClearField("tensor_content")


def change_option(chance: random.Random, graph: Any) -> None:
    node = chance.choice(graph.node)
    name = chance.choice([*node.attr, "T", "strides", "padding", "_XlaMustCompile", "device"])
    how, value = chance.randrange(6), node.attr[name]
    if how == 0:
        value.type = chance.choice([0, 1, 2, 3, 4, 7, 9, 10, 14, 19, 20, 23, 999])
    elif how == 1:
        value.list.i[:] = [chance.choice(SIDES) for _ in range(chance.choice([1, 4, 4, 8]))]
    elif how == 2:
        value.s = chance.choice([b"SAME", b"VALID", b"EXPLICIT", b"NCHW", b"NHWC", b"\xff"])
    elif how == 3:
        value.i = chance.choice(SIDES)
    elif how == 4:
        value.func.name = "f"
    else:
        value.b = chance.random() < 0.5


def change_inputs(chance: random.Random, graph: Any) -> None:
    node, other = chance.choice(graph.node), chance.choice(graph.node)
    name = chance.choice(["", "^"]) + other.name + chance.choice(["", "", ":0", ":1", ":-1", ":x"])
    if node.input and chance.random() < 0.7:
        node.input[chance.randrange(len(node.input))] = name
    else:
        node.input.append(name)


def change_sides(chance: random.Random, graph: Any) -> None:
    pictures = next((node for node in graph.node if node.op == "Placeholder"), graph.node[0])
    sides = pictures.attr["shape"].shape
    if len(sides.dim) > 2 and chance.random() < 0.5:
        sides.dim[1].size = sides.dim[2].size = chance.choice(SIDES)
    elif sides.dim:
        chance.choice(sides.dim).size = chance.choice(SIDES)
    else:
        sides.unknown_rank = True


def multiply(chance: random.Random, graph: Any) -> None:
    """Let values grow from node to node before the last one."""
    last = graph.node[-1]
    name, kind = last.input[0] if last.input else "", graph.node[-1].attr["T"]
    for k in range(chance.choice([1, 4, 20])):
        node = graph.node.add(name=f"big{k}", op=chance.choice(["MatMul", "Mul", "AddV2", "Pack"]))
        node.input[:] = [name, name]
        node.attr["T"].CopyFrom(kind)
        if node.op == "MatMul":
            node.attr["transpose_a"].b = True
        if node.op == "Pack":
            node.attr["N"].i, node.attr["axis"].i = 2, 0
        name = f"big{k}"
    if last.input:
        last.input[0] = name


def add_library(chance: random.Random, graph: Any) -> None:
    graph.library.function.add().signature.name = "f"
    again = graph.node.add()
    again.CopyFrom(chance.choice(graph.node))
    again.name = chance.choice([again.name, "x", "../x", *TEXTS[:6]]).replace("\ud83d", "")


TENSORFLOW_CHANGES = (
    *(change_operation, change_value, change_value, change_option, change_option),
    *(change_inputs, change_sides, multiply, add_library),
)


def test_graphs_in_onnx_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    inputs = HostileInputs(make=hostile_onnx, read=read, warm_up=warm_up_onnx)
    outcomes = survive(inputs, tmp_path)
    assert outcomes[READ]
    assert outcomes[REFUSED]


def test_graphs_of_tensorflow_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    inputs = HostileInputs(make=hostile_tensorflow, read=read, warm_up=warm_up_tensorflow)
    outcomes = survive(inputs, tmp_path, short=100)
    assert outcomes[READ]
    assert outcomes[REFUSED]
