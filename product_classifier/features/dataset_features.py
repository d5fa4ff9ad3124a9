"""The features of a data set's products: words, pictures or both."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.backbones.backbone import Backbone
from product_classifier.console import SILENT, Console
from product_classifier.features.bottlenecks import Bottlenecks, bottleneck_cache, bottlenecks
from product_classifier.features.cleaning import DEFAULT_TEXT_SETTINGS, TextSettings
from product_classifier.features.text_vectors import fits, vectorize, vectors_key
from product_classifier.records import Dataset, Image
from product_classifier.selection import TRAIN
from product_classifier.store.cache import cached_vectors


@dataclass(frozen=True)
class Features:
    """The features of items: words [items, terms], pictures [items, width] or both."""

    words: csr_matrix | None = None
    pictures: Bottlenecks | None = None
    settings: Mapping[str, str | int] = field(default_factory=dict)  # recorded with an experiment
    vocabulary: Sequence[str] = ()  # the terms of the columns of words, see vectorize

    def has_features(self) -> NDArray[np.bool_]:
        """Return whether each product has a known word or a picture, [items]."""
        masks = []
        if self.words is not None:
            masks.append(np.diff(self.words.indptr) > 0)
        if self.pictures is not None:
            masks.append(self.pictures.present)
        return np.asarray(np.logical_or.reduce(masks))

    @property
    def columns(self) -> int:
        """Return the number of columns of the word vectors; 0 without words."""
        return 0 if self.words is None else int(self.words.shape[1])

    @property
    def width(self) -> int:
        """Return the number of values of a bottleneck; 0 without pictures."""
        return 0 if self.pictures is None else self.pictures.width

    @property
    def lost_pictures(self) -> tuple[str, ...]:
        """Return the unreadable or missing picture files, each with the reason."""
        return self.pictures.lost if self.pictures else ()

    def __or__(self, other: Features) -> Features:
        """Return words and pictures of the same products as one Features."""
        return Features(
            words=self.words if self.words is not None else other.words,
            pictures=self.pictures or other.pictures,
            settings={**self.settings, **other.settings},
            vocabulary=self.vocabulary or other.vocabulary,
        )

    @property
    def words_alone(self) -> Features:
        """Return the features without pictures."""
        return dataclasses.replace(self, pictures=None)

    @property
    def pictures_alone(self) -> Features:
        """Return the features without words."""
        return dataclasses.replace(self, words=None, vocabulary=())


def word_features(
    dataset: Dataset,
    cache_path: Path,
    text_settings: TextSettings = DEFAULT_TEXT_SETTINGS,
    console: Console = SILENT,
) -> Features:
    """Return the word vector of each product, cached below cache_path, see vectorize.

    Raises FeatureError if no training product has a word.
    """
    texts = [item.text for item in dataset.items]
    train = np.array([item.part == TRAIN for item in dataset.items])
    vectors, vocabulary = cached_vectors(
        cache_path / f"words-{text_settings.vectorizer}-{text_settings.clean}.npz",
        vectors_key(texts, train, text_settings),
        lambda: vectorize(texts, train, text_settings),
        console,
        lambda vectors, vocabulary: fits((vectors, vocabulary), len(texts), text_settings),
    )
    settings: dict[str, str | int] = {
        "vocabulary": len(vocabulary),
        "vectorizer": text_settings.vectorizer,
        "clean": text_settings.clean,
    }
    if text_settings.limit is not None:
        settings["text_words"] = text_settings.limit
    return Features(words=vectors, settings=settings, vocabulary=vocabulary)


def picture_features(
    images: Sequence[Image | None],
    images_path: Path,
    backbone: Backbone,
    cache_path: Path,
    console: Console = SILENT,
    *,
    more_images: Sequence[Sequence[Image]] = (),
) -> Features:
    """Return the bottleneck of each product's picture, pooled with its further pictures if any.

    images: [products]; more_images: [products] or empty. Raises FeatureError if no product has a
    readable picture.
    """
    cache = bottleneck_cache(cache_path, backbone, console)
    pictures = bottlenecks(images, images_path, backbone, cache, console, more_images=more_images)
    return Features(
        pictures=pictures,
        settings={
            "backbone": backbone.name,
            "weights": backbone.sha256,
            "input_size": backbone.size,
            "lost_pictures": len(pictures.lost),
        },
    )
