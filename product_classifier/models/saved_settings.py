"""Validation of a saved model's settings: invalid values raise ValueError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.saved_backbone import (
    LONGEST_CALLED,
    NAMES,
    STUDENT,
    SavedBackbone,
)
from product_classifier.features.cleaning import BAG, CLEANINGS, NGRAMS, SEQUENCE, TextSettings
from product_classifier.features.text_vectors import (
    PART_GRAMS,
    SEQUENCE_VOCABULARY,
    VECTORIZERS,
    VOCABULARY_SIZE,
    WORD_GRAMS,
    Vectorizer,
)
from product_classifier.models.base import (
    checked,
    fields,
    insist,
    items,
    mapping,
    one_of,
    real,
    sha256,
    text,
    whole,
)

WORDS, IMAGES, BOTH = "words", "images", "both"
READING_WEIGHTS = "reading/weights"  # the array of a vocabulary's weights
LONGEST_PATH = 100_000  # characters; a file's category has its path as its id
MOST_THRESHOLDS = 20
MOST_IMAGES = 1_000_000  # of a product
MOST_WEIGHT = 1_000.0  # of a term; the inverse document frequency
MOST_TERMS = {  # of a vocabulary
    BAG: VOCABULARY_SIZE,
    NGRAMS: WORD_GRAMS + PART_GRAMS,
    SEQUENCE: SEQUENCE_VOCABULARY,
}


class Leaf(NamedTuple):
    """A category that a model can predict."""

    id: str
    path: str


@dataclass(frozen=True, kw_only=True)
class SavedSettings:
    """The settings in the header of a saved model, checked."""

    kind: str  # WORDS, IMAGES or BOTH
    images_per_product: int
    thresholds: Mapping[float, float]  # accuracy → score
    reading: TextSettings | None
    backbone: SavedBackbone | None  # without its file
    model: Any  # the outline of its State, which State.of checks


def read_settings(value: Any) -> SavedSettings:
    """Return the settings of a model, checked; about, which is for people, may hold anything."""
    required = ("kind", "images_per_product", "thresholds", "model", "about")
    values = fields(value, "settings", required, ("reading", "backbone"))
    kind = one_of(values["kind"], "the kind", (WORDS, IMAGES, BOTH))
    for name, present in (("reading", kind != IMAGES), ("backbone", kind != WORDS)):
        problem = "lack" if present else "have a superfluous"
        insist((name in values) == present, f"the settings of a model of {kind} {problem} {name}")
    mapping(values["about"], "about")
    return SavedSettings(
        kind=kind,
        images_per_product=whole(
            values["images_per_product"], "the number of images per product", 1, MOST_IMAGES
        ),
        thresholds=_thresholds(values["thresholds"]),
        reading=_reading(values["reading"]) if "reading" in values else None,
        backbone=_backbone(values["backbone"]) if "backbone" in values else None,
        model=values["model"],
    )


def read_leaves(values: Sequence[Sequence[str]]) -> list[Leaf]:
    """Return the categories of a model, id and path each, checked; ids are unique."""
    insist(len(values), "there are no categories")
    leaves = [
        Leaf(
            text(category, "the id of a category", LONGEST_PATH),
            text(path, "the path of a category", LONGEST_PATH, least=0),
        )
        for category, path in values
    ]
    insist(len({leaf.id for leaf in leaves}) == len(leaves), "a category is listed twice")
    return leaves


def read_reader(
    settings: SavedSettings, vocabulary: Sequence[str] | None, weights: NDArray[Any] | None
) -> Vectorizer | None:
    """Return the vocabulary of a model and its weights, checked; None for a model of images."""
    reading = settings.reading
    if reading is None:
        insist(vocabulary is None and weights is None, "a model of images has a vocabulary")
        return None
    if vocabulary is None or weights is None:
        raise ValueError("there is no vocabulary")
    most = MOST_TERMS[reading.vectorizer]
    insist(0 < len(vocabulary) <= most, f"the vocabulary has {len(vocabulary):,} terms")
    insist(all(vocabulary), "a term of the vocabulary is empty")
    insist(len(set(vocabulary)) == len(vocabulary), "a term of the vocabulary is listed twice")
    count = len(vocabulary) if reading.vectorizer == NGRAMS else 0
    term_weights = checked({READING_WEIGHTS: weights}, READING_WEIGHTS, (count,))
    valid = (term_weights >= 0) & (term_weights <= MOST_WEIGHT)
    insist(valid, f"the weight of a term is not between 0 and {MOST_WEIGHT:g}")
    return Vectorizer(reading, vocabulary, term_weights.astype(np.float32))


def read_backbone(settings: SavedSettings, file: Path | None) -> SavedBackbone | None:
    """Return the backbone of a model, with the file in the folder if it is a student."""
    backbone = settings.backbone
    is_student = backbone is not None and backbone.name == STUDENT
    insist(is_student == (file is not None), "the folder's network and the settings disagree")
    return backbone._replace(file=file) if backbone else None


def _thresholds(value: Any) -> dict[float, float]:
    thresholds = {}
    for threshold in items(value, "thresholds", 0, MOST_THRESHOLDS):
        values = fields(threshold, "a threshold", ("accuracy", "score"))
        accuracy = real(values["accuracy"], "the accuracy of a threshold", 0, 1, open_ends=True)
        insist(accuracy not in thresholds, "an accuracy has two thresholds")
        thresholds[accuracy] = real(values["score"], "the score of a threshold", 0, 1)
    return thresholds


def _reading(value: Any) -> TextSettings:
    values = fields(value, "the reading of texts", TextSettings._fields)
    limit = values["limit"]
    return TextSettings(
        one_of(values["vectorizer"], "the vectorizer", VECTORIZERS),
        one_of(values["clean"], "the cleaning of texts", CLEANINGS),
        None if limit is None else whole(limit, "the limit of words of a text", 1, 10**9),
    )


def _backbone(value: Any) -> SavedBackbone:
    values = fields(value, "the network", ("name", "sha256", "called"))
    return SavedBackbone(
        one_of(values["name"], "the name of the network", NAMES),
        sha256(values["sha256"], "the hash of the network"),
        text(values["called"], "the former name of the network", LONGEST_CALLED),
    )
