"""Saved models: a folder that needs no database, and from which no code is run."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.saved_backbone import SavedBackbone, saved_backbone, student_file
from product_classifier.errors import ModelError
from product_classifier.evaluate.accuracy import TARGETS
from product_classifier.evaluate.certificate import certify
from product_classifier.features.cleaning import TextSettings
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import Vectorizer
from product_classifier.models.balance import restored_adjusted
from product_classifier.models.base import State, insist, whole
from product_classifier.models.late_fusion import restored_blend, restored_fusion
from product_classifier.models.network import Network
from product_classifier.models.saved_settings import (
    READING_WEIGHTS,
    Leaf,
    read_backbone,
    read_leaves,
    read_reader,
    read_settings,
)
from product_classifier.models.scaling import CHUNK
from product_classifier.models.scikit import restored_scikit
from product_classifier.models.training import Trained, predict
from product_classifier.predictions import Experiment
from product_classifier.records import Dataset
from product_classifier.selection import CALIBRATION, TRAIN
from product_classifier.store.model_folder import ModelFolder, read_model_folder, write_model_folder

MOST_VALUES = 4_000_000  # probabilities of all parts of a model in a chunk
DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    OverflowError,
)  # of invalid values


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """The content of a model folder, checked."""

    kind: str  # 'words', 'images' or 'both'
    leaves: Sequence[Leaf]
    thresholds: Mapping[float, float]  # certified accuracy → least score
    reader: Vectorizer | None  # of texts
    backbone: SavedBackbone | None  # of pictures
    images_per_product: int
    state: State

    def certified(self, score: float) -> float | None:
        """Return the highest accuracy certified for products of this score; None without one."""
        return max((t for t, least in self.thresholds.items() if score >= least), default=None)

    def trained(self, features: Features) -> Trained:
        """Return the classifier over features of new items. Raises ModelError if it is damaged."""
        try:
            return _trained(self.state, features, len(self.leaves))
        except DAMAGE as error:
            raise ModelError(f"the saved model is damaged ({error}); save it again") from None

    def predict(
        self, features: Features, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the predicted leaves of items, at least one, and their probabilities, both [rows].

        Raises ModelError if the model is damaged or needs more memory than there is.
        """
        parts = sum(1 for _ in self.state.all_parts())
        step = int(np.clip(MOST_VALUES // (len(self.leaves) * parts), 1, CHUNK))
        try:
            with np.errstate(all="ignore"):  # predict refuses scores that are not numbers
                trained = self.trained(features)
                chunks = [rows[start : start + step] for start in range(0, len(rows), step)]
                predictions = [predict(trained, features, chunk) for chunk in chunks]
        except MemoryError:
            raise ModelError("the saved model needs more memory than there is") from None
        predicted, score = (np.concatenate(values) for values in zip(*predictions, strict=True))
        return predicted, score


def save_model(
    path: Path,
    trained: Trained,
    experiment: Experiment,
    dataset: Dataset,
    features: Features,
    *,
    text_settings: TextSettings | None = None,
) -> None:
    """Write a trained categorizer to a folder. Raises StoreError if it cannot be written."""
    state = trained.state()
    recorded = dict(experiment.settings)
    settings: dict[str, Any] = {
        "kind": experiment.kind,
        "images_per_product": recorded.get("images_per_product", 1),
        "thresholds": [
            {"accuracy": target, "score": min(max(score, 0.0), 1.0)}
            for target, score in _thresholds(experiment, dataset).items()
        ],
        "model": state.outline(),
    }
    folder = ModelFolder(
        settings=settings,
        categories=[[category.id, category.path] for category in dataset.categories],
        arrays=dict(state.all_arrays()),
    )
    if features.words is not None and text_settings is not None:
        learned = [item.part == TRAIN for item in dataset.items]
        reader = Vectorizer.of(
            text_settings, features.vocabulary, features.words[np.flatnonzero(learned)]
        )
        settings["reading"] = text_settings._asdict()
        arrays = {**folder.arrays, READING_WEIGHTS: reader.weights}
        folder = dataclasses.replace(folder, vocabulary=reader.vocabulary, arrays=arrays)
    if features.pictures is not None:
        name, sha256 = str(features.settings["backbone"]), str(features.settings["weights"])
        saved = saved_backbone(name, sha256)
        if student := student_file(name, sha256):
            saved = saved._replace(name="student")
            folder = dataclasses.replace(folder, network=student)
        settings["backbone"] = {"name": saved.name, "sha256": sha256, "called": saved.called}
        recorded["backbone"] = saved.called  # instead of a path on this machine
    settings["about"] = _plain(
        {
            "name": experiment.name,
            "data": {"split": dataset.split, "sha256": dataset_fingerprint(dataset)},
            "experiment": recorded,
            "versions": dict(experiment.versions),
        }
    )
    write_model_folder(path, folder)


def open_model(path: Path) -> SavedModel:
    """Return the content of a folder that save_model wrote, with each value checked.

    Raises StoreError or ModelError if the folder is missing or damaged.
    """
    folder = read_model_folder(path)
    try:
        settings = read_settings(folder.settings)
        leaves = read_leaves(folder.categories)
        arrays = dict(folder.arrays)
        weights = arrays.pop(READING_WEIGHTS, None)
        return SavedModel(
            kind=settings.kind,
            leaves=leaves,
            thresholds=settings.thresholds,
            reader=read_reader(settings, folder.vocabulary, weights),
            backbone=read_backbone(settings, folder.network_file),
            images_per_product=settings.images_per_product,
            state=State.of(settings.model, arrays),
        )
    except DAMAGE as error:
        raise ModelError(f"{path} is damaged ({error}); save the model again") from None


def dataset_fingerprint(dataset: Dataset) -> str:
    """Return the SHA-256 of the products, parts and labels of a data set."""
    digest = hashlib.sha256()
    for item in dataset.items:
        labels = [dataset.categories[k].id for k in item.labels]
        more = tuple(image.sha256 for image in item.more_images)
        facts = (item.id, item.part, labels, item.text, item.image and item.image.sha256, *more)
        digest.update(repr(facts).encode(errors="surrogatepass"))
    return digest.hexdigest()


def _thresholds(experiment: Experiment, dataset: Dataset) -> dict[float, float]:
    """Return the thresholds certified on the calibration products, accuracy → score."""
    labels = {item.id: [dataset.categories[k].id for k in item.labels] for item in dataset.items}
    [paths] = [paths for paths in experiment.paths if paths.part == CALIBRATION]
    labelled = [k for k, product in enumerate(paths.products) if labels[product]]
    right = [paths.categories[paths.answers[k, 0]] in labels[paths.products[k]] for k in labelled]
    certificates = {
        target: certify(paths.score[labelled, 0], np.array(right, bool), target)
        for target in sorted(TARGETS, reverse=True)
    }
    return {
        target: certificate.threshold for target, certificate in certificates.items() if certificate
    }


def _plain(value: Any) -> Any:
    """Return a recorded value as JSON can hold it: None for nan and infinity."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _trained(state: State, features: Features, classes: int) -> Trained:
    insist(
        state.kind == "trained" and len(state.parts) == 1, f"{state.kind} is not a trained model"
    )
    return Trained.restored(state, _classifier(state.parts[0], features, classes), classes)


def _classifier(state: State, features: Features, classes: int) -> Any:
    insist(state.kind in _RESTORE, f"{state.kind!r} is not a known model")
    return _RESTORE[state.kind](state, features, classes)


def _network(state: State, features: Features, classes: int) -> Network:
    whole(state.numbers.get("classes"), "the number of categories", classes, classes)
    return Network.restored(state, features)


def _blend(state: State, features: Features, classes: int) -> Any:
    return restored_blend(state, [_classifier(part, features, classes) for part in state.parts])


def _adjusted(state: State, features: Features, classes: int) -> Any:
    parts = [_classifier(part, features, classes) for part in state.parts]
    return restored_adjusted(state, parts, classes)


def _fusion(state: State, features: Features, classes: int) -> Any:
    both = features.words is not None and features.pictures is not None
    insist(both and len(state.parts) == 2, f"{state.kind} needs words and pictures")
    words, pictures = state.parts
    modalities = [
        _trained(words, features.words_alone, classes),
        _trained(pictures, features.pictures_alone, classes),
    ]
    return restored_fusion(state, modalities, features, classes)


_RESTORE: Mapping[str, Callable[[State, Features, int], Any]] = {
    "network": _network,
    "scikit": restored_scikit,
    "blend": _blend,
    "adjusted": _adjusted,
    "late": _fusion,
    "stack": _fusion,
}
