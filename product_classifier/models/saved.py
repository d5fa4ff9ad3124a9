"""A trained categorizer ↔ a folder that needs no crawl.db, and whose opening runs no code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from product_classifier.errors import ModelError
from product_classifier.evaluate.certificate import certify
from product_classifier.features.features import Features
from product_classifier.features.reading import Reader
from product_classifier.features.words import Reading
from product_classifier.models.balance import restored_adjusted
from product_classifier.models.blend import restored_blend
from product_classifier.models.halves import restored_fusion
from product_classifier.models.network import Network
from product_classifier.models.scikit import restored_scikit
from product_classifier.models.split import CALIBRATION, TRAIN
from product_classifier.models.state import State
from product_classifier.models.training import Trained
from product_classifier.predictions import Experiment
from product_classifier.records import Dataset
from product_classifier.store.model_folder import (
    ModelFolder,
    read_model_folder,
    write_model_folder,
)

TARGETS = (0.98, 0.95)  # accuracies that scores are certified for


class Leaf(NamedTuple):
    """A category that a model tells from others."""

    id: str
    path: str


class BackboneId(NamedTuple):
    """The network whose bottlenecks a model reads."""

    name: str
    sha256: str


@dataclass(frozen=True)
class SavedModel:
    """What lies in the folder of a trained categorizer."""

    kind: str  # 'words', 'images' or 'both'
    leaves: Sequence[Leaf]
    thresholds: Mapping[float, float]  # certified: accuracy → score from which it is kept
    reader: Reader | None  # of texts
    backbone: BackboneId | None  # of pictures
    images_per_product: int
    state: State

    def certified(self, score: float) -> float | None:
        """Tell the highest accuracy that products of such a score are certified to have."""
        return max((t for t, least in self.thresholds.items() if score >= least), default=None)

    def trained(self, features: Features) -> Trained:
        """Make the classifier over features of new items. Raises ModelError where it is damaged."""
        try:
            return _trained(self.state, features)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise ModelError(f"the saved model is damaged ({error}); save it again") from None


def save_model(
    path: Path,
    trained: Trained,
    experiment: Experiment,
    dataset: Dataset,
    features: Features,
    reading: Reading | None = None,
) -> None:
    """Keep what an experiment has trained. Raises StoreError where path cannot be written."""
    state = trained.state()
    settings: dict[str, Any] = {
        "kind": experiment.kind,
        "name": experiment.name,
        "data": {"split": dataset.split, "sha256": fingerprint(dataset)},
        "thresholds": {str(t): score for t, score in _thresholds(experiment, dataset).items()},
        "experiment": dict(experiment.settings),
        "versions": dict(experiment.versions),
        "model": state.outline(),
    }
    lists = {"categories": [f"{c.id}\t{c.path}" for c in dataset.categories]}
    arrays = dict(state.all_arrays())
    if features.words is not None and reading is not None:
        learned = [item.part == TRAIN for item in dataset.items]
        reader = Reader.of(reading, features.vocabulary, features.words[np.flatnonzero(learned)])
        settings["reading"] = reading._asdict()
        lists["vocabulary"] = list(reader.vocabulary)
        arrays["reading/weights"] = reader.weights
    if features.pictures is not None:
        found = features.settings
        settings["backbone"] = {"name": found["backbone"], "sha256": found["weights"]}
    write_model_folder(path, ModelFolder(settings, lists, arrays))


def open_model(path: Path) -> SavedModel:
    """Read a folder that save_model wrote.

    Raises StoreError for a folder that is absent or not as it was written.
    """
    folder = read_model_folder(path)
    settings = folder.settings
    try:
        reader = backbone = None
        if "reading" in settings:
            reading = Reading(**settings["reading"])
            vocabulary = folder.lists["vocabulary"]
            reader = Reader(reading, vocabulary, folder.arrays["reading/weights"])
        if "backbone" in settings:
            backbone = BackboneId(**settings["backbone"])
        return SavedModel(
            str(settings["kind"]),
            [Leaf(*line.split("\t", 1)) for line in folder.lists["categories"]],
            {float(target): float(score) for target, score in settings["thresholds"].items()},
            reader,
            backbone,
            int(settings["experiment"].get("images_per_product", 1)),
            State.of(settings["model"], folder.arrays),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is damaged ({error}); save the model again") from None


def fingerprint(dataset: Dataset) -> str:
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


def _trained(state: State, features: Features) -> Trained:
    return Trained.restored(state, _classifier(state.parts[0], features))


def _classifier(state: State, features: Features) -> Any:
    return _RESTORE[state.kind](state, features)


def _parts(state: State, features: Features) -> list[Any]:
    return [_classifier(part, features) for part in state.parts]


def _fusion(state: State, features: Features) -> Any:
    words, pictures = state.parts
    halves = [_trained(words, features.words_alone), _trained(pictures, features.pictures_alone)]
    return restored_fusion(state, halves, features)


_RESTORE: Mapping[str, Callable[[State, Features], Any]] = {
    "network": Network.restored,
    "scikit": restored_scikit,
    "blend": lambda state, features: restored_blend(state, _parts(state, features)),
    "adjusted": lambda state, features: restored_adjusted(state, _parts(state, features)),
    "late": _fusion,
    "stack": _fusion,
}
