"""Graphs of retrain.py and their labels: loading, and refusal of damaged or hostile files."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from product_classifier.backbones import labels_beside
from product_classifier.backbones.backbone import load_backbone
from product_classifier.backbones.exported_classifier import (
    BELOW_ONE,
    load_classifier,
    read_classifier,
)
from product_classifier.backbones.runtime import tensorflow
from product_classifier.errors import FeatureError
from product_classifier.models.network import softmax
from product_classifier.retraining.export_graph import export_graph
from tests.backbones.test_backbone import save_network
from tests.conftest import ROOT

LABELS = ("normal", "zoomed")
WEIGHTS = np.array([[0, 9], [0, 0], [9, 0]], np.float32)  # red is zoomed, blue is normal
PICTURES = np.random.default_rng(0).random((32, 4, 4, 3)).astype(np.float32)


def save_reddish(
    path: Path,
    labels: Sequence[str] = LABELS,
    weights: NDArray[np.float32] = WEIGHTS,
    last: str = "Softmax",
    shape: Sequence[int | str] = ("n", 4, 4, 3),
) -> Path:
    """Write an ONNX classifier of the mean colour: the redder a picture, the more zoomed."""
    constants = {"axes": np.array([1, 2]), "W": weights}
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "W"], ["logits"]),
        helper.make_node(last, ["logits"], ["final_result"]),
    ]
    first = helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, shape)
    final = helper.make_tensor_value_info("final_result", onnx.TensorProto.FLOAT, ["n", "values"])
    initial = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "reddish", [first], [final], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    labels_beside(path).write_text("".join(f"{label}\n" for label in labels))
    return path


@pytest.mark.parametrize(
    ("graph", "labels"),
    [
        ("retrain_out/output_graph.pb", "retrain_out/output_labels.txt"),  # as it always was
        ("zoom.onnx", "zoom_labels.txt"),
        ("a/v1.2.onnx", "a/v1.2_labels.txt"),
    ],
)
def test_the_labels_file_is_named_after_its_graph(graph: str, labels: str) -> None:
    assert labels_beside(Path(graph)) == Path(labels)


def test_an_onnx_graph_gives_the_probabilities_of_its_labels(tmp_path: Path) -> None:
    classifier = read_classifier(save_reddish(tmp_path / "zoom.onnx"))
    assert classifier.labels == LABELS
    assert classifier.sha256 == hashlib.sha256((tmp_path / "zoom.onnx").read_bytes()).hexdigest()
    assert (classifier.column("normal"), classifier.column("zoomed")) == (0, 1)
    network = load_classifier(classifier)
    assert (network.size, network.batch_size) == (4, 32)
    expected = softmax(PICTURES.mean(axis=(1, 2)) @ WEIGHTS)
    assert network.embed(PICTURES) == pytest.approx(expected, abs=1e-6)


def export(folder: Path, network: Path) -> Path:
    """Write the same classifier as a TensorFlow graph, the default of retrain.py."""
    regression = (
        np.float32(0.5) * WEIGHTS,
        np.zeros(2, np.float32),
    )  # the network gives twice the mean
    graph = folder / "output_graph.pb"
    backbone = load_backbone(str(network))
    export_graph(
        regression,
        backbone,
        LABELS,
        graph_path=graph,
        labels_path=labels_beside(graph),
        final_tensor_name="final_result",
    )
    return graph


def test_a_tensorflow_graph_gives_the_same_by_its_file_or_its_folder(tmp_path: Path) -> None:
    graph = export(tmp_path, save_network(tmp_path / "net", [None, 4, 4, 3]))
    expected = softmax(PICTURES.mean(axis=(1, 2)) @ WEIGHTS)
    for path in (graph, tmp_path):
        assert load_classifier(read_classifier(path)).embed(PICTURES) == pytest.approx(
            expected, abs=1e-6
        )


def test_every_probability_is_below_one(tmp_path: Path) -> None:
    path = save_reddish(tmp_path / "sure.onnx", weights=WEIGHTS * 1000)
    red = np.zeros((32, 4, 4, 3), np.float32) + np.array([1, 0, 0], np.float32)
    probabilities = load_classifier(read_classifier(path)).embed(red)
    assert probabilities[0].tolist() == [0, BELOW_ONE]
    assert BELOW_ONE < 1


def test_an_onnx_graph_needs_no_tensorflow(tmp_path: Path) -> None:
    path = save_reddish(tmp_path / "zoom.onnx")
    code = f"""
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = sys.modules["onnx"] = None
from pathlib import Path
import product_classifier.recipes.mark_pictures
from product_classifier.backbones.exported_classifier import load_classifier, read_classifier
print(load_classifier(read_classifier(Path({str(path)!r}))).size)
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "4\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.onnx", r"none\.onnx cannot be read: No such file .*; retrain\.py --image_dir"),
        (
            "network.npz",
            r"network\.npz is not a graph from retrain\.py; pass its output_graph\.pb or",
        ),
        (
            "mini",
            r"mini is not a graph from retrain\.py; pass its output_graph\.pb or \.onnx",
        ),
        (".", r"output_graph\.pb cannot be read: No such file"),
    ],
)
def test_an_error_for_a_missing_or_other_file_says_what_to_pass(
    tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(FeatureError, match=message):
        read_classifier(tmp_path / name)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, r"zoom_labels\.txt, the labels of zoom\.onnx, cannot be read: No such file .* put"),
        (
            b"",
            r"zoom_labels\.txt is damaged: it should have the labels of zoom",
        ),
        (b"normal\n\nzoomed\n", "is damaged"),
        (b"zoomed\nzoomed\n", "is damaged"),
        (b"normal\n\xff\xfe\n", "is damaged"),
        (b"zoomed\n", r"zoom\.onnx has only one label, 'zoomed'; train it on two or more"),
    ],
)
def test_bad_labels_are_refused(tmp_path: Path, labels: bytes | None, message: str) -> None:
    path = save_reddish(tmp_path / "zoom.onnx")
    labels_beside(path).unlink()
    if labels is not None:
        labels_beside(path).write_bytes(labels)
    with pytest.raises(FeatureError, match=message):
        read_classifier(path)


