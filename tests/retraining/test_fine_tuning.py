"""A student that sees no colours learns them; what is frozen stays, and memory may run out."""

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
from product_classifier.retraining.distortions import Distortions
from product_classifier.retraining.fine_tuning import Epoch, Tuned, fine_tune, predict_test
from product_classifier.retraining.keras_student import folded, new_pupil
from product_classifier.retraining.trainable_network import Plan, Tunable, is_part, load_tunable
from product_classifier.retraining.trainer import Head, Tuner
from product_classifier.retraining.training_images import Album, Maps, Squares, choose_source
from tests.conftest import ROOT
from tests.consoles import Recorder, Tracker

pytestmark = pytest.mark.slow
T = TypeVar("T")
SHAPE = Shape(size=8, stem=8, widths=(8, 8), depths=(1, 1), outputs=6, cells=(2, 0))
WIDTH = 6 + 8 * 4  # outputs, and the layout of the first stage
LABELS = ("red", "green", "blue")
PLAN = Plan("all", epochs=4, batch_size=16, learning_rate=0.02)
ALL = replace(PLAN, epochs=3)


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student with random weights that takes all colours for the same."""
    pupil = new_pupil(SHAPE, "float32")
    chance = np.random.default_rng(0)
    pupil.set_weights([chance.uniform(0.5, 1.5, w.shape).astype("f4") for w in pupil.get_weights()])
    blind = folded(pupil, SHAPE)
    for name, kernel in blind.kernels.items():
        blind.kernels[name] = chance.normal(0, 0.3, kernel.shape).astype("f4")
        blind.biases[name] = np.full_like(blind.biases[name], 0.1)
    blind.kernels["stem"][:] = blind.kernels["stem"][:, :, :1]
    path = tmp_path_factory.mktemp("student") / "blind.npz"
    save_student(blind, path)
    return path


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
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
    return Album(images, folder, np.array(label_of), rows, LABELS)


def blank(width: int = WIDTH) -> Head:
    nothing = np.zeros(width, np.float32)
    return Head(np.zeros((width, 3), np.float32), np.zeros(3, np.float32), nothing, nothing + 1)


def tune(
    student: Path,
    album: Album,
    folder: Path,
    plan: Plan = PLAN,
    seen: list[Epoch] | None = None,
) -> tuple[Tunable, Tuned]:
    """Fine-tune on pictures as they are decoded, in each epoch anew."""
    tunable = load_tunable(str(student), None, "float32", SILENT)
    source = Squares(album, SHAPE.size, plan.distortions, plan.seed)
    observe = seen.append if seen is not None else lambda epoch: None
    state = folder / "network.state"
    return tunable, fine_tune(tunable, tunable.model, source, album, blank(), plan, state, observe)


def kernels(tunable: Tunable, path: Path) -> dict[str, NDArray[np.float32]]:
    tunable.save(path, {})
    return read_student(path)[0].kernels


def test_all_of_it_learns_what_a_head_alone_cannot(
    student: Path, album: Album, tmp_path: Path
) -> None:
    frozen, whole = tmp_path / "frozen", tmp_path / "whole"
    frozen.mkdir()
    whole.mkdir()
    _, head = tune(student, album, frozen, replace(PLAN, part="head", epochs=12))
    tunable, tuned = tune(student, album, whole, replace(PLAN, epochs=12))
    assert head.on_test.accuracy < 0.6
    assert tuned.on_test.accuracy > 0.9
    sha256 = tunable.save(whole / "network.npz", tuned.about(tunable, PLAN, album))
    saved = load_backbone(str(whole / "network.npz"))
    assert saved.sha256 == sha256 != tunable.backbone.sha256
    predicted = predict_test(saved, tuned, album, whole / "cache")
    right = float((predicted == album.label_of[album.rows["test"]]).mean())
    assert right == pytest.approx(tuned.on_test.accuracy, abs=0.06)  # one of 18 pictures
    about = read_student(whole / "network.npz")[0].about
    assert about["labels"] == 3
    assert about["pictures"] == {"train": 84, "tuning": 18, "test": 18}
    assert about["tuning"]["accuracy"] == tuned.progress.best.accuracy


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("head", set()),
        ("last:1", {"stage1_block0_first", "stage1_block0_second", "stage1_block0_skip", "head"}),
        ("last:2", {name for name in kernel_shapes(SHAPE) if name != "stem"}),
    ],
)
def test_the_asked_part_changes_and_the_rest_does_not_by_a_bit(
    student: Path, album: Album, tmp_path: Path, part: str, changed: set[str]
) -> None:
    tunable, _ = tune(student, untuned(album), tmp_path, replace(PLAN, part=part, epochs=1))
    assert moved(student, tunable) == changed


def untuned(album: Album) -> Album:
    """Return an album without tuning pictures: of a training with it, the last epoch is kept."""
    return replace(album, rows={**album.rows, "tuning": np.zeros(0, np.int64)})


def moved(student: Path, tunable: Tunable) -> set[str]:
    """Return the names of the kernels that a training has changed, or the norms after them."""
    before = load_tunable(str(student), None, "float32", SILENT).model.get_weights()
    after = tunable.model.get_weights()
    named = zip(tunable.model.weights, before, after, strict=True)
    return {
        weight.path.split("/")[-2].removesuffix("_norm")
        for weight, old, new in named
        if not np.array_equal(old, new)
    }


@pytest.fixture(scope="module")
def all_of_it(
    student: Path, album: Album, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Tunable, Tuned, Path]:
    """Train the whole network for three epochs, without tuning pictures; with its state."""
    folder = tmp_path_factory.mktemp("all")
    return *tune(student, untuned(album), folder, ALL), folder / "network.state"


def test_all_of_it_may_change(student: Path, all_of_it: tuple[Tunable, Tuned, Path]) -> None:
    assert moved(student, all_of_it[0]) == set(kernel_shapes(SHAPE))


def test_norms_keep_their_statistics_and_use_them_while_they_are_trained(
    student: Path, album: Album
) -> None:
    tunable = load_tunable(str(student), None, "float32", SILENT)
    before = tunable.model.get_weights()
    tuner = Tuner(tunable.model, blank(), album, Squares(album, SHAPE.size, PLAN.distortions, 0))
    train = album.rows["train"]
    expected = tuner.score(train, 16)
    assert tuner.epoch(train, 16, 0, lambda share: 0.0, "") == pytest.approx(expected, rel=1e-4)
    tuner.epoch(train, 16, 1, lambda share: 0.01, "")
    paths = [weight.path for weight in tunable.model.weights]
    same = {
        path.rsplit("/")[-1]: np.array_equal(old, new)
        for path, old, new in zip(paths, before, tunable.model.get_weights(), strict=True)
    }
    assert same == {
        "kernel": False, "gamma": False, "beta": False,
        "moving_mean": True, "moving_variance": True,
    }  # fmt: skip


def test_more_blocks_than_there_are_names_how_many_there_are(student: Path) -> None:
    tunable = load_tunable(str(student), None, "float32", SILENT)
    assert tunable.trained_blocks("last:3") == tunable.trained_blocks("all") == 3
    with pytest.raises(ModelError, match=r"has 3 blocks; pass --fine-tune last:3 at most"):
        tunable.trained_blocks("last:4")


def test_parts_are_head_all_and_a_number_of_last_blocks() -> None:
    assert all(map(is_part, ("head", "all", "last:1", "last:12")))
    assert not any(map(is_part, ("", "last", "last:0", "last:-1", "last:x", "All", "last:1 ")))


def test_a_network_whose_layers_are_unknown_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"cannot be fine-tuned: its layers are not known"):
        load_tunable("https://tfhub.dev/google/bit/s-r50x1/1", None, "float32", SILENT)


def test_after_an_interruption_it_ends_as_if_there_had_been_none(
    student: Path, album: Album, tmp_path: Path
) -> None:
    plan = replace(PLAN, epochs=3, distortions=Distortions(True, 10, 10, 10, 10, 10))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    tunable, tuned = tune(student, album, whole, plan)

    def stop_in_the_second(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        if label.startswith("epoch 2"):
            raise KeyboardInterrupt
        return iter(items)

    with pytest.raises(KeyboardInterrupt):
        tune(student, replace(album, console=Tracker(stop_in_the_second)), parts, plan)
    seen: list[Epoch] = []
    again, resumed = tune(student, album, parts, plan, seen)
    assert [epoch.number for epoch in seen] == [2, 3]
    assert resumed.progress == tuned.progress
    assert (resumed.head.weights == tuned.head.weights).all()
    expected = kernels(tunable, tmp_path / "a.npz")
    for name, kernel in kernels(again, tmp_path / "b.npz").items():
        assert (kernel == expected[name]).all()


def test_it_stops_without_a_gain_and_keeps_the_best_epoch(
    student: Path, album: Album, tmp_path: Path
) -> None:
    seen: list[Epoch] = []
    # steps so long that they lead nowhere
    plan = replace(PLAN, learning_rate=50, epochs=20, patience=2)
    tunable, tuned = tune(student, album, tmp_path, plan, seen)
    assert tuned.progress.best_epoch + 2 == len(seen) - 1 < 20
    told = [epoch for epoch in seen if np.isfinite(epoch.on_tuning.loss)]
    best = min(told, key=lambda epoch: epoch.on_tuning.loss)
    assert (best.number, best.on_tuning) == (tuned.progress.best_epoch, tuned.progress.best)
    source = Squares(album, SHAPE.size, plan.distortions, plan.seed)
    again = Tuner(tunable.model, tuned.head, album, source).score(album.rows["tuning"], 16)
    assert again.loss == pytest.approx(best.on_tuning.loss, rel=1e-4)


def test_the_state_of_another_training_is_refused(
    student: Path, album: Album, all_of_it: tuple[Tunable, Tuned, Path], tmp_path: Path
) -> None:
    shutil.copy(all_of_it[2], tmp_path)
    with pytest.raises(ModelError, match="other settings"):
        tune(student, untuned(album), tmp_path, replace(ALL, epochs=2))


def test_maps_of_the_frozen_part_train_as_the_pictures_do(
    student: Path, album: Album, tmp_path: Path
) -> None:
    shape = replace(PLAN, part="last:1", epochs=2)
    plain, tuned = tune(student, album, tmp_path, shape)
    tunable = load_tunable(str(student), None, "float32", SILENT)
    features = picture_features(album.images, album.folder, tunable.backbone, tmp_path / "cache")
    told: list[str] = []
    network, source = choose_source(
        tunable, shape, album, features, tmp_path / "cache", Recorder(told)
    )
    assert isinstance(source, Maps)
    assert told == [f"what the frozen blocks give is kept in {tmp_path / 'cache'}: 0.0 GB"]
    other = fine_tune(tunable, network, source, album, blank(), shape, tmp_path / "other.state")
    assert other.on_test.loss == pytest.approx(tuned.on_test.loss, rel=1e-3)
    expected = kernels(plain, tmp_path / "a.npz")
    for name, kernel in kernels(tunable, tmp_path / "b.npz").items():
        assert kernel == pytest.approx(expected[name], abs=0.01)


@pytest.mark.parametrize(
    ("part", "distortions"),
    [("last:1", Distortions(True)), ("head", Distortions(True)), ("all", Distortions())],
)
def test_pictures_are_read_in_each_epoch_where_what_is_frozen_differs_or_nothing_is(
    student: Path, album: Album, tmp_path: Path, part: str, distortions: Distortions
) -> None:
    tunable = load_tunable(str(student), None, "float32", SILENT)
    features = picture_features(album.images, album.folder, tunable.backbone, tmp_path)
    plan = replace(PLAN, part=part, distortions=distortions)
    network, source = choose_source(tunable, plan, album, features, tmp_path)
    assert isinstance(source, Squares)
    assert network is tunable.model


def test_the_rate_rises_and_falls_to_nothing() -> None:
    plan = Plan("all", epochs=10, learning_rate=1)
    rates = [plan.rate(k, share) for k in range(10) for share in (0.5, 1)]
    assert rates[:2] == [0.5, 1]
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] == pytest.approx(0)


def test_without_tuning_pictures_the_last_epoch_is_kept(
    album: Album, all_of_it: tuple[Tunable, Tuned, Path]
) -> None:
    tunable, tuned, _ = all_of_it
    assert tuned.progress.best_epoch == 3
    assert "tuning" not in tuned.about(tunable, PLAN, album)


def test_in_half_precision_it_learns_the_same_and_keeps_weights_in_full(
    student: Path, album: Album, tmp_path: Path
) -> None:
    tunable = load_tunable(str(student), None, "bfloat16", SILENT)
    assert {layer.compute_dtype for layer in tunable.blocks[-1]} == {"bfloat16"}
    source = Squares(album, SHAPE.size, PLAN.distortions, PLAN.seed)
    plan = replace(PLAN, precision="bfloat16", epochs=12)
    state = tmp_path / "network.state"
    tuned = fine_tune(tunable, tunable.model, source, album, blank(), plan, state)
    assert tuned.on_test.accuracy > 0.9
    assert {weight.dtype for weight in tunable.model.weights} == {"float32"}
    assert {kernel.dtype for kernel in kernels(tunable, tmp_path / "a.npz").values()} == {
        np.dtype(np.float32)
    }


CACHE = "JAX_COMPILATION_CACHE_DIR"
COMPILED_ONCE = {  # the trainings of one process share what JAX has compiled
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_it_learns_with_another_backend_of_keras(tmp_path: Path, backend: str) -> None:
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    file = Path(__file__)
    names = (
        test_all_of_it_learns_what_a_head_alone_cannot,
        test_norms_keep_their_statistics_and_use_them_while_they_are_trained,
        test_after_an_interruption_it_ends_as_if_there_had_been_none,
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
