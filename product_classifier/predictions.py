"""Plain records of the predictions of experiments, and of reports about experiments.

Every room may import this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Prediction:
    """The category predicted for a product; score is its probability, 0 to 1."""

    product_id: str
    category_id: str
    score: float


@dataclass(frozen=True, kw_only=True)
class PathScores:
    """The predicted leaf of each product, its ancestors, and the probability of each.

    Heights count from the leaf, which is 0, up to the category below the root.
    """

    part: str  # of the frozen split
    products: Sequence[str]  # [n], ids
    categories: Sequence[str]  # ids
    answers: NDArray[np.int64] = field(repr=False)  # [n, heights], positions; -1 above the highest
    score: NDArray[np.float64] = field(repr=False)  # [n, heights], 0 to 1; nan above the highest
    uncalibrated: NDArray[np.float64] = field(repr=False)  # [n, heights], without temperature


@dataclass(frozen=True, slots=True)
class SimilarProduct:
    """A product and a similar one."""

    product_id: str
    rank: int  # 1: the most similar
    neighbour_id: str
    similarity: float  # cosine of their features


@dataclass(frozen=True, kw_only=True)
class LabelSearch:
    """The suspicion of each label of a catalogue."""

    products: Sequence[str]  # [n], ids; products without label are left out
    suspicion: NDArray[np.float64] = field(repr=False)  # [n], 0 to 1
    suggested: Sequence[str | None] = field(repr=False)  # [n], likeliest category but the labels
    score: NDArray[np.float64] = field(repr=False)  # [n], probability of the suggested category
    label_score: NDArray[np.float64] = field(repr=False)  # [n], probability of the labels together
    noise: float  # share of labels that are probably wrong; nan: unknown
    overlaps: Sequence[tuple[str, str, float]]  # categories that might be the same, with shares
    alike: Sequence[SimilarProduct]  # to the most suspicious products


@dataclass(frozen=True, kw_only=True)
class LabelSearchSummary:
    """A search for wrong labels, without the suspicion of each label."""

    date: str
    products: int  # whose labels were examined
    noise: float | None  # share of labels that are probably wrong
    overlaps: Sequence[tuple[str, str, float]]  # paths of categories that might be the same, shares
    fingerprint: str  # of the labels and features that were examined


@dataclass(frozen=True, slots=True)
class NoveltyScore:
    """The novelty score of a product: its dissimilarity to all learned categories."""

    product_id: str
    score: float  # 0 to 1
    marked: bool  # a person should check the product, however high its prediction's score


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A trained and tested categorizer, with the settings and versions to repeat the training."""

    name: str
    kind: str  # 'words', 'images' or 'both'
    split: str  # Dataset.split
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    seconds: float
    accuracy: Mapping[str, float | None]  # by part of the split; None for an empty part
    predictions: list[Prediction] = field(repr=False)  # of the test products
    paths: Sequence[PathScores] = field(default=(), repr=False)  # calibration and test products
    alike: Sequence[SimilarProduct] = field(default=(), repr=False)  # to the most confident errors
    novelty: Sequence[NoveltyScore] = field(default=(), repr=False)  # of the test products


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An experiment without its predictions."""

    id: int
    name: str
    date: str
    kind: str | None
    split: str | None
    seconds: float | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Predicted and true categories of products, as row numbers; 0 stands for no category.

    One row for each pair of a predicted product and one of its true categories.
    """

    product: NDArray[np.int64]
    score: NDArray[np.float64]
    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    above: dict[int, int]  # category → its parent, or itself directly below the root


@dataclass(frozen=True, kw_only=True)
class PredictedPaths:
    """Predicted categories at all heights and the true categories, as row numbers."""

    product: NDArray[np.int64]  # [n], row numbers, in the order of the products' ids
    answers: NDArray[np.int64]  # [n, heights]; -1 above the highest
    score: NDArray[np.float64]  # [n, heights]; nan above the highest
    uncalibrated: NDArray[np.float64]  # [n, heights], without temperature
    row: NDArray[np.int64]  # [pairs], a product and ...
    truth: NDArray[np.int64]  # [pairs], ... one of its true categories
    above: NDArray[np.int64]  # [categories, depths], each category and its ancestors; -1 beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A threshold from which predictions reach an accuracy, with the stated confidence."""

    target: float  # accuracy
    confidence: float
    threshold: float  # accept where score >= this decimal
    accepted: int  # calibration products at that threshold
    wrong: int  # of those accepted
    total: int  # calibration products


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A product that is similar to another one, for a person to compare."""

    product_id: str
    name: str
    categories: tuple[str, ...]  # paths of the true ones
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A product whose predicted category is not among its true ones."""

    product_id: str
    name: str
    description: str
    image: str | None  # its address
    file: str | None  # below the images folder
    predicted: str  # path
    score: float
    categories: tuple[str, ...]  # paths of the true ones
    suspicion: float | None = None  # of its label, where labels have been searched
    neighbours: tuple[Neighbour, ...] = ()  # the most similar first


@dataclass(frozen=True)
class LabelErrors:
    """The labels of a catalogue that are probably wrong."""

    experiment: Summary  # whose features were compared
    searched: LabelSearchSummary
    suspicious: Sequence[Mistake]  # the most suspicious first; decided products are left out
    contradictions: Sequence[Sequence[Neighbour]]  # same picture or words, no category in common


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A product to check, and why."""

    product: Mistake
    why: str


class FiledProduct(NamedTuple):
    """A product and the category that a saved model predicts for it."""

    product_id: str
    category_id: str
    path: str
    score: float  # probability of the category
    certified: float | None  # certified accuracy of products with such scores
