"""The plain records of what experiments predict. Every room may import this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Prediction:
    """The category predicted for a product; score is its probability, 0 to 1."""

    product_id: str
    category_id: str
    score: float


@dataclass(frozen=True)
class PathScores:
    """How sure a categorizer is of some products' predicted leaves and of all that lies above.

    Heights count from the leaf, which is 0, up to the category below the root.
    """

    part: str  # of the frozen split
    products: Sequence[str]  # [n], ids
    categories: Sequence[str]  # ids
    answers: NDArray[np.int64] = field(repr=False)  # [n, heights], positions; -1 above the highest
    score: NDArray[np.float64] = field(repr=False)  # [n, heights], 0 to 1; nan above the highest
    uncalibrated: NDArray[np.float64] = field(repr=False)  # [n, heights], as the network has it


@dataclass(frozen=True, slots=True)
class Alike:
    """A product and one that is much like it."""

    product_id: str
    rank: int  # 1: the most alike
    neighbour_id: str
    similarity: float  # cosine of their features


@dataclass(frozen=True)
class LabelSearch:
    """How suspicious the labels of a catalogue are."""

    products: Sequence[str]  # [n], ids; those without label are left out
    suspicion: NDArray[np.float64] = field(repr=False)  # [n], 0 to 1
    suggested: Sequence[str | None] = field(repr=False)  # [n], likeliest category not given
    score: NDArray[np.float64] = field(repr=False)  # [n], probability of that category
    given: NDArray[np.float64] = field(repr=False)  # [n], of the given ones together
    noise: float  # share of labels that are probably wrong; nan: not to tell
    overlaps: Sequence[tuple[str, str, float]]  # categories that might be one, with shares
    alike: Sequence[Alike]  # to the most suspicious products


@dataclass(frozen=True)
class Searched:
    """What a search for wrong labels came to."""

    date: str
    products: int  # whose labels were looked at
    noise: float | None  # share of labels that are probably wrong
    overlaps: Sequence[tuple[str, str, float]]  # paths of categories that might be one, with shares
    evidence: str  # fingerprint of what it looked at


@dataclass(frozen=True, slots=True)
class NoveltyScore:
    """How unlike all the learned categories a product is."""

    product_id: str
    score: float  # 0 to 1
    marked: bool  # a person should look, whatever the prediction's score


@dataclass(frozen=True)
class Experiment:
    """One trained and tested categorizer, with all that is needed to run it again."""

    name: str
    kind: str  # 'words', 'images' or 'both'
    split: str  # Dataset.split
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    seconds: float
    accuracy: Mapping[str, float | None]  # by part of the split; None for an empty part
    predictions: list[Prediction] = field(repr=False)  # of the test products
    paths: Sequence[PathScores] = field(default=(), repr=False)  # calibration and test products
    alike: Sequence[Alike] = field(default=(), repr=False)  # to the most confident errors
    novelty: Sequence[NoveltyScore] = field(default=(), repr=False)  # of the test products


@dataclass(frozen=True, slots=True)
class Summary:
    """An experiment without its predictions."""

    id: int
    name: str
    date: str
    kind: str | None
    split: str | None
    seconds: float | None
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Outcomes:
    """Predictions beside the truth; categories are row numbers, 0 where there is none.

    One row for each pair of a predicted product and one of its true categories.
    """

    product: NDArray[np.int64]
    score: NDArray[np.float64]
    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    above: dict[int, int]  # category → its parent, or itself directly below the root


@dataclass(frozen=True)
class Answers:
    """An experiment's answers at all heights beside the truth; categories are row numbers."""

    product: NDArray[np.int64]  # [n], row numbers, in the order of the products' ids
    answers: NDArray[np.int64]  # [n, heights]; -1 above the highest
    score: NDArray[np.float64]  # [n, heights]; nan above the highest
    uncalibrated: NDArray[np.float64]  # [n, heights], as the network has it
    row: NDArray[np.int64]  # [pairs], a product and ...
    truth: NDArray[np.int64]  # [pairs], ... one of its true categories
    above: NDArray[np.int64]  # [categories, depths], each and all above it; -1 beyond


@dataclass(frozen=True, slots=True)
class Certificate:
    """With the stated confidence, predictions of at least this score are right often enough."""

    target: float  # accuracy
    confidence: float
    threshold: float  # accept where score >= this decimal
    accepted: int  # calibration products at that threshold
    wrong: int  # of those accepted
    total: int  # calibration products


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A product much like another one, for a person to compare."""

    product_id: str
    name: str
    categories: tuple[str, ...]  # paths of the true ones
    similarity: float


@dataclass(frozen=True, slots=True)
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
    neighbours: tuple[Neighbour, ...] = ()  # the most alike first
