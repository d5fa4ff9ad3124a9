"""Folders of saved models of every kind, as --save writes them, and ways to change them.

An attacker can compute the checksum of a changed folder, and so does `rewrite`.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from product_classifier.backbones.saved_backbone import load_arguments
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.cleaning import (
    DEFAULT_TEXT_SETTINGS,
    NGRAMS,
    SEQUENCE,
    TextSettings,
)
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import vectorize
from product_classifier.models.balance import restored_adjusted
from product_classifier.models.base import Classifier, State
from product_classifier.models.choices import CONCAT, CONCAT_DENSE, PRODUCT
from product_classifier.models.late_fusion import Late, Modalities, Stack, restored_blend
from product_classifier.models.layers import VECTORS, Design
from product_classifier.models.network import Network
from product_classifier.models.saved import open_model, save_model
from product_classifier.models.scaling import Scaling
from product_classifier.models.scikit import ScikitClassifier
from product_classifier.models.training import Trained
from product_classifier.predictions import Experiment, PathScores
from product_classifier.records import Category, Dataset, Item
from product_classifier.store.model_folder import SECTIONS, checksum, section_file

NAMES = ("bootcut", "flare", "belts")
KINDS = ("boot denim jeans", "wide denim jeans", "leather buckle belt")
TEXTS = [f"{('soft', 'dark', 'light')[k // 3 % 3]} {KINDS[k % 3]} {k}" for k in range(30)]
LABELS = np.arange(30) % 3
ROWS = np.arange(30)
WIDTH = 5
WITH_SCIKIT = ("logistic", "forest", "blended", "balanced", "pictures", "late", "stack")
JOINED = (CONCAT, PRODUCT, CONCAT_DENSE)
WITH_KERAS = ("network", "sequence", "embedding", "levels", "head", *JOINED)


@dataclass(frozen=True)
class Folder:
    """The contents of a folder, which can be changed and written."""

    header: dict[str, Any]
    sections: Mapping[str, bytes]
    arrays: Mapping[str, NDArray[Any]]


def words(reading: TextSettings = DEFAULT_TEXT_SETTINGS) -> Features:
    vectors, vocabulary = vectorize(TEXTS, np.ones(len(TEXTS), bool), reading)
    return Features(vectors, vocabulary=vocabulary)


def pictures() -> Features:
    vectors = np.random.default_rng(0).random((30, WIDTH)).astype(np.float32)
    vectors[ROWS, LABELS] += 2
    facts = {"backbone": "mini", "weights": "ab" * 32}
    return Features(pictures=Bottlenecks(vectors, ROWS, ()), settings=facts)


def both() -> Features:
    return words() | pictures()


def scikit(features: Features, model: Any) -> ScikitClassifier:
    scaling = Scaling.fit(features.pictures, ROWS) if features.pictures else None
    classifier = ScikitClassifier(model, features, scaling, 3)
    model.fit(classifier.inputs(ROWS), LABELS)
    return classifier


def trained(classifier: Classifier) -> Trained:
    return Trained(
        classifier=classifier, prior=np.full(3, 1 / 3), temperature=1.0, settings={"parameters": 1}
    )


def example(name: str) -> tuple[Classifier, Features, TextSettings]:
    """Return a classifier of a kind, hardly fitted, because only its folder is tested."""
    if name in ("logistic", "forest", "blended", "balanced"):
        reading = TextSettings(NGRAMS, "basic", 40) if name == "blended" else DEFAULT_TEXT_SETTINGS
        features = words(reading)
        forest = RandomForestClassifier(3, random_state=0)
        one = scikit(features, forest if name == "forest" else LogisticRegression())
        if name == "balanced":
            shift = State("adjusted", arrays={"shift": np.arange(3.0)}, parts=[one.state()])
            return restored_adjusted(shift, [one], 3), features, reading
        if name == "blended":
            other = scikit(features, RandomForestClassifier(2, random_state=1))
            parts = [one.state(), other.state()]
            blend = State("blend", arrays={"temperatures": np.array([1.0, 2.0])}, parts=parts)
            return restored_blend(blend, [one, other]), features, reading
        return one, features, reading
    if name == "pictures":
        return scikit(pictures(), LogisticRegression()), pictures(), DEFAULT_TEXT_SETTINGS
    if name in ("late", "stack"):
        read, seen = (
            trained(scikit(side, LogisticRegression()))
            for side in (both().words_alone, both().pictures_alone)
        )
        modalities = Modalities(read, seen, both())
        if name == "late":
            return Late(modalities, np.array([1.0, 0.5])), both(), DEFAULT_TEXT_SETTINGS
        model = LogisticRegression().fit(np.random.default_rng(0).random((30, 10)), LABELS)
        return Stack(modalities, model, 3), both(), DEFAULT_TEXT_SETTINGS
    reading = TextSettings(SEQUENCE, "stemmed") if name == "sequence" else DEFAULT_TEXT_SETTINGS
    if name in JOINED:
        design = Design(joint=name, head=(4,), modality_dropout=0.1)
        return Network.new(both(), ROWS, 3, 0, design), both(), reading
    if name == "head":
        return Network.new(pictures(), ROWS, 3, 0, Design(head=(4, 6))), pictures(), reading
    vectors = np.ones((words().columns, 6), np.float32)
    levels = np.array([[0, 0, 1], [0, 1, 2]])
    designs = {
        "network": Design(),
        "sequence": Design(encoder=SEQUENCE),
        "embedding": Design(encoder=VECTORS, vectors=vectors),
        "levels": Design(levels=levels),
    }
    return Network.new(words(reading), ROWS, 3, 0, designs[name]), words(reading), reading


def dataset() -> Dataset:
    categories = tuple(
        Category(id=name, name=name, parent=None, path=f"women/{name}", leaf=True) for name in NAMES
    )
    items = tuple(
        Item(
            id=f"p{k}",
            text=text,
            image=None,
            labels=(k % 3,),
            part="calibration" if k >= 20 else "train",
        )
        for k, text in enumerate(TEXTS)
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


def save(folder: Path, name: str) -> None:
    """Save a model of a kind as the categorizers do."""
    classifier, features, reading = example(name)
    kind = "both" if features.words is not None and features.pictures else "words"
    kind = "images" if features.words is None else kind
    products = [f"p{k}" for k in range(20, 30)]
    answers = np.arange(20, 30)[:, None] % 3
    score = np.linspace(1, 0.5, 10)[:, None]
    scores = PathScores(
        part="calibration",
        products=products,
        categories=NAMES,
        answers=answers,
        score=score,
        uncalibrated=score,
    )
    facts: dict[str, Any] = {"images_per_product": 2, "backbone": "/home/me/network", "seed": 0}
    experiment = Experiment(
        name=f"{name} of all",
        kind=kind,
        split="",
        settings=facts,
        versions={},
        seconds=1.0,
        accuracy={},
        predictions=[],
        paths=[scores],
    )
    save_model(folder, trained(classifier), experiment, dataset(), features, text_settings=reading)


@functools.cache
def saved(name: str) -> Folder:
    """Return the folder that --save writes for a model of a kind, cached in the process."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        save(Path(place), name)
        folder = contents(Path(place))
    settings = folder.header["settings"]
    settings["thresholds"] = [{"accuracy": 0.95, "score": 0.5}, {"accuracy": 0.98, "score": 0.75}]
    return folder


