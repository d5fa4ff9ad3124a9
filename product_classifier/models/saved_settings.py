"""The settings of a saved model, value by value: each is what it can be, or a ValueError."""

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
from product_classifier.features.cleaning import CLEANINGS
from product_classifier.features.text_vectors import (
    BAG,
    NGRAMS,
    PART_GRAMS,
    SEQUENCE,
    SEQUENCE_VOCABULARY,
    VECTORIZERS,
    VOCABULARY_SIZE,
    WORD_GRAMS,
    TextSettings,
    Vectorizer,
)
from product_classifier.models.base import checked, insist
from product_classifier.models.fields import (
    fields,
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
LONGEST_PATH = 100_000  # characters; the id of a category of a file is its path, too
MOST_THRESHOLDS = 20
MOST_IMAGES = 1_000_000  # of a product; more than it has do no harm
MOST_WEIGHT = 1_000.0  # of a term: 1 and the logarithm of how few texts have it
MOST_TERMS = {  # of a vocabulary
    BAG: VOCABULARY_SIZE,
    NGRAMS: WORD_GRAMS + PART_GRAMS,
    SEQUENCE: SEQUENCE_VOCABULARY,
}


class Leaf(NamedTuple):
    """A category that a model tells from others."""

    id: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What stands in the header of a saved model, checked."""

    kind: str  # WORDS, IMAGES or BOTH
    images_per_product: int
    thresholds: Mapping[float, float]  # accuracy → score
    reading: TextSettings | None
    backbone: SavedBackbone | None  # without its file
    model: Any  # the outline of its State, which that checks


def read_settings(value: Any) -> Settings:
    """Check the settings of a model; what is told about it, for people, is not looked at."""
    required = ("kind", "images_per_product", "thresholds", "model", "about")
    told = fields(value, "settings", required, ("reading", "backbone"))
    kind = one_of(told["kind"], "the kind", (WORDS, IMAGES, BOTH))
    insist(("reading" in told) == (kind != IMAGES), f"a model of {kind} cannot read so")
    insist(("backbone" in told) == (kind != WORDS), f"a model of {kind} has no such network")
    mapping(told["about"], "what is told about it")
    return Settings(
        kind=kind,
        images_per_product=whole(
            told["images_per_product"], "the number of images per product", 1, MOST_IMAGES
        ),
        thresholds=_thresholds(told["thresholds"]),
        reading=_reading(told["reading"]) if "reading" in told else None,
        backbone=_backbone(told["backbone"]) if "backbone" in told else None,
        model=told["model"],
    )


def read_leaves(values: Sequence[Sequence[str]]) -> list[Leaf]:
    """Check the categories of a model, id and path each; no id stands twice."""
    insist(len(values), "it has no categories")
    leaves = [
        Leaf(
            text(category, "the id of a category", LONGEST_PATH),
            text(path, "the path of a category", LONGEST_PATH, least=0),
        )
        for category, path in values
    ]
    insist(len({leaf.id for leaf in leaves}) == len(leaves), "a category stands there twice")
    return leaves


def read_reader(
    settings: Settings, vocabulary: Sequence[str] | None, weights: NDArray[Any] | None
) -> Vectorizer | None:
    """Check the vocabulary of a model and its weights; None for one that reads no words."""
    reading = settings.reading
    if reading is None:
        insist(vocabulary is None and weights is None, "a model of images has a vocabulary")
        return None
    if vocabulary is None or weights is None:
        raise ValueError("it has no vocabulary")
    most = MOST_TERMS[reading.vectorizer]
    insist(0 < len(vocabulary) <= most, f"the vocabulary has {len(vocabulary):,} terms")
    insist(all(vocabulary), "a term of the vocabulary is empty")
    insist(len(set(vocabulary)) == len(vocabulary), "a term of the vocabulary stands there twice")
    count = len(vocabulary) if reading.vectorizer == NGRAMS else 0
    known = checked({READING_WEIGHTS: weights}, READING_WEIGHTS, (count,))
    insist((known >= 0) & (known <= MOST_WEIGHT), "a weight of a term is none")
    return Vectorizer(reading, vocabulary, known.astype(np.float32))


def read_backbone(settings: Settings, file: Path | None) -> SavedBackbone | None:
    """Add the file in the folder to the network of a model, if it is a student."""
    backbone = settings.backbone
    is_student = backbone is not None and backbone.name == STUDENT
    insist(is_student == (file is not None), "its network is not that of its settings")
    return backbone._replace(file=file) if backbone else None


def _thresholds(value: Any) -> dict[float, float]:
    found = {}
    for each in items(value, "thresholds", 0, MOST_THRESHOLDS):
        told = fields(each, "a threshold", ("accuracy", "score"))
        accuracy = real(told["accuracy"], "the accuracy of a threshold", 0, 1, open_ends=True)
        insist(accuracy not in found, "an accuracy has two thresholds")
        found[accuracy] = real(told["score"], "the score of a threshold", 0, 1)
    return found


def _reading(value: Any) -> TextSettings:
    told = fields(value, "how texts are read", TextSettings._fields)
    limit = told["limit"]
    return TextSettings(
        one_of(told["vectorizer"], "the vectorizer", VECTORIZERS),
        one_of(told["clean"], "the cleaning of texts", CLEANINGS),
        None if limit is None else whole(limit, "the words of a text", 1, 10**9),
    )


def _backbone(value: Any) -> SavedBackbone:
    told = fields(value, "the network", ("name", "sha256", "called"))
    return SavedBackbone(
        one_of(told["name"], "the name of the network", NAMES),
        sha256(told["sha256"], "the hash of the network"),
        text(told["called"], "what the network was called", LONGEST_CALLED),
    )
