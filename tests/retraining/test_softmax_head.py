"""The classic retraining of a softmax head, and the graph that it exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from product_classifier.backbones.backbone import load_backbone
from product_classifier.backbones.runtime import tensorflow
from product_classifier.backbones.student import save_student
from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.models.base import Score
from product_classifier.models.choices import Schedule
from product_classifier.models.network import softmax
from product_classifier.records import Image
from product_classifier.retraining.export_graph import check_export, export_graph
from product_classifier.retraining.softmax_head import Retrained, split_images, train_softmax_head
from product_classifier.retraining.trainer import Summaries
from tests.backbones.test_backbone import save_network
from tests.backbones.test_student import random_student

COUNT = 60
LABELS = ("red", "blue")
LABEL_OF = [k % 2 for k in range(COUNT)]
SCHEDULE = Schedule(batch_size=10, steps=105, round_steps=10, patience=None, learning_rate=0.05)


def colours() -> Features:
    """Reddish and bluish bottlenecks."""
    vectors = np.random.default_rng(0).random((COUNT, 3)).astype(np.float32)
    vectors[np.arange(COUNT), [2 * label for label in LABEL_OF]] += 2
    return Features(pictures=Bottlenecks(vectors, np.arange(COUNT), ()))


def parts(*chosen: str) -> NDArray[np.str_]:
    return np.array([chosen[k // 2 % len(chosen)] for k in range(COUNT)])


def images(*names: str) -> list[Image]:
    return [
        Image(address=name, file=name, sha256=f"{k:064x}", width=1, height=1)
        for k, name in enumerate(names)
    ]


def test_pictures_are_split_by_hash_in_the_chosen_percentages() -> None:
    split = split_images(images(*(f"{k}.jpg" for k in range(5000))), 20, 30)
    shares = [round(float(np.mean(split == part)), 1) for part in ("tuning", "test", "train")]
    assert shares == [0.2, 0.3, 0.5]


def test_equal_bytes_and_nohash_names_stay_in_one_part() -> None:
    for k in range(40):
        hashed = images(f"a{k}_nohash_0.jpg", f"a{k}_nohash_1.jpg")
        same = [
            Image(address=name, file=name, sha256=f"{k:064x}", width=1, height=1)
            for name in ("x.jpg", "y.jpg")
        ]
        assert len(set(split_images(hashed, 30, 30).tolist())) == 1
        assert len(set(split_images(same, 30, 30).tolist())) == 1


def train_colours(
    split: NDArray[np.str_], features: Features | None = None, **options: Any
) -> Retrained:
    return train_softmax_head(
        features or colours(),
        LABELS,
        label_of=LABEL_OF,
        parts=split,
        schedule=SCHEDULE,
        **options,
    )


def test_test_pictures_are_predicted() -> None:
    result = train_colours(parts("train", "test", "tuning"))
    assert result.predicted.tolist() == [LABEL_OF[row] for row in result.test_rows]
    assert len(result.test_rows) == 20


def test_a_test_batch_size_limits_the_test_pictures() -> None:
    split = parts("train", "test")
    result = train_colours(split, test_batch_size=5)
    assert len(result.predicted) == 5
    assert result.test_rows.max() > COUNT / 2  # drawn from all, not the first labels alone


def test_each_round_is_reported_up_to_the_last_step() -> None:
    steps = []

    def on_round(step: int, on_batches: Score, on_tuning: Score) -> None:
        steps.append(step)
        assert 0 <= on_batches.accuracy <= 1
        assert on_tuning.loss > 0

    split = parts("train", "test", "tuning")
    train_colours(split, on_round=on_round)
    assert steps == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 105]


def test_a_label_without_training_pictures_is_refused() -> None:
    split = np.array(["train" if label else "test" for label in LABEL_OF])
    with pytest.raises(ModelError, match="no picture of 'red' is in the training part"):
        train_colours(split)


def test_a_split_without_test_pictures_is_refused() -> None:
    with pytest.raises(ModelError, match="no picture is in the test part"):
        train_colours(parts("train"))


def test_curves_are_written_for_tensorboard(tmp_path: Path) -> None:
    summaries = Summaries(tmp_path)
    summaries.observe(10, Score(0.5, 0.75), Score(0.6, 0.7))
    read = tensorflow().compat.v1.train.summary_iterator
    for part, accuracy in (("train", 0.75), ("validation", 0.7)):
        [file] = (tmp_path / part).iterdir()
        values = {
            value.tag: float(tensorflow().make_ndarray(value.tensor))
            for event in read(str(file))
            for value in event.summary.value
        }
        assert values["accuracy"] == pytest.approx(accuracy)
        assert set(values) == {"accuracy", "cross_entropy"}


def test_the_exported_graph_has_the_networks_outputs(tmp_path: Path) -> None:
    tf = tensorflow()
    backbone = load_backbone(str(save_network(tmp_path / "net", [None, 6, 6, 3])))
    pixels = np.random.default_rng(0).random((COUNT, 6, 6, 3), np.float32)
    vectors = np.asarray(backbone.graph(tf.constant(pixels)))
    features = Features(pictures=Bottlenecks(vectors, np.arange(COUNT), ()))
    result = train_colours(parts("train", "test"), features)
    graph_path, labels_path = tmp_path / "out" / "graph.pb", tmp_path / "out" / "labels.txt"
    regression = result.network.softmax_regression()
    export_graph(
        regression,
        backbone,
        LABELS,
        graph_path=graph_path,
        labels_path=labels_path,
        final_tensor_name="answer",
    )

    graph = tf.compat.v1.GraphDef.FromString(graph_path.read_bytes())
    load = tf.compat.v1.wrap_function(
        lambda: tf.compat.v1.import_graph_def(graph, name=""), signature=[]
    )
    classify = load.prune("images:0", "answer:0")
    expected = softmax(result.network.logits(np.arange(COUNT)))
    assert np.asarray(classify(tf.constant(pixels))) == pytest.approx(expected, abs=1e-5)
    assert labels_path.read_text() == "red\nblue\n"


def test_a_student_is_exported_for_onnx_runtime_alone(tmp_path: Path) -> None:
    save_student(random_student(), tmp_path / "student.npz")
    backbone = load_backbone(str(tmp_path / "student.npz"))
    pixels = np.random.default_rng(0).random((COUNT, 9, 9, 3), np.float32)
    vectors = np.asarray(backbone.graph(tensorflow().constant(pixels)))
    features = Features(pictures=Bottlenecks(vectors, np.arange(COUNT), ()))
    result = train_colours(parts("train", "test"), features)
    graph_path, labels_path = tmp_path / "graph.onnx", tmp_path / "labels.txt"
    regression = result.network.softmax_regression()
    export_graph(
        regression,
        backbone,
        LABELS,
        graph_path=graph_path,
        labels_path=labels_path,
        final_tensor_name="answer",
    )

    session = onnxruntime.InferenceSession(graph_path)
    [outputs] = session.run(["answer"], {"images": pixels})
    expected = softmax(result.network.logits(np.arange(COUNT)))
    assert outputs == pytest.approx(expected, abs=1e-5)


def test_only_students_are_exported_to_onnx(tmp_path: Path) -> None:
    backbone = load_backbone(str(save_network(tmp_path / "net", [None, 6, 6, 3])))
    with pytest.raises(ModelError, match=r"needs a student as backbone; pass --backbone mini"):
        check_export(backbone, tmp_path / "graph.onnx")
    check_export(backbone, tmp_path / "graph.pb")


def test_curves_that_cannot_be_written_are_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"curves cannot be written: Not a directory.*summaries_"):
        Summaries(tmp_path / "file" / "curves")