def test_an_error_for_an_unknown_label_names_the_labels(tmp_path: Path) -> None:
    classifier = read_classifier(save_reddish(tmp_path / "zoom.onnx", ["close up", "normal"]))
    with pytest.raises(FeatureError, match=r"no label 'zoomed'; .* one of: close up, normal"):
        classifier.column("zoomed")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": ["a", "b", "c"]},
            "gives 2 values for a picture, but .* has 3 labels",
        ),
        ({"last": "Relu"}, "is damaged: its outputs are not probabilities"),
        ({"weights": WEIGHTS * np.nan}, "is damaged: its outputs are not probabilities"),
        ({"shape": (1, 4, 4, 3)}, "damaged or not a graph from .* Got invalid dimensions"),
        ({"weights": WEIGHTS[:2]}, "damaged or not a graph"),
        ({"shape": ("n", 4, 5, 3)}, "not square pictures"),
        ({"shape": ("n", "h", "w", 3)}, "not square pictures"),
        ({"shape": ("n", 4, 4, 1), "weights": WEIGHTS[:1]}, "not square pictures"),
    ],
)
def test_a_graph_of_something_else_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    classifier = read_classifier(save_reddish(tmp_path / "zoom.onnx", **changes))
    with pytest.raises(FeatureError, match=message):
        load_classifier(classifier)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("keep", [0, 1, 100, -1, -40])
def test_an_incomplete_graph_is_refused_in_one_line(
    tmp_path: Path, keep: int, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = {
        "zoom.onnx": save_reddish(tmp_path / "zoom.onnx").read_bytes(),
        "output_graph.pb": export(
            tmp_path, save_network(tmp_path / "net", [None, 4, 4, 3])
        ).read_bytes(),
    }
    capfd.readouterr()
    for name, data in whole.items():
        (tmp_path / name).write_bytes(data[:keep])
        with pytest.raises(
            FeatureError, match=r"is damaged or not a graph from retrain\.py \(.*\)"
        ):
            load_classifier(read_classifier(tmp_path / name))
        assert capfd.readouterr().err == ""


def test_a_graph_that_would_touch_files_is_refused_before_it_runs(tmp_path: Path) -> None:
    tf = tensorflow()
    written = tmp_path / "written"

    def harmful(operation: Any) -> bytes:
        with tf.Graph().as_default() as graph:
            pictures = tf.compat.v1.placeholder(tf.float32, [None, 4, 4, 3], "images")
            with tf.control_dependencies([operation()]):
                tf.identity(tf.nn.softmax(tf.reduce_mean(pictures, [1, 2])), "final_result")
        return bytes(graph.as_graph_def().SerializeToString())

    path = tmp_path / "output_graph.pb"
    labels_beside(path).write_text("a\nb\nc\n")
    for operation, name in (
        (lambda: tf.io.write_file(str(written), "x"), "WriteFile"),
        (lambda: tf.io.read_file("/etc/passwd"), "ReadFile"),
        (lambda: tf.io.matching_files("/*"), "MatchingFiles"),
        (lambda: tf.random.uniform([1], seed=1), "RandomUniform"),
    ):
        path.write_bytes(harmful(operation))
        with pytest.raises(
            FeatureError, match=f"the graph has {name}, which is not part of an image network"
        ):
            load_classifier(read_classifier(path))
    path.write_bytes(harmful(lambda: tf.constant(1)))
    load_classifier(read_classifier(path))
    assert not written.exists()


def test_an_onnx_graph_with_external_weights_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(WEIGHTS.tobytes())
    path = save_reddish(tmp_path / "zoom.onnx")
    model = onnx.ModelProto.FromString(path.read_bytes())
    [weights] = [constant for constant in model.graph.initializer if constant.name == "W"]
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=str(secret))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FeatureError, match=r"the unsupported field 1[34]"):
        load_classifier(read_classifier(path))


