"""Distillation from a toy teacher: agreement, resuming, and refused trainings."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from product_classifier.backbones.backbone import Backbone, load_backbone
from product_classifier.backbones.onnx import onnx_embed
from product_classifier.backbones.student import Shape, read_student, save_student
from product_classifier.errors import ModelError
from product_classifier.features.augmented_views import View
from product_classifier.features.bottlenecks import (
    bottleneck_cache,
    bottlenecks,
    read_view,
    to_pixels,
)
from product_classifier.records import Image
from product_classifier.retraining.config import DistillationConfig
from product_classifier.retraining.distillation import Agreement, Distilled, agreement_of, distil
from product_classifier.retraining.keras_student import folded, load_student, new_keras_student
from product_classifier.retraining.teacher_targets import TeacherTargets
from tests.consoles import Tracker

pytestmark = pytest.mark.slow
T = TypeVar("T")
SHAPE = Shape(size=8, stem=8, widths=(8,), depths=(1,), outputs=3, cells=(1,))
CONFIG = DistillationConfig(epochs=4, views=2, batch_size=20, learning_rate=0.02)
BEGUN = replace(CONFIG, epochs=1, views=3)


def colours(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean colours of pictures, [n, 3]: the bottlenecks of the toy teacher."""
    return np.asarray(pixels.mean(axis=(1, 2)), np.float32)


TEACHER = Backbone(name="toy", sha256="0" * 64, size=4, width=3, embed=colours, graph=colours)


@pytest.fixture
def images(tmp_path: Path) -> list[Image]:
    return draw(tmp_path)


def draw(folder: Path) -> list[Image]:
    """Write 220 pictures of one tint each."""
    chance = np.random.default_rng(0)
    pictures = []
    for k in range(220):
        file = io.BytesIO()
        tint = chance.integers(0, 200, 3)
        pixels = (tint + chance.integers(0, 56, (10, 12, 3))).astype(np.uint8)
        PillowImage.fromarray(pixels).save(file, "PNG")
        (folder / f"{k}.png").write_bytes(file.getvalue())
        sha256 = hashlib.sha256(file.getvalue()).hexdigest()
        pictures.append(Image(address=f"{k}", file=f"{k}.png", sha256=sha256, width=12, height=10))
    return pictures


PARTS = np.array(["train"] * 200 + ["tuning"] * 15 + ["test"] * 5)


def targets(images: list[Image], folder: Path, teacher: Backbone = TEACHER) -> TeacherTargets:
    return TeacherTargets(
        images=images,
        folder=folder,
        teacher=teacher,
        cache=bottleneck_cache(folder / "cache", teacher),
    )


def distilled_from(
    images: list[Image], folder: Path, config: DistillationConfig = CONFIG
) -> Distilled:
    return distil(targets(images, folder), PARTS, SHAPE, config, state_path=folder / "state")


