"""Keras networks by name, with random weights from a file, since real weights are large."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from product_classifier.backbones.backbone import load_backbone
from product_classifier.backbones.keras_networks import APPLICATIONS
from product_classifier.backbones.runtime import tensorflow
from product_classifier.errors import FeatureError, UnreachableError

NAME = "mobilenet_v2"  # the smallest


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tensorflow()
    import keras

    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(
        include_top=False, pooling="avg", weights=None, input_shape=(224, 224, 3)
    )
    model.set_weights([  # else the signal dies away in the depth
        array * 3 if array.ndim == 4 else array for array in model.get_weights()
    ])  # fmt: skip
    path = tmp_path_factory.mktemp("weights") / "mine.weights.h5"
    model.save_weights(path)
    return path


@pytest.mark.slow
def test_a_network_has_the_weights_of_the_file_and_its_own_scaling(weights: Path) -> None:
    import keras

    backbone = load_backbone(NAME, weights=weights)
    assert (backbone.name, backbone.size, backbone.width) == (NAME, 224, 1280)
    model = keras.applications.MobileNetV2(
        include_top=False, pooling="avg", weights=None, input_shape=(224, 224, 3)
    )
    model.load_weights(weights)
    shape = (backbone.batch_size, 224, 224, 3)
    pictures = np.random.default_rng(0).random(shape, np.float32)
    expected = model(pictures * 2 - 1).numpy()  # the scaling of MobileNet
    assert expected.max() > 1e-3
    assert backbone.embed(pictures) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert backbone.sha256 == load_backbone(NAME, weights=weights).sha256


@pytest.mark.slow
def test_weights_of_another_network_or_incomplete_ones_are_refused(
    weights: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.weights.h5"
    cut.write_bytes(weights.read_bytes()[:100_000])
    text = tmp_path / "text.h5"
    text.write_text("these are no weights")
    for name, path in (("efficientnet_b0", weights), (NAME, cut), (NAME, text)):
        with pytest.raises(FeatureError, match="is damaged, or is not of"):
            load_backbone(name, weights=path)


def test_a_bad_weights_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match=r"there is no file .*none\.h5; pass the weights of"):
        load_backbone(NAME, weights=tmp_path / "none.h5")
    pickled = tmp_path / "weights.pkl"
    pickled.write_bytes(b"")
    with pytest.raises(FeatureError, match=r"which end in \.h5"):
        load_backbone(NAME, weights=pickled)
    with pytest.raises(FeatureError, match="mini has its own"):
        load_backbone("mini", weights=pickled)


@pytest.mark.slow
def test_an_error_for_a_failed_download_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras

    def fail(*arguments: object, **options: object) -> None:
        print("Downloading data from …")  # noqa: T201 - as Keras does
        raise Exception("URL fetch failure")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", fail)
    assert keras.utils
    with pytest.raises(UnreachableError, match="pass a file of the weights as --weights"):
        load_backbone(NAME)
    assert capsys.readouterr().out == ""


def test_all_networks_of_the_earlier_systems_are_available() -> None:
    assert {"vgg16", "vgg19", "resnet50", "resnet101", "inception_v3"} <= set(APPLICATIONS)