@pytest.mark.parametrize("kind", ["Loop", "If", "Tile", "ConstantOfShape", "RandomNormalLike"])
def test_an_onnx_graph_with_operations_unlike_a_students_is_refused(
    tmp_path: Path, kind: str
) -> None:
    path = save_reddish(tmp_path / "zoom.onnx", last=kind)
    with pytest.raises(FeatureError, match=f"the graph has {kind}, which is not part of a student"):
        load_classifier(read_classifier(path))


def test_an_onnx_graph_of_huge_values_is_refused_before_it_is_computed(tmp_path: Path) -> None:
    path = save_reddish(tmp_path / "zoom.onnx")
    model = onnx.ModelProto.FromString(path.read_bytes())
    last = "mean"
    for k in range(6):
        node = helper.make_node("Concat", [last] * 40, [f"big{k}"], axis=1)
        model.graph.node.insert(1 + k, node)
        last = f"big{k}"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FeatureError, match=r"the graph has [0-9,]+ values at once"):
        load_classifier(read_classifier(path))


def test_a_tensorflow_graph_over_the_limits_is_refused_before_it_is_loaded(
    tmp_path: Path,
) -> None:
    tf = tensorflow()

    def graph(grow: Any) -> bytes:
        with tf.Graph().as_default() as built:
            pictures = tf.compat.v1.placeholder(tf.float32, [None, 4, 4, 3], "images")
            tf.nn.softmax(grow(tf.reduce_mean(pictures, [1, 2])), name="final_result")
        return bytes(built.as_graph_def().SerializeToString())

    def outer(x: Any) -> Any:
        for _ in range(8):
            x = tf.matmul(x, x, transpose_b=True)
            x = tf.concat([x] * 20, 0)
        return x

    def repeated(x: Any) -> Any:
        return x + tf.constant(0.0, shape=[10**6, 3])

    path = tmp_path / "output_graph.pb"
    labels_beside(path).write_text("a\nb\nc\n")
    for grow, reason in (
        (lambda x: tf.tile(x, [10**6, 10**6]), "the graph has Tile"),
        (
            lambda x: tf.while_loop(lambda y: True, lambda y: y, [x])[0],
            "the graph has While|functions",
        ),
        (outer, "values at once|values in total|multiplications"),
        (repeated, "a constant of the graph does not contain the numbers"),
    ):
        path.write_bytes(graph(grow))
        with pytest.raises(FeatureError, match=reason):
            load_classifier(read_classifier(path))


def test_a_constant_of_another_type_than_declared_does_not_end_the_process(
    tmp_path: Path,
) -> None:
    tf = tensorflow()
    path = export(tmp_path, save_network(tmp_path / "net", [None, 4, 4, 3]))
    graph = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    for node in graph.node:
        if node.op == "Const":
            node.attr["value"].tensor.dtype = 9  # int64, beside another dtype
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(FeatureError, match="another type than it declares"):
        load_classifier(read_classifier(path))


@pytest.mark.slow
def test_millions_of_empty_nodes_are_refused_before_they_are_parsed(tmp_path: Path) -> None:
    for name in ("zoom.onnx", "output_graph.pb"):
        path = save_reddish(tmp_path / name)
        nodes = b"\x3a\x80\xad\xe2\x04" + b"\x0a\x00" * 5_000_000  # a graph of 10,000,000 bytes
        path.write_bytes(nodes if name == "zoom.onnx" else nodes[5:])
        with pytest.raises(FeatureError, match="the description of the graph exceeds"):
            load_classifier(read_classifier(path))


@pytest.mark.parametrize("label", ["a\x1b[2J", "\u202eb", "\x9b31m"])
def test_labels_with_control_characters_are_refused(tmp_path: Path, label: str) -> None:
    path = save_reddish(tmp_path / "zoom.onnx", labels=["plain", label])
    with pytest.raises(FeatureError, match="is damaged: it should have the labels"):
        read_classifier(path)