@pytest.fixture(scope="module")
def distilled(tmp_path_factory: pytest.TempPathFactory) -> Distilled:
    """The result of a distillation of 25 epochs."""
    folder = tmp_path_factory.mktemp("distilled")
    return distilled_from(draw(folder), folder, replace(CONFIG, epochs=25))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Distil for one epoch; return the folder of the pictures, the cache and the state."""
    folder = tmp_path_factory.mktemp("begun")
    distilled_from(draw(folder), folder, BEGUN)
    return folder


def test_a_student_agrees_with_its_teacher(distilled: Distilled) -> None:
    assert distilled.agreement.explained > 0.8
    assert distilled.agreement.cosine > 0.99
    assert distilled.student.about["pictures"] == {"train": 200, "tuning": 15}


def teacher_bottlenecks(images: list[Image], folder: Path) -> NDArray[np.float32]:
    return colours(np.stack([to_pixels(read_view(View(image), folder), 4) for image in images]))


def test_a_saved_student_agrees_as_much_as_the_trained_one(
    distilled: Distilled, images: list[Image], tmp_path: Path
) -> None:
    save_student(distilled.student, tmp_path / "student.npz")
    backbone = load_backbone(str(tmp_path / "student.npz"))
    cache = bottleneck_cache(tmp_path / "cache", backbone)
    tuning = images[200:215]
    wanted = teacher_bottlenecks(tuning, tmp_path)
    outputs = bottlenecks(tuning, tmp_path, backbone, cache)[np.arange(15)][:, : SHAPE.outputs]
    deviation = teacher_bottlenecks(images[:200], tmp_path).std(axis=0)
    again = agreement_of(outputs / deviation, wanted / deviation)
    assert again.explained == pytest.approx(distilled.agreement.explained, abs=0.05)


def test_folding_the_norms_keeps_the_outputs() -> None:
    model = new_keras_student(SHAPE, "float32")
    chance = np.random.default_rng(0)
    model.set_weights([chance.uniform(0.5, 1.5, w.shape).astype("f4") for w in model.get_weights()])
    pictures = chance.integers(0, 256, (32, 8, 8, 3), np.uint8)
    outputs = onnx_embed(folded(model, SHAPE))((pictures / 255).astype(np.float32))
    assert outputs[:, : SHAPE.outputs] == pytest.approx(model.predict_on_batch(pictures), rel=1e-4)


def test_a_keras_student_loads_a_student_and_gives_its_outputs(tmp_path: Path) -> None:
    first, second = new_keras_student(SHAPE, "float32"), new_keras_student(SHAPE, "float32", seed=1)
    chance = np.random.default_rng(0)
    first.set_weights([chance.uniform(0.5, 1.5, w.shape).astype("f4") for w in first.get_weights()])
    save_student(folded(first, SHAPE), tmp_path / "student.npz")
    kept, _ = read_student(tmp_path / "student.npz")
    load_student(kept, second)
    pictures = chance.integers(0, 256, (32, 8, 8, 3), np.uint8)
    outputs = onnx_embed(kept)((pictures / 255).astype(np.float32))[:, : SHAPE.outputs]
    assert second.predict_on_batch(pictures) == pytest.approx(outputs, rel=1e-4)
    again = folded(second, SHAPE)
    for name in kept.kernels:
        assert again.means[name] == pytest.approx(kept.means[name], rel=1e-4)
        assert again.deviations[name] == pytest.approx(kept.deviations[name], rel=1e-4)


def test_training_starts_from_a_student(
    distilled: Distilled, images: list[Image], tmp_path: Path
) -> None:
    short = replace(CONFIG, epochs=2, learning_rate=0.001, start="first")
    state = tmp_path / "second"
    second = distil(
        targets(images, tmp_path), PARTS, SHAPE, short, state_path=state, start=distilled.student
    )
    assert second.agreement.explained > distilled.agreement.explained - 0.1
    assert second.student.about["start"] == distilled.student.about


def test_a_resumed_distillation_ends_as_an_uninterrupted_one(
    images: list[Image], tmp_path: Path
) -> None:
    whole = distil(targets(images, tmp_path), PARTS, SHAPE, CONFIG, state_path=tmp_path / "whole")
    epochs = 0

    def stop_in_the_third(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        if label.startswith("epoch 3"):
            raise KeyboardInterrupt
        return iter(items)

    stopped = replace(targets(images, tmp_path), console=Tracker(stop_in_the_third))
    with pytest.raises(KeyboardInterrupt):
        distil(stopped, PARTS, SHAPE, CONFIG, state_path=tmp_path / "state")

    def count(epoch: int, loss: float, agreement: Agreement) -> None:
        nonlocal epochs
        epochs += 1

    state = tmp_path / "state"
    resumed = distil(
        targets(images, tmp_path), PARTS, SHAPE, CONFIG, state_path=state, on_epoch=count
    )
    assert epochs == 2
    assert resumed.agreement == whole.agreement
    for name, kernel in whole.student.kernels.items():
        assert (resumed.student.kernels[name] == kernel).all()


def test_training_stops_when_the_agreement_on_tuning_pictures_no_longer_rises(
    images: list[Image], tmp_path: Path
) -> None:
    epochs = []
    config = replace(CONFIG, epochs=50, patience=1, learning_rate=1e-9)
    distil(
        targets(images, tmp_path),
        PARTS,
        SHAPE,
        config,
        state_path=tmp_path / "state",
        on_epoch=lambda epoch, loss, agreement: epochs.append(epoch),
    )
    assert 25 < len(epochs) < 50  # the first half uses smaller pictures and never stops early


def test_a_state_of_other_settings_is_refused(
    begun: Path, images: list[Image], tmp_path: Path
) -> None:
    shutil.copy(begun / "state", tmp_path)
    with pytest.raises(ModelError, match="belongs to a training with other pictures or set"):
        distilled_from(images, tmp_path, replace(BEGUN, seed=1))


def test_a_damaged_state_is_reported(begun: Path, images: list[Image], tmp_path: Path) -> None:
    state = (begun / "state").read_bytes()
    (tmp_path / "state").write_bytes(state[: len(state) // 2])
    with pytest.raises(ModelError, match=r"is damaged.*remove it to start again"):
        distilled_from(images, tmp_path, BEGUN)


def test_too_few_pictures_are_refused(images: list[Image], tmp_path: Path) -> None:
    few = images[:50] + images[200:]
    parts = np.concatenate([PARTS[:50], PARTS[200:]])
    with pytest.raises(ModelError, match="50 pictures in the train part are too few"):
        distil(targets(few, tmp_path), parts, SHAPE, CONFIG, state_path=tmp_path / "state")


def test_the_teacher_sees_distorted_views_of_training_pictures_alone(begun: Path) -> None:
    cache = bottleneck_cache(begun / "cache", TEACHER)
    assert len(cache.read()) == len(PARTS) + 2 * 200


def test_broken_pictures_are_left_out_and_reported(images: list[Image], tmp_path: Path) -> None:
    (tmp_path / "210.png").write_bytes(b"<html>")
    distilled = distilled_from(images, tmp_path, replace(CONFIG, epochs=1))
    assert distilled.lost == ("210.png: not the file that was crawled",)
    assert distilled.student.about["pictures"]["tuning"] == 14


def test_agreement_is_the_share_of_variance_and_the_mean_cosine() -> None:
    wanted = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert agreement_of(wanted, wanted) == Agreement(1, 1)
    assert agreement_of(np.full((2, 2), 0.5), wanted) == pytest.approx((0, np.sqrt(0.5)))