def contents(path: Path) -> Folder:
    header = json.loads((path / "settings.json").read_text())
    sections = {name: section_file(path, name, header).read_bytes() for name in header["sections"]}
    with np.load(io.BytesIO(sections["weights"])) as arrays:
        return Folder(header, sections, dict(arrays))


def with_array(folder: Folder, name: str, array: NDArray[Any] | None) -> Folder:
    """Replace or remove an array."""
    others = {key: value for key, value in folder.arrays.items() if key != name}
    arrays = others if array is None else {**others, name: array}
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    sections = {**folder.sections, "weights": file.getvalue()}
    return replace(folder, sections=sections, arrays=arrays)


def rewrite(path: Path, folder: Folder, hashed: bool = True, sealed: bool = True) -> None:
    """Write a folder; hashed: with its sections' hashes and sizes, sealed: with its checksum."""
    path.mkdir(parents=True, exist_ok=True)
    header = json.loads(json.dumps(folder.header))
    for name, data in folder.sections.items():
        sha256 = hashlib.sha256(data).hexdigest()
        if hashed:
            header["sections"][name] = {"bytes": len(data), "sha256": sha256}
        if name in SECTIONS:
            file = section_file(path, name, {"sections": {name: {"sha256": sha256}}})
            file.write_bytes(data)
    if sealed and isinstance(header, dict):
        header["checksum"] = checksum(header)
    (path / "settings.json").write_text(json.dumps(header))


def predicted(path: Path) -> Any:
    """Return predictions of test rows by a folder that is opened as --saved opens it."""
    model = open_model(path)
    features = Features()
    if model.reader:
        read = model.reader.transform([*TEXTS[:5], "", "nothing known"])
        features |= Features(read, vocabulary=model.reader.vocabulary)
    if model.backbone:
        choice = load_arguments(model.backbone, None, None)
        assert choice.name == "mini" or Path(choice.name).parent == path, choice
        vectors = np.asarray(pictures().pictures[ROWS[:7]])  # type: ignore[index]
        features |= Features(pictures=Bottlenecks(vectors, np.arange(7) - 1, ()))
    answers, scores = model.predict(features, np.arange(7))
    assert ((scores >= 0) & (scores <= 1)).all()
    certified = [model.certified(float(score)) for score in scores]
    assert all(each is None or 0 < each < 1 for each in certified)
    assert all(0 < least <= 1 or least == 0 for least in model.thresholds.values())
    return [(model.leaves[k], score) for k, score in zip(answers, scores.tolist(), strict=True)]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the places of all values inside a JSON value."""
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*path, name))
    elif isinstance(value, list):
        for number in range(len(value)):
            yield from places(value[number], (*path, number))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a JSON value with another value at a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new) if path[1:] else new
    return copy
