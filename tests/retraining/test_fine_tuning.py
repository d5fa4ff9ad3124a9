"""Fine-tuning teaches colours to a student without them; frozen weights stay the same."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from product_classifier.backbones.backbone import load_backbone
from product_classifier.backbones.student import Shape, kernel_shapes, read_student, save_student
from product_classifier.console import SILENT
from product_classifier.errors import FeatureError, ModelError
from product_classifier.features.dataset_features import picture_features
from product_classifier.records import Image
from product_classifier.retraining.config import Distortions, FineTuningConfig, is_part
from product_classifier.retraining.fine_tuning import Epoch, FineTuned, fine_tune, predict_test
from product_classifier.retraining.keras_student import folded, new_keras_student
from product_classifier.retraining.trainable_network import TrainableNetwork, load_trainable_network
from product_classifier.retraining.trainer import SoftmaxHead, Trainer
from product_classifier.retraining.training_images import (
    FeatureMapInputs,
    ImageInputs,
    TrainingImages,
    choose_source,
)
from tests.conftest import ROOT
from tests.consoles import Recorder, Tracker

pytestmark = pytest.mark.slow
T = TypeVar("T")
SHAPE = Shape(size=8, stem=8, widths=(8, 8), depths=(1, 1), outputs=6, cells=(2, 0))
WIDTH = 6 + 8 * 4  # outputs, and the layout of the first stage
LABELS = ("red", "green", "blue")
CONFIG = FineTuningConfig(part="all", epochs=4, batch_size=16, learning_rate=0.02)
ALL = replace(CONFIG, epochs=3)


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student with random weights that cannot distinguish colours."""
    model = new_keras_student(SHAPE, "float32")
    chance = np.random.default_rng(0)
    model.set_weights([chance.uniform(0.5, 1.5, w.shape).astype("f4") for w in model.get_weights()])
    blind = folded(model, SHAPE)
    for name, kernel in blind.kernels.items():
        blind.kernels[name] = chance.normal(0, 0.3, kernel.shape).astype("f4")
        blind.biases[name] = np.full_like(blind.biases[name], 0.1)
    blind.kernels["stem"][:] = blind.kernels["stem"][:, :, :1]
    path = tmp_path_factory.mktemp("student") / "blind.npz"
    save_student(blind, path)
    return path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> TrainingImages:
    """Forty pictures of each colour in many shades."""
    folder = tmp_path_factory.mktemp("pictures")
    chance = np.random.default_rng(0)
    images, label_of = [], []
    for label in range(3):
        for k in range(40):
            pixels = np.zeros((10, 12, 3), np.uint8)
            pixels[..., label] = chance.integers(100, 256, (10, 12))
            file = io.BytesIO()
            PillowImage.fromarray(pixels).save(file, "PNG")
            name = f"{label}-{k}.png"
            (folder / name).write_bytes(file.getvalue())
            sha256 = hashlib.sha256(file.getvalue()).hexdigest()
            images.append(Image(address=name, file=name, sha256=sha256, width=12, height=10))
            label_of.append(label)
    where = np.arange(120) % 40
    rows = {
        "train": np.flatnonzero(where < 28),
        "tuning": np.flatnonzero((where >= 28) & (where < 34)),
        "test": np.flatnonzero(where >= 34),
    }
    return TrainingImages(
        images=images, folder=folder, label_of=np.array(label_of), rows=rows, labels=LABELS
    )


def blank(width: int = WIDTH) -> SoftmaxHead:
    nothing = np.zeros(width, np.float32)
    return SoftmaxHead(
        np.zeros((width, 3), np.float32), np.zeros(3, np.float32), nothing, nothing + 1
    )


def tune(
    student: Path,
    labelled: TrainingImages,
    folder: Path,
    config: FineTuningConfig = CONFIG,
    seen: list[Epoch] | None = None,
) -> tuple[TrainableNetwork, FineTuned]:
    """Fine-tune on image inputs; record the epochs in seen."""
    trainable = load_trainable_network(str(student), None, "float32", SILENT)
    source = ImageInputs(labelled, SHAPE.size, config.distortions, config.seed)
    return trainable, fine_tune(
        trainable,
        labelled,
        config,
        network=trainable.model,
        source=source,
        head=blank(),
        state_path=folder / "network.state",
        on_epoch=seen.append if seen is not None else lambda epoch: None,
    )


