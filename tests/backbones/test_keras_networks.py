"""Files of fine-tuned Keras networks as backbones, and the refusal of damaged ones."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from product_classifier.backbones.backbone import load_backbone
from product_classifier.backbones.inception_2015 import read_inception
from product_classifier.backbones.keras_networks import (
    ARCHITECTURES,
    INCEPTION_2015,
    KerasNetwork,
    blocks,
    new_network,
    save_network,
)
from product_classifier.errors import FeatureError
from product_classifier.features.bottlenecks import to_pixels
from product_classifier.pictures import decode

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network() -> KerasNetwork:
    return new_network("mobilenet_v2")


@pytest.fixture(scope="module")
def saved(network: KerasNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "network.npz"
    save_network(network, {"labels": 3}, path)
    return path


def test_a_saved_network_is_a_backbone_with_the_same_outputs(
    network: KerasNetwork, saved: Path
) -> None:
    backbone = load_backbone(str(saved))
    assert (backbone.size, backbone.width) == (224, 1280)
    assert saved.with_name("network.npz.sha256").read_text().split()[0] == backbone.sha256
    pictures = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), np.uint8)
    expected = network.on_pictures().predict_on_batch(pictures)
    bottlenecks = backbone.embed((pictures / 255).astype(np.float32))
    assert bottlenecks == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_an_incomplete_or_changed_network_is_refused(saved: Path, tmp_path: Path) -> None:
    data = saved.read_bytes()
    for name, broken in (
        ("short", data[: len(data) // 2]),
        ("changed", data[:100_000] + bytes(1000) + data[101_000:]),
        ("text", b"no network"),
    ):
        path = tmp_path / f"{name}.npz"
        path.write_bytes(broken)
        with pytest.raises(FeatureError, match="is damaged or not a network"):
            load_backbone(str(path))
    path.with_name("text.npz.sha256").write_text(f"{'0' * 64}  text.npz\n")
    with pytest.raises(FeatureError, match="is incomplete or was changed"):
        load_backbone(str(path))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"architecture": "vgg16"}, "its weights are not those of vgg16"),
        ({"architecture": "alexnet"}, "has format 1 of 'alexnet'"),
        ({"format": 2}, "has format 2 of 'mobilenet_v2'"),
    ],
)
def test_a_network_unlike_its_header_is_refused(
    saved: Path, tmp_path: Path, head: dict[str, object], message: str
) -> None:
    with np.load(saved) as arrays:
        contents = dict(arrays)
    contents["head"] = np.array(json.dumps(json.loads(str(contents["head"])) | head))
    path = tmp_path / "other.npz"
    np.savez(path, allow_pickle=False, **contents)
    with pytest.raises(FeatureError, match=message):
        load_backbone(str(path))


@pytest.mark.parametrize(
    ("architecture", "count", "last"),
    [
        ("vgg16", 5, "block5_conv1"),
        ("resnet50", 5, "conv5_block1_1_conv"),
        ("mobilenet_v2", 18, "block_16_expand"),
        ("efficientnet_b0", 8, "block7a_expand_conv"),
        ("inception_v3", 11, "conv2d"),
        (INCEPTION_2015, 11, "conv2d"),
    ],
)
def test_a_networks_layers_are_grouped_into_the_blocks_of_its_architecture(
    architecture: str, count: int, last: str
) -> None:
    network = new_network(architecture)
    groups = blocks(network)
    assert len(groups) == count
    assert groups[-1][0].name.startswith(last)
    assert [layer for block in groups for layer in block] == network.model.layers
    assert all(any(layer.weights for layer in block) for block in groups)
    for before, block in itertools.pairwise(groups):  # one tensor leads into each
        assert block[0].input is before[-1].output


def test_every_architecture_has_blocks() -> None:
    assert {"vgg19", "resnet101"} < set(ARCHITECTURES)


def test_inception_in_keras_layers_agrees_with_its_saved_model(shared: Path) -> None:
    folder = shared / "weights" / "inception_v3"
    backbone = load_backbone(str(folder))
    model = read_inception(folder, backbone).on_pictures("float32", 255.0)
    files = sorted((shared / "data" / "fashion" / "images").glob("*.jpg"))[:8]
    pictures = np.stack([to_pixels(decode(file.read_bytes())[0], 299) for file in files])
    wanted = backbone.embed(pictures)
    error = np.linalg.norm(model.predict_on_batch(pictures) - wanted, axis=1)
    assert (error < 1e-3 * np.linalg.norm(wanted, axis=1)).all()


def test_a_saved_model_with_other_variables_is_refused(tmp_path: Path) -> None:
    from tests.backbones.test_backbone import save_network as save_toy

    folder = save_toy(tmp_path, [None, 6, 6, 3])
    with pytest.raises(FeatureError, match=r"cannot be fine-tuned: .*pass --backbone mini"):
        read_inception(folder, load_backbone(str(folder)))
