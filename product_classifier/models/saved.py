"""A trained categorizer ↔ a folder that needs no crawl.db, and whose opening runs no code."""

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
from product_classifier.evaluate.certificate import certify
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import TextSettings, Vectorizer
from product_classifier.models.balance import restored_adjusted
from product_classifier.models.base import State, insist
from product_classifier.models.blend import restored_blend
from product_classifier.models.fields import whole
from product_classifier.models.late_fusion import restored_fusion
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
from product_classifier.models.split import CALIBRATION, TRAIN
from product_classifier.models.training import Trained, predict
from product_classifier.predictions import Experiment
from product_classifier.records import Dataset
from product_classifier.store.model_folder import ModelFolder, read_model_folder, write_model_folder

TARGETS = (0.98, 0.95)  # accuracies that scores are certified for
MOST_VALUES = 4_000_000  # probabilities that the parts of a model give at once
DAMAGE = (ValueError, KeyError, TypeError, IndexError, OverflowError)  # of values that do not fit


@dataclass(frozen=True)
class SavedModel:
    """What lies in the folder of a trained categorizer."""

    kind: str  # 'words', 'images' or 'both'
    leaves: Sequence[Leaf]
    thresholds: Mapping[float, float]  # certified: accuracy → score from which it is kept
    reader: Vectorizer | None  # of texts
    backbone: SavedBackbone | None  # of pictures
    images_per_product: int
    state: State

    def certified(self, score: float) -> float | None:
        """Tell the highest accuracy that products of such a score are certified to have."""
        return max((t for t, least in self.thresholds.items() if score >= least), default=None)

    def trained(self, features: Features) -> Trained:
        """Make the classifier over features of new items. Raises ModelError where it is damaged."""
        try:
            return _trained(self.state, features, len(self.leaves))
        except DAMAGE as error:
            raise ModelError(f"the saved model is damaged ({error}); save it again") from None

    def predict(
        self, features: Features, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Predict the leaf and its probability for some items, of which there is at least one.

        Raises ModelError where the model is damaged.
        """
        parts = sum(1 for _ in self.state.all_parts())
        step = int(np.clip(MOST_VALUES // (len(self.leaves) * parts), 1, CHUNK))
        try:
            with np.errstate(all="ignore"):  # predict refuses scores that are none
                trained = self.trained(features)
                some = [rows[start : start + step] for start in range(0, len(rows), step)]
                found = [predict(trained, features, chunk) for chunk in some]
        except MemoryError:
            raise ModelError("the saved model needs more memory than there is") from None
        predicted, score = (np.concatenate(values) for values in zip(*found, strict=True))
        return predicted, score


def save_model(
    path: Path,
    trained: Trained,
    experiment: Experiment,
    dataset: Dataset,
    features: Features,
    reading: TextSettings | None = None,
) -> None:
    """Keep what an experiment has trained. Raises StoreError where path cannot be written."""
    state = trained.state()
    told = dict(experiment.settings)
    settings: dict[str, Any] = {
        "kind": experiment.kind,
        "images_per_product": told.get("images_per_product", 1),
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
    if features.words is not None and reading is not None:
        learned = [item.part == TRAIN for item in dataset.items]
        reader = Vectorizer.of(
            reading, features.vocabulary, features.words[np.flatnonzero(learned)]
        )
        settings["reading"] = reading._asdict()
        arrays = {**folder.arrays, READING_WEIGHTS: reader.weights}
        folder = dataclasses.replace(folder, vocabulary=reader.vocabulary, arrays=arrays)
    if features.pictures is not None:
        name, sha256 = str(features.settings["backbone"]), str(features.settings["weights"])
        saved = saved_backbone(name, sha256)
        if student := student_file(name, sha256):
            saved = saved._replace(name="student")
            folder = dataclasses.replace(folder, network=student)
        settings["backbone"] = {"name": saved.name, "sha256": sha256, "called": saved.called}
        told["backbone"] = saved.called  # rather than a path on this machine
    settings["about"] = _plain(
        {
            "name": experiment.name,
            "data": {"split": dataset.split, "sha256": dataset_fingerprint(dataset)},
            "experiment": told,
            "versions": dict(experiment.versions),
        }
    )
    write_model_folder(path, folder)


def open_model(path: Path) -> SavedModel:
    """Read a folder that save_model wrote, and check each of its values.

    Raises StoreError or ModelError for a folder that is absent or not as it was written.
    """
    folder = read_model_folder(path)
    try:
        settings = read_settings(folder.settings)
        leaves = read_leaves(folder.categories)
        arrays = dict(folder.arrays)
        weights = arrays.pop(READING_WEIGHTS, None)
        return SavedModel(
            settings.kind,
            leaves,
            settings.thresholds,
            read_reader(settings, folder.vocabulary, weights),
            read_backbone(settings, folder.network_file),
            settings.images_per_product,
            State.of(settings.model, arrays),
        )
    except DAMAGE as error:
        raise ModelError(f"{path} is damaged ({error}); save the model again") from None


def dataset_fingerprint(dataset: Dataset) -> str:
    """Hash all that was learned from and tested on."""
    digest = hashlib.sha256()
    for item in dataset.items:
        labels = [dataset.categories[k].id for k in item.labels]
        more = tuple(image.sha256 for image in item.more_images)
        facts = (item.id, item.part, labels, item.text, item.image and item.image.sha256, *more)
        digest.update(repr(facts).encode(errors="surrogatepass"))
    return digest.hexdigest()


def _thresholds(experiment: Experiment, dataset: Dataset) -> dict[float, float]:
    """Certify scores of leaves by the calibration products."""
    labels = {item.id: [dataset.categories[k].id for k in item.labels] for item in dataset.items}
    [found] = [paths for paths in experiment.paths if paths.part == CALIBRATION]
    judged = [k for k, product in enumerate(found.products) if labels[product]]
    right = [found.categories[found.answers[k, 0]] in labels[found.products[k]] for k in judged]
    kept = {
        target: certify(found.score[judged, 0], np.array(right, bool), target) for target in TARGETS
    }
    return {target: one.threshold for target, one in kept.items() if one}


def _plain(value: Any) -> Any:
    """Turn whatever an experiment records into JSON, which has no NaN."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _trained(state: State, features: Features, classes: int) -> Trained:
    insist(state.kind == "trained" and len(state.parts) == 1, f"{state.kind} is no trained model")
    return Trained.restored(state, _classifier(state.parts[0], features, classes), classes)


def _classifier(state: State, features: Features, classes: int) -> Any:
    insist(state.kind in _RESTORE, f"there is no model {state.kind!r}")
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
    insist(both and len(state.parts) == 2, f"{state.kind} has no words and pictures")
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
