"""What a categorizer is trained on, and what a trained one can do."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from product_classifier.console import SILENT, Console
from product_classifier.evaluate.reliability import HIGHEST, LOWEST
from product_classifier.features.dataset_features import Features
from product_classifier.models.fields import fields, items, mapping, text


class Score(NamedTuple):
    """How well a classifier does on some rows."""

    loss: float  # mean cross-entropy
    accuracy: float


@dataclass(frozen=True)
class Targets:
    """Rows with their labels; a row of k labels stands k times, with weight 1/k."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Iterable[int], labels: Sequence[Sequence[int]]) -> Targets:
        """Spread labels[row] of each of the rows."""
        pairs = [(row, label, 1 / len(labels[row])) for row in rows for label in labels[row]]
        columns = np.array(pairs, dtype=np.float64).reshape(-1, 3).T
        return cls(
            columns[0].astype(np.int64), columns[1].astype(np.int32), columns[2].astype(np.float32)
        )

    def __or__(self, others: Targets) -> Targets:
        """Put both together."""
        return Targets(
            np.concatenate([self.rows, others.rows]),
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.weights, others.weights]),
        )

    def score(self, probabilities: NDArray[np.float64]) -> Score:
        """Judge [targets, classes] probabilities; nan without targets."""
        if not len(self.rows):
            return Score(math.nan, math.nan)
        given = probabilities[np.arange(len(self.labels)), self.labels]
        loss = np.average(-np.log(np.maximum(given, 1e-12)), weights=self.weights)
        right = probabilities.argmax(axis=1) == self.labels
        return Score(float(loss), float(np.average(right, weights=self.weights)))


class Classifier(Protocol):
    """Something trained that tells categories apart."""

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Compute the logits of some items, [rows, classes]: softmax makes them probabilities."""

    def state(self) -> State:
        """Tell what it consists of; models.saved makes it again."""


@dataclass(frozen=True)
class Task:
    """What a classifier is to learn."""

    features: Features
    learning: Targets  # of rows that have evidence
    tuning: Targets  # likewise; may be empty
    classes: int
    seed: int = 0
    console: Console = SILENT
    levels: NDArray[np.int64] | None = None  # [levels, classes], for a network with a head for each


@dataclass(frozen=True)
class Fitted:
    """A trained classifier, and how its training went."""

    classifier: Classifier
    parameters: int  # numbers that it consists of
    settings: Mapping[str, Any] = field(default_factory=dict)
    # trains the same once more, on more rows: those that calibrated it need not be lost to it
    refit: Callable[[Targets], Classifier] | None = None


Fit = Callable[[Task], Fitted]


Arrays = Mapping[str, NDArray[Any]]
DEEPEST = 8  # parts within parts; a fusion of balanced blends has 6
MOST_PARTS = 32  # in all
MOST_ARRAYS = 200  # of one part
LONGEST_NAME = 50  # characters
FLOATS, INTEGERS = "f", "iu"  # kinds of arrays


@dataclass(frozen=True)
class State:
    """One classifier, or a part of one."""

    kind: str
    numbers: Mapping[str, Any] = field(default_factory=dict)  # whatever JSON can say
    arrays: Arrays = field(default_factory=dict)
    parts: Sequence[State] = ()

    def outline(self) -> dict[str, Any]:
        """Lay out all but the arrays, for JSON."""
        parts = [part.outline() for part in self.parts]
        names = sorted(self.arrays)
        return {"kind": self.kind, "numbers": dict(self.numbers), "arrays": names, "parts": parts}

    def all_arrays(self, place: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield every array with the name that it has in a file, such as 0/1/bias."""
        yield from ((f"{place}{name}", array) for name, array in self.arrays.items())
        for number, part in enumerate(self.parts):
            yield from part.all_arrays(f"{place}{number}/")

    def all_parts(self) -> Iterator[State]:
        """Yield this and every part of it."""
        yield self
        for part in self.parts:
            yield from part.all_parts()

    @classmethod
    def of(cls, outline: Any, arrays: Arrays) -> State:
        """Put an outline and its arrays together again.

        Raises ValueError where something is missing or superfluous, or is no outline.
        """
        whole = _of(outline, arrays, "", DEEPEST)
        if (count := sum(1 for _ in whole.all_parts())) > MOST_PARTS:
            raise ValueError(f"the model has {count} parts; {MOST_PARTS} are the most")
        if unused := arrays.keys() - {name for name, _ in whole.all_arrays()}:
            raise ValueError(f"no part of the model has an array {min(unused)[:LONGEST_NAME]!r}")
        return whole

    def insist_on(
        self, numbers: Collection[str] = (), arrays: Collection[str] = (), parts: int = 0
    ) -> None:
        """Raise ValueError unless it has just these numbers and arrays, and so many parts."""
        fields(dict(self.numbers), self.kind, numbers)
        fields(dict(self.arrays), f"arrays of {self.kind}", arrays)
        if len(self.parts) != parts:
            raise ValueError(f"{self.kind} has {len(self.parts)} parts, not {parts}")


def checked(arrays: Arrays, name: str, shape: tuple[int, ...], kinds: str = FLOATS) -> NDArray[Any]:
    """Return an array of this shape and kind. Raises ValueError unless all of it is finite."""
    array = arrays[name]
    if array.shape != shape or array.dtype.kind not in kinds or not array.dtype.isnative:
        raise ValueError(f"{name} is {array.dtype} of {array.shape}, not of {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"not all of {name} is finite")
    return array


def insist(right: Any, problem: str) -> None:
    """Raise ValueError with a problem unless all of right is true."""
    if not np.all(right):
        raise ValueError(problem)


def insist_on_temperatures(temperatures: NDArray[Any]) -> None:
    """Raise ValueError unless all of them are such as calibration finds."""
    possible = (temperatures >= LOWEST) & (temperatures <= HIGHEST)
    insist(possible, f"a temperature is not from {LOWEST:g} to {HIGHEST:g}")


def _of(outline: Any, arrays: Arrays, place: str, deepest: int) -> State:
    if not deepest:
        raise ValueError(f"the parts of the model lie more than {DEEPEST} deep")
    told = fields(outline, "a part of the model", ("kind", "numbers", "arrays", "parts"))
    names = [
        text(name, "the name of an array", LONGEST_NAME)
        for name in items(told["arrays"], "the arrays of a part", 0, MOST_ARRAYS)
    ]
    insist(len(set(names)) == len(names), "an array of a part is named twice")
    for name in names:
        if f"{place}{name}" not in arrays:
            raise ValueError(f"there is no array {place}{name}")
    parts = items(told["parts"], "the parts of a part", 0, MOST_PARTS)
    return State(
        text(told["kind"], "the kind of a part", LONGEST_NAME),
        mapping(told["numbers"], "the numbers of a part"),
        {name: arrays[f"{place}{name}"] for name in names},
        [_of(part, arrays, f"{place}{number}/", deepest - 1) for number, part in enumerate(parts)],
    )
