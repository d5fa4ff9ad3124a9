"""Backbones from SavedModel folders, and the refusal of other networks."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from product_classifier.backbones.backbone import (
    BATCH_SIZE,
    HANDLES,
    choose_backbone,
    load_backbone,
)
from product_classifier.backbones.onnx import onnx_embed
from product_classifier.backbones.runtime import tensorflow
from product_classifier.backbones.student import MINI_FILE
from product_classifier.errors import FeatureError
from tests.conftest import ROOT
from tests.consoles import Failing, Recorder


def save_network(folder: Path, shape: list[int | None], scale: float = 2.0) -> Path:
    """Save a network that returns the scaled mean of each colour."""
    tf = tensorflow()

    class Network(tf.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.scale = tf.Variable(scale)

        @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name="inputs")])  # type: ignore[untyped-decorator]
        def __call__(self, inputs: Any) -> Any:
            return tf.reduce_mean(inputs, axis=[1, 2]) * self.scale

    network = Network()
    tf.saved_model.save(network, str(folder), signatures={"serving_default": network.__call__})
    return folder


def test_a_saved_model_gives_a_vector_for_each_picture(tmp_path: Path) -> None:
    backbone = load_backbone(str(save_network(tmp_path / "net", [None, 6, 6, 3])))
    assert (backbone.size, backbone.width) == (6, 3)
    pixels = np.random.default_rng(0).random((BATCH_SIZE, 6, 6, 3), np.float32)
    assert backbone.embed(pixels) == pytest.approx(2 * pixels.mean(axis=(1, 2)), abs=1e-6)


def test_networks_of_different_weights_have_different_hashes(tmp_path: Path) -> None:
    hashes = {
        load_backbone(str(save_network(tmp_path / name, [None, 6, 6, 3], scale))).sha256
        for name, scale in (("one", 2.0), ("other", 3.0))
    }
    assert len(hashes) == 2


def test_a_network_of_any_input_size_gets_the_default_size(tmp_path: Path) -> None:
    folder = save_network(tmp_path / "net", [None, None, None, 3])
    assert load_backbone(str(folder)).size == 224


def test_a_network_of_other_inputs_than_pictures_is_refused(tmp_path: Path) -> None:
    folder = save_network(tmp_path / "net", [None, 6, 6, 1])
    with pytest.raises(FeatureError, match="does not take pictures"):
        load_backbone(str(folder))


def test_a_folder_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="is not a SavedModel"):
        load_backbone(str(tmp_path))


def test_an_error_for_an_unknown_name_lists_the_networks() -> None:
    with pytest.raises(
        FeatureError, match=r"no backbone 'alexnet': pass inception_v3, vgg16, .*, mini, a TF-Hub"
    ):
        load_backbone("alexnet")


def test_an_error_for_a_failed_download_names_the_remedies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    handle = "http://127.0.0.1:9/network/1"  # nobody listens there
    with pytest.raises(FeatureError, match=r"cannot be fetched.*TFHUB_CACHE_DIR.*--backbone"):
        load_backbone(handle)


def test_a_cached_handle_needs_no_internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = "http://127.0.0.1:9/network/1"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    # TF-Hub names its cache's folders by the hash of the handle it was asked for
    cached = tmp_path / hashlib.sha1(handle.encode("utf8")).hexdigest()
    save_network(cached, [None, 6, 6, 3])
    backbone = load_backbone(handle)
    assert (backbone.name, backbone.size) == (handle, 6)


def test_the_default_falls_back_to_mini_with_a_message_if_inception_cannot_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setitem(HANDLES, "inception_v3", "http://127.0.0.1:9/network/1")
    messages: list[str] = []
    backbone = choose_backbone(None, Recorder(messages))
    assert (backbone.name, backbone.width) == ("mini", 2048 + 3 * 3 * 192)
    assert backbone.sha256 == hashlib.sha256(MINI_FILE.read_bytes()).hexdigest()
    [line] = messages
    assert line.startswith("using mini instead of inception_v3: ")
    assert "127.0.0.1:9/network/1 cannot be fetched" in line


def test_the_default_is_a_cached_inception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = tmp_path / hashlib.sha1(HANDLES["inception_v3"].encode()).hexdigest()
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    save_network(cached, [None, 6, 6, 3])
    assert choose_backbone(None, Failing()).name == "inception_v3"


def test_a_named_network_that_cannot_be_fetched_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with pytest.raises(FeatureError, match="cannot be fetched"):
        choose_backbone("http://127.0.0.1:9/network/1", Failing())


def test_mini_is_small_and_agrees_with_onnx_runtime() -> None:
    mini = load_backbone("mini")
    assert mini.student
    assert mini.student.shape.outputs == 2048  # Inception's; what lies beyond is where things are
    assert MINI_FILE.stat().st_size <= 10_000_000
    shape = (mini.batch_size, mini.size, mini.size, 3)
    pictures = np.random.default_rng(0).random(shape, np.float32)
    assert onnx_embed(mini.student)(pictures) == pytest.approx(mini.embed(pictures), abs=1e-4)


def test_without_tensorflow_a_student_runs_in_onnx_runtime() -> None:
    code = """
import sys
sys.modules["tensorflow"] = None
import numpy as np
from product_classifier.backbones.backbone import load_backbone
mini = load_backbone("mini")
print(mini.embed(np.zeros((mini.batch_size, mini.size, mini.size, 3), np.float32)).shape)
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "(32, 3776)\n"