def kernels(trainable: TrainableNetwork, path: Path) -> dict[str, NDArray[np.float32]]:
    trainable.save(path, {})
    return read_student(path)[0].kernels


def test_training_all_blocks_learns_what_a_head_alone_cannot(
    student: Path, labelled: TrainingImages, tmp_path: Path
) -> None:
    frozen, whole = tmp_path / "frozen", tmp_path / "whole"
    frozen.mkdir()
    whole.mkdir()
    _, head = tune(student, labelled, frozen, replace(CONFIG, part="head", epochs=12))
    trainable, fine_tuned = tune(student, labelled, whole, replace(CONFIG, epochs=12))
    assert head.on_test.accuracy < 0.6
    assert fine_tuned.on_test.accuracy > 0.9
    sha256 = trainable.save(whole / "network.npz", fine_tuned.about(trainable, CONFIG, labelled))
    saved = load_backbone(str(whole / "network.npz"))
    assert saved.sha256 == sha256 != trainable.backbone.sha256
    predicted = predict_test(saved, fine_tuned, labelled, whole / "cache")
    right = float((predicted == labelled.label_of[labelled.rows["test"]]).mean())
    assert right == pytest.approx(fine_tuned.on_test.accuracy, abs=0.06)  # one of 18 pictures
    about = read_student(whole / "network.npz")[0].about
    assert about["labels"] == 3
    assert about["pictures"] == {"train": 84, "tuning": 18, "test": 18}
    assert about["tuning"]["accuracy"] == fine_tuned.progress.best.accuracy


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("head", set()),
        ("last:1", {"stage1_block0_first", "stage1_block0_second", "stage1_block0_skip", "head"}),
        ("last:2", {name for name in kernel_shapes(SHAPE) if name != "stem"}),
    ],
)
def test_the_trained_part_changes_and_the_rest_stays_the_same_to_the_last_bit(
    student: Path, labelled: TrainingImages, tmp_path: Path, part: str, changed: set[str]
) -> None:
    trainable, _ = tune(student, untuned(labelled), tmp_path, replace(CONFIG, part=part, epochs=1))
    assert moved(student, trainable) == changed


def untuned(labelled: TrainingImages) -> TrainingImages:
    """Return an labelled without tuning pictures: of a training with it, the last epoch is kept."""
    return replace(labelled, rows={**labelled.rows, "tuning": np.zeros(0, np.int64)})


def moved(student: Path, trainable: TrainableNetwork) -> set[str]:
    """Return the names of the kernels that a training has changed, or the norms after them."""
    before = load_trainable_network(str(student), None, "float32", SILENT).model.get_weights()
    after = trainable.model.get_weights()
    named = zip(trainable.model.weights, before, after, strict=True)
    return {
        weight.path.split("/")[-2].removesuffix("_norm")
        for weight, old, new in named
        if not np.array_equal(old, new)
    }


@pytest.fixture(scope="module")
def all_of_it(
    student: Path, labelled: TrainingImages, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TrainableNetwork, FineTuned, Path]:
    """Train the whole network for three epochs, without tuning pictures; with its state."""
    folder = tmp_path_factory.mktemp("all")
    return *tune(student, untuned(labelled), folder, ALL), folder / "network.state"


def test_all_layers_of_a_network_may_change(
    student: Path, all_of_it: tuple[TrainableNetwork, FineTuned, Path]
) -> None:
    assert moved(student, all_of_it[0]) == set(kernel_shapes(SHAPE))


def test_norms_keep_and_use_their_statistics_in_training(
    student: Path, labelled: TrainingImages
) -> None:
    trainable = load_trainable_network(str(student), None, "float32", SILENT)
    before = trainable.model.get_weights()
    trainer = Trainer(
        trainable.model,
        blank(),
        labelled,
        ImageInputs(labelled, SHAPE.size, CONFIG.distortions, 0),
    )
    train = labelled.rows["train"]
    expected = trainer.score(train, 16)
    assert trainer.epoch(train, 16, 0, lambda share: 0.0, "") == pytest.approx(expected, rel=1e-4)
    trainer.epoch(train, 16, 1, lambda share: 0.01, "")
    paths = [weight.path for weight in trainable.model.weights]
    same = {
        path.rsplit("/")[-1]: np.array_equal(old, new)
        for path, old, new in zip(paths, before, trainable.model.get_weights(), strict=True)
    }
    assert same == {
        "kernel": False, "gamma": False, "beta": False,
        "moving_mean": True, "moving_variance": True,
    }  # fmt: skip


