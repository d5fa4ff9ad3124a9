"""Trained categorizers put into folders and opened elsewhere, on belts and jeans."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from product_classifier.errors import ModelError, ProductClassifierError, StoreError
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.cleaning import TextSettings
from product_classifier.features.dataset_features import Features
from product_classifier.models.choices import (
    FUSIONS,
    JOINED,
    LOGIT_ADJUST,
    WORD_MODELS,
    Balance,
    Choices,
)
from product_classifier.models.experiment import with_levels
from product_classifier.models.fitting import fit_network
from product_classifier.models.saved import open_model, save_model
from product_classifier.models.training import Trained, train
from product_classifier.predictions import Experiment, PathScores
from product_classifier.records import Category, Dataset, Item
from tests.models import test_choices as shop

short_rounds = shop.short_rounds
ALL = np.arange(shop.ROWS)
NAMES = ("bootcut", "flare", "belts")
NEW = ["Soft boot denim", "a buckle of leather", "", "nothing known at all"]


def dataset() -> Dataset:
    categories = tuple(
        Category(id=name, name=name, parent=None, path=f"women/{name}", leaf=True) for name in NAMES
    )
    parts = ["train"] * 90 + ["tuning"] * 15 + ["calibration"] * 15
    items = tuple(
        Item(id=f"p{row:03}", text=text, image=None, labels=shop.LABELS[row], part=parts[row])
        for row, text in enumerate(shop.TEXTS)
    )
    return Dataset(
        categories=categories,
        above=((),) * 3,
        items=items,
        name="all",
        split="0123456789abcdef",
        left_out=(),
        settings={},
    )


def experiment(kind: str, right: int = 60) -> Experiment:
    """Return an experiment with that many correct predictions of calibration products."""
    products = [f"p{k:03}" for k in range(60)]
    answers = np.array([[k % 3 if k < right else (k + 1) % 3] for k in range(60)])
    score = np.linspace(1, 0.5, 60)[:, None]
    found = PathScores(
        part="calibration",
        products=products,
        categories=NAMES,
        answers=answers,
        score=score,
        uncalibrated=score,
    )
    return Experiment(
        name=f"{kind} of all",
        kind=kind,
        split="0123456789abcdef",
        settings={},
        versions={},
        seconds=1.0,
        accuracy={},
        predictions=[],
        paths=[found],
    )


def kept(
    folder: Path, trained: Trained, features: Features, reading: TextSettings, kind: str = "words"
) -> None:
    pictured = {"backbone": "colours", "weights": "ab" * 32} if features.pictures else {}
    features = dataclasses.replace(features, settings=pictured)
    save_model(folder, trained, experiment(kind), dataset(), features, text_settings=reading)


def named(names: Any, slow: set[str]) -> list[Any]:
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in slow)) for name in names]


@pytest.mark.parametrize("name", named(WORD_MODELS, shop.WITH_KERAS))
def test_a_model_of_words_predicts_the_same_when_opened_elsewhere(
    name: str, tmp_path: Path
) -> None:
    choices = Choices(model=name)
    model = WORD_MODELS[name]
    reading = TextSettings(model.vectorizer, model.clean)
    features = shop.of_words(choices)
    trained = shop.learned(choices, features)
    kept(tmp_path / "here", trained, features, reading)
    shutil.move(tmp_path / "here", tmp_path / "there")
    opened = open_model(tmp_path / "there")
    assert opened.reader
    vectors = opened.reader.transform(shop.TEXTS)
    assert (vectors != features.words).nnz == 0
    again = opened.trained(Features(vectors, vocabulary=opened.reader.vocabulary))
    assert again.temperature == trained.temperature
    expected = np.asarray(trained.classifier.logits(ALL))
    assert np.array_equal(np.asarray(again.classifier.logits(ALL)), expected)
    unknown = opened.trained(Features(opened.reader.transform(NEW)))
    assert np.isfinite(np.asarray(unknown.classifier.logits(np.arange(4)))).all()


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_fusion_predicts_the_same_when_opened_elsewhere(fusion: str, tmp_path: Path) -> None:
    choices = Choices(
        kind="both", fusion=fusion, model="network" if fusion in JOINED else "logistic"
    )
    rows = np.where(ALL % 10 == 0, -1, ALL)  # some have no picture
    pictures = shop.seen().pictures
    assert pictures
    features = shop.read() | Features(pictures=Bottlenecks(pictures.vectors, rows, ()))
    trained = shop.learned(choices, features)
    kept(tmp_path, trained, features, TextSettings(), "both")
    again = open_model(tmp_path).trained(features)
    expected = np.asarray(trained.classifier.logits(ALL))
    assert np.array_equal(np.asarray(again.classifier.logits(ALL)), expected)


@pytest.mark.slow
def test_heads_of_pictures_and_of_levels_predict_the_same(tmp_path: Path) -> None:
    fit = with_levels(fit_network, np.array([[0, 0, 1], [0, 1, 2]]))
    levelled = train(shop.seen(), shop.LABELS, shop.TRAIN, shop.TUNING, 3, fit=fit)
    dense = shop.learned(Choices(kind="images", head=(8, 4)), shop.seen())
    for name, trained in (("levels", levelled), ("dense", dense)):
        kept(tmp_path / name, trained, shop.seen(), TextSettings(), "images")
        again = open_model(tmp_path / name).trained(shop.seen())
        expected = np.asarray(trained.classifier.logits(ALL))
        assert np.array_equal(np.asarray(again.classifier.logits(ALL)), expected)


def linear(tmp_path: Path) -> Path:
    """Keep a small model, for tests of its folder."""
    choices = Choices(model="logistic", balance=Balance(LOGIT_ADJUST, 1))
    features = shop.of_words(choices)
    kept(tmp_path / "model", shop.learned(choices, features), features, TextSettings())
    return tmp_path / "model"


def section(folder: Path, name: str) -> Path:
    [file] = folder.glob(f"{name}-*")
    return file


def test_a_folder_is_text_json_and_numbers(tmp_path: Path) -> None:
    folder = linear(tmp_path)
    names = [path.name.partition("-")[0] for path in folder.iterdir()]
    assert sorted(names) == ["categories", "settings.json", "vocabulary", "weights"]
    lines = section(folder, "categories").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [[name, f"women/{name}"] for name in NAMES]
    assert "denim" in section(folder, "vocabulary").read_text().splitlines()
    header = json.loads((folder / "settings.json").read_text())
    assert header["format"] == 2
    assert header["settings"]["kind"] == "words"
    data = header["settings"]["about"]["data"]
    assert data["split"] == "0123456789abcdef"
    assert len(data["sha256"]) == 64
    with np.load(section(folder, "weights"), allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "fib" for name in arrays.files)


def test_scores_are_certified_on_the_calibration_products(tmp_path: Path) -> None:
    opened = open_model(linear(tmp_path))
    # 60 of 60 right certify 95 %, and 98 % of nothing
    assert opened.thresholds == {0.95: pytest.approx(0.5, abs=0.01)}
    assert opened.certified(0.7) == 0.95
    assert opened.certified(0.4) is None


@pytest.mark.parametrize("name", ["weights", "vocabulary", "categories"])
def test_a_truncated_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = linear(tmp_path)
    file = section(folder, name)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(StoreError, match=f"{file.name} is incomplete or was changed"):
        open_model(folder)
    file.unlink()
    with pytest.raises(StoreError, match=f"holds no complete model .*{file.name}"):
        open_model(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 1},
        {"format": 99},
        {"format": None},
        {"settings": None},
        {"settings": {}},
        {"sections": {}},
        {"sections": {"../model/weights.npz": {"bytes": 3, "sha256": "ab" * 32}}},
        {"sections": 3},
        {"checksum": "ab" * 32},
        {"more": 1},
    ],
)
def test_a_header_of_another_kind_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    folder = linear(tmp_path)
    header = json.loads((folder / "settings.json").read_text())
    (folder / "settings.json").write_text(json.dumps({**header, **change}))
    with pytest.raises(ProductClassifierError, match=r"has format|damaged"):
        open_model(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 2}', '{"a": 1, "a": 1}'])
def test_an_invalid_header_is_refused(text: str, tmp_path: Path) -> None:
    folder = linear(tmp_path)
    (folder / "settings.json").write_text(text)
    with pytest.raises(StoreError, match="damaged"):
        open_model(folder)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no complete model .*create it by --save"):
        open_model(tmp_path / "none")


def test_a_tree_with_a_cycle_is_refused(tmp_path: Path) -> None:
    choices = Choices(model="forest")
    features = shop.of_words(choices)
    kept(tmp_path, shop.learned(choices, features), features, TextSettings())
    opened = open_model(tmp_path)
    [forest] = opened.state.parts
    left = forest.arrays["left_child"].copy()
    left[left > 0] = 0  # back to the root
    looped = dataclasses.replace(forest, arrays={**forest.arrays, "left_child": left})
    state = dataclasses.replace(opened.state, parts=[looped])
    with pytest.raises(ModelError, match="a tree of the forest is invalid"):
        dataclasses.replace(opened, state=state).trained(features)