def test_too_large_a_number_of_blocks_is_refused_with_the_largest_one(student: Path) -> None:
    trainable = load_trainable_network(str(student), None, "float32", SILENT)
    assert trainable.trained_blocks("last:3") == trainable.trained_blocks("all") == 3
    with pytest.raises(ModelError, match=r"has 3 blocks; pass --fine-tune last:3 at most"):
        trainable.trained_blocks("last:4")


def test_parts_are_head_all_and_a_number_of_last_blocks() -> None:
    assert all(map(is_part, ("head", "all", "last:1", "last:12")))
    assert not any(map(is_part, ("", "last", "last:0", "last:-1", "last:x", "All", "last:1 ")))


def test_a_network_whose_layers_are_unknown_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"cannot be fine-tuned: its layers are not known"):
        load_trainable_network("https://tfhub.dev/google/bit/s-r50x1/1", None, "float32", SILENT)


def test_a_resumed_fine_tuning_ends_as_an_uninterrupted_one(
    student: Path, labelled: TrainingImages, tmp_path: Path
) -> None:
    config = replace(
        CONFIG,
        epochs=3,
        distortions=Distortions(
            flip_left_right=True,
            random_crop=10,
            random_scale=10,
            random_brightness=10,
            random_rotation=10,
            random_shear=10,
        ),
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    trainable, fine_tuned = tune(student, labelled, whole, config)

    def stop_in_the_second(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        if label.startswith("epoch 2"):
            raise KeyboardInterrupt
        return iter(items)

    with pytest.raises(KeyboardInterrupt):
        tune(student, replace(labelled, console=Tracker(stop_in_the_second)), parts, config)
    seen: list[Epoch] = []
    again, resumed = tune(student, labelled, parts, config, seen)
    assert [epoch.number for epoch in seen] == [2, 3]
    assert resumed.progress == fine_tuned.progress
    assert (resumed.head.weights == fine_tuned.head.weights).all()
    expected = kernels(trainable, tmp_path / "a.npz")
    for name, kernel in kernels(again, tmp_path / "b.npz").items():
        assert (kernel == expected[name]).all()


def test_training_stops_without_a_gain_and_keeps_the_best_epoch(
    student: Path, labelled: TrainingImages, tmp_path: Path
) -> None:
    seen: list[Epoch] = []
    # a learning rate that is far too large
    config = replace(CONFIG, learning_rate=50, epochs=20, patience=2)
    trainable, fine_tuned = tune(student, labelled, tmp_path, config, seen)
    assert fine_tuned.progress.best_epoch + 2 == len(seen) - 1 < 20
    finite = [epoch for epoch in seen if np.isfinite(epoch.on_tuning.loss)]
    best = min(finite, key=lambda epoch: epoch.on_tuning.loss)
    assert (best.number, best.on_tuning) == (
        fine_tuned.progress.best_epoch,
        fine_tuned.progress.best,
    )
    source = ImageInputs(labelled, SHAPE.size, config.distortions, config.seed)
    again = Trainer(trainable.model, fine_tuned.head, labelled, source).score(
        labelled.rows["tuning"], 16
    )
    assert again.loss == pytest.approx(best.on_tuning.loss, rel=1e-4)


def test_the_state_of_another_training_is_refused(
    student: Path,
    labelled: TrainingImages,
    all_of_it: tuple[TrainableNetwork, FineTuned, Path],
    tmp_path: Path,
) -> None:
    shutil.copy(all_of_it[2], tmp_path)
    with pytest.raises(ModelError, match="other pictures or settings"):
        tune(student, untuned(labelled), tmp_path, replace(ALL, epochs=2))


def test_feature_maps_train_a_network_as_image_inputs_do(
    student: Path, labelled: TrainingImages, tmp_path: Path
) -> None:
    config = replace(CONFIG, part="last:1", epochs=2)
    plain, fine_tuned = tune(student, labelled, tmp_path, config)
    trainable = load_trainable_network(str(student), None, "float32", SILENT)
    features = picture_features(
        labelled.images, labelled.folder, trainable.backbone, tmp_path / "cache"
    )
    messages: list[str] = []
    network, source = choose_source(
        trainable,
        config,
        labelled,
        features,
        cache_path=tmp_path / "cache",
        console=Recorder(messages),
    )
    assert isinstance(source, FeatureMapInputs)
    assert messages == [
        f"feature maps of the frozen blocks are cached in {tmp_path / 'cache'}: 0.0 GB"
    ]
    other = fine_tune(
        trainable,
        labelled,
        config,
        network=network,
        source=source,
        head=blank(),
        state_path=tmp_path / "other.state",
    )
    assert other.on_test.loss == pytest.approx(fine_tuned.on_test.loss, rel=1e-3)
    expected = kernels(plain, tmp_path / "a.npz")
    for name, kernel in kernels(trainable, tmp_path / "b.npz").items():
        assert kernel == pytest.approx(expected[name], abs=0.01)


@pytest.mark.parametrize(
    ("part", "distortions"),
    [
        ("last:1", Distortions(flip_left_right=True)),
        ("head", Distortions(flip_left_right=True)),
        ("all", Distortions()),
    ],
)
def test_pictures_are_read_in_each_epoch_if_they_are_distorted_or_nothing_is_frozen(
    student: Path,
    labelled: TrainingImages,
    tmp_path: Path,
    part: str,
    distortions: Distortions,
) -> None:
    trainable = load_trainable_network(str(student), None, "float32", SILENT)
    features = picture_features(labelled.images, labelled.folder, trainable.backbone, tmp_path)
    config = replace(CONFIG, part=part, distortions=distortions)
    network, source = choose_source(trainable, config, labelled, features, cache_path=tmp_path)
    assert isinstance(source, ImageInputs)
    assert network is trainable.model


def test_the_learning_rate_rises_and_falls_to_zero() -> None:
    config = FineTuningConfig(part="all", epochs=10, learning_rate=1)
    rates = [config.rate(k, share) for k in range(10) for share in (0.5, 1)]
    assert rates[:2] == [0.5, 1]
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] == pytest.approx(0)


def test_without_tuning_pictures_the_last_epoch_is_kept(
    labelled: TrainingImages, all_of_it: tuple[TrainableNetwork, FineTuned, Path]
) -> None:
    trainable, fine_tuned, _ = all_of_it
    assert fine_tuned.progress.best_epoch == 3
    assert "tuning" not in fine_tuned.about(trainable, CONFIG, labelled)


def test_bfloat16_learns_as_well_and_keeps_its_weights_in_float32(
    student: Path, labelled: TrainingImages, tmp_path: Path
) -> None:
    trainable = load_trainable_network(str(student), None, "bfloat16", SILENT)
    assert {layer.compute_dtype for layer in trainable.blocks[-1]} == {"bfloat16"}
    source = ImageInputs(labelled, SHAPE.size, CONFIG.distortions, CONFIG.seed)
    config = replace(CONFIG, precision="bfloat16", epochs=12)
    fine_tuned = fine_tune(
        trainable,
        labelled,
        config,
        network=trainable.model,
        source=source,
        head=blank(),
        state_path=tmp_path / "network.state",
    )
    assert fine_tuned.on_test.accuracy > 0.9
    assert {weight.dtype for weight in trainable.model.weights} == {"float32"}
    assert {kernel.dtype for kernel in kernels(trainable, tmp_path / "a.npz").values()} == {
        np.dtype(np.float32)
    }


CACHE = "JAX_COMPILATION_CACHE_DIR"
COMPILED_ONCE = {  # the trainings of one process share what JAX has compiled
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_fine_tuning_works_on_other_backends_of_keras(tmp_path: Path, backend: str) -> None:
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    file = Path(__file__)
    names = (
        test_training_all_blocks_learns_what_a_head_alone_cannot,
        test_norms_keep_and_use_their_statistics_in_training,
        test_a_resumed_fine_tuning_ends_as_an_uninterrupted_one,
    )
    tests = [f"{file}::{test.__name__}" for test in names]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, **COMPILED_ONCE, CACHE: str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout + result.stderr
